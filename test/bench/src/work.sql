-- In-memory SQLite: (select n from size) rows, two indexes, range, join, group and text queries.
create table t(id integer primary key, a int, b int, s text);
insert into t select x, (x*7919)%100003, (x*104729)%1009, 'name-' || ((x*31)%5000)
  from (with recursive c(x) as (select 1 union all select x+1 from c where x<(select n from size)) select x from c);
create index ta on t(a);
create index ts on t(s,b);
select count(*), sum(a), sum(b) from t;
select count(*) from t where a between 5000 and 40000 and b%3=1;
select b, count(*), avg(a) from t group by b order by 2 desc, 1 limit 3;
select count(*) from t x join t y on y.a = x.b where x.id < (select n from size)*3/10;
select s, sum(a) from t where s like 'name-1%' group by s order by 2 desc, 1 limit 3;
select substr(group_concat(upper(s)),1,40), count(distinct s) from t where id%50=0;
update t set b = b+1 where id%4=0;
delete from t where id%7=0;
select count(*), sum(b), max(length(s)) from t;

{ Strings, sets, records and reals of Free Pascal's own runtime, which uses no C library. }
program sample;
type
  TPoint = record x, y: integer; end;
var
  p: TPoint;
  s: string;
  i: integer;
  odds: set of 1..20;
  sum: extended;
begin
  p.x := 3; p.y := 4;
  writeln('length ', sqrt(p.x * p.x + p.y * p.y):0:6);
  odds := [];
  for i := 1 to 20 do if i mod 2 = 1 then odds := odds + [i];
  s := '';
  for i := 1 to 20 do if i in odds then s := s + chr(ord('a') + i);
  writeln(s, ' ', length(s));
  sum := 0;
  for i := 1 to 1000 do sum := sum + 1 / i;
  writeln(sum:0:15);
end.

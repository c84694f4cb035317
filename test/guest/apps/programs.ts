/** What is run of each set. */
import type { Row } from './case.ts';
import { archiveRows } from './programs-archives.ts';
import { coreRows } from './programs-core.ts';
import { javaRows, languageRows, mediaRows } from './programs-languages.ts';
import { dataRows, shellRows, textRows } from './programs-tools.ts';
import type { SetName } from './sets.ts';

/** Standard input of the samples. */
const lines = '12 first\nsecond line\nthird\n';
const pages = 'The quick brown fox jumps over the lazy dog.\n'.repeat(2000);

export const programRows: Record<SetName, readonly Row[]> = {
  core: coreRows,
  archives: archiveRows,
  text: textRows,
  shells: shellRows,
  data: dataRows,
  languages: languageRows,
  java: javaRows,
  media: mediaRows,
  busybox: [
    'busybox',
    'busybox ls -la /apps',
    'busybox uname -m',
    'busybox md5sum /apps/stdlib.py',
    { command: "busybox awk '{ s += NF } END { print NR, s, length($0) }'", input: lines },
    { command: 'busybox sort -r', input: lines },
    { command: "busybox sed -n 's/line/LINE/gp'", input: lines },
    { command: 'busybox gzip -c | busybox gunzip -c | busybox md5sum', input: pages },
    { command: 'busybox bc', input: 'scale=20\n2/3\n2^200\n' },
    'busybox seq 5 -1 1',
    'busybox find /apps -name *.py',
    'busybox tar cf - /apps/bench.py | busybox tar tvf -',
    'busybox date -u -d @86400',
    'busybox stat -c %s:%F /apps/bench.py',
    'busybox expr 6 * 7',
    'busybox sh -c "i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); done; echo $i; case abc in a*) echo match;; esac"',
    'busybox vi --help',
    'busybox xxd -l 64 /apps/bench.py',
    { command: 'busybox bzip2 -c | busybox bunzip2 -c | busybox md5sum', input: pages },
    { command: 'busybox false', status: 1 },
  ],
  python: [
    "python3 -c 'print(1)'",
    { command: 'python3 /apps/stdlib.py', timeoutSeconds: 300 },
    'python3 /apps/bench.py',
    { command: 'python3 /apps/no-processes.py', statusOnly: 'natively the process can be started' },
    { command: 'python3', status: 1, input: 'import sys\nprint([x ** 2 for x in range(10)], sys.argv)\n1/0\n' },
    { command: 'python3 -m json.tool /none', status: 2 },
    { command: 'python3 -m json.tool', input: '{"b": [1, 2.5, null], "a": "x"}' },
    { command: 'python3 -c "import sys; sys.exit(3)"', status: 3 },
    { command: 'python3 -c "import os; os.abort()"', status: 134, stdoutOnly: 'a crash report' },
    'python3 -m this',
    'python3 -m dis /apps/no-processes.py',
    'python3 -m base64 -t',
    'python3 -m calendar 2024',
    { command: 'python3 -m compileall -q /usr/lib/python3/dist-packages', statusOnly: 'writes files only' },
  ],
  perl: [
    "perl -e 'print 1 + 1, qq(\\n)'",
    { command: 'perl /apps/sample.pl one two', status: 3, input: lines },
    { command: 'perl -ne "print if /line/"', input: lines },
    { command: "perl -lane 'print scalar @F'", input: lines },
    "perl -MConfig -e 'print $Config{archname}, qq(\\n)'",
    { command: 'perl -d -e 1', input: 'p 1+2\nq\n' },
    "perl -e 'my %h; $h{$_ * 7919 % 10007}++ for 1..200000; print scalar(keys %h), qq(\\n); my $s = join q(,), sort { $a <=> $b } keys %h; print length $s'",
    { command: "perl -e 'kill 9, $$'", status: 137 },
    'prove --version',
    { command: 'shasum -a 512', input: pages },
    { command: 'json_pp', input: '{"b":1,"a":[1,2,{"c":null}]}' },
  ],
  lua: [
    "lua5.4 -e 'print(1 + 1)'",
    { command: 'lua5.4 /apps/sample.lua', status: 5, input: '42\nsecond\nrest of it\n' },
    { command: 'lua5.4 -', status: 1, input: 'for i = 1, 3 do print(i, 2 ^ i) end error("bad")' },
    "luajit -e 'print(jit.version_num, jit.status())'",
    "luajit -e 'local s = 0 for i = 1, 2e7 do s = s + i % 7 end print(s)'",
    'luajit -joff -e "local function fib(n) return n < 2 and n or fib(n-1) + fib(n-2) end print(fib(27))"',
    'luajit -e "local ffi = require(\'ffi\') ffi.cdef[[int abs(int); double sqrt(double);]] print(ffi.C.abs(-3), bit.bxor(5, 3))"',
    'luajit -e "local t = {} for i = 1, 200000 do t[i] = tostring(i * 7919 % 10007) end table.sort(t) print(t[1], t[#t], #table.concat(t))"',
  ],
  sqlite: [
    'sqlite3 -version',
    { command: 'sqlite3', input: 'select 1 + 1;\nselect upper("abc"), round(2.567, 2);\n.tables\n' },
    {
      command: 'sqlite3 /tmp/x.db',
      status: 1,
      input: [
        'create table t(id integer primary key, name text, v real);',
        'with recursive n(i) as (values(1) union all select i + 1 from n where i < 20000)',
        "  insert into t select i, 'name' || (i * 7919 % 10007), i / 7.0 from n;",
        'create index by_name on t(name);',
        'select count(*), sum(v), min(name), max(name), avg(v) from t;',
        "select name, count(*) c from t where name like 'name9%' group by name order by c desc, name limit 5;",
        'update t set v = v * 2 where id % 3 = 0; delete from t where id % 5 = 0;',
        'select total(v), count(distinct name) from t; explain query plan select * from t where name = 1;',
        ".mode json\nselect id, name, row_number() over (order by name) r from t limit 3;\n.mode box\nselect json_extract('{\"a\":[1,2]}', '$.a[1]') j, length(randomblob(5)), date(0, 'unixepoch'), printf('%.3f', 2.0 / 3);",
        'begin; delete from t; rollback; pragma integrity_check; vacuum; pragma encoding;\n.schema\n',
        "create virtual table docs using fts5(body); insert into docs values('the quick fox'), ('lazy dog'); select * from docs where docs match 'fox';",
        'select sqrt(2), pow(2, 0.5), sin(1); pragma journal_mode = wal; insert into t(name) values(1); select count(*) from t;',
        'select * from missing;',
      ].join('\n'),
    },
  ],
  openssl: [
    'openssl version',
    ...['md5', 'sha1', 'sha256', 'sha512', 'sha3-256', 'blake2b512', 'sm3', 'ripemd160'].map(
      (name): Row => ({ command: `openssl dgst -${name}`, input: pages }),
    ),
    ...['aes-128-cbc', 'aes-256-ctr', 'chacha20', 'des-ede3-cbc', 'camellia-256-cbc', 'aria-128-cbc'].map(
      (name): Row => ({
        command: `openssl enc -${name} -K 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f -iv 00010203040506070809101112131415`,
        input: pages,
        // Warns of a key that is too long for some.
        stdoutOnly: 'the error queue prints a thread id',
      }),
    ),
    {
      command:
        'openssl enc -aes-256-cbc -pbkdf2 -S 0102030405060708 -k secret | openssl enc -d -aes-256-cbc -pbkdf2 -S 0102030405060708 -k secret',
      input: pages,
    },
    { command: 'openssl genrsa 2048 | openssl rsa -check -noout', stdoutOnly: 'dots of progress' },
    { command: 'openssl ecparam -name prime256v1 -genkey | openssl ec -noout -text', statusOnly: 'a random key' },
    { command: 'openssl genpkey -algorithm ed25519 | openssl pkey -noout', input: '' },
    { command: 'openssl prime -checks 20 1000000007' },
    { command: 'openssl speed -seconds 1 -bytes 1024 sha256', statusOnly: 'figures', timeoutSeconds: 60 },
    { command: 'openssl speed -seconds 1 -evp aes-128-gcm -bytes 1024', statusOnly: 'figures', timeoutSeconds: 60 },
    { command: 'openssl speed -seconds 1 rsa2048 ecdsap256', statusOnly: 'figures', timeoutSeconds: 90 },
    { command: 'openssl rand 16', statusOnly: 'random' },
    { command: 'openssl base64 -e | openssl base64 -d', input: pages },
    'openssl ciphers',
    { command: 'openssl passwd -6 -salt abc secret' },
    { command: 'openssl asn1parse -genstr UTF8:hello' },
    { command: 'gpg --version' },
    { command: 'gpg --print-md sha256', input: pages, stdoutOnly: 'makes its folder at its first run' },
    { command: 'gpg --enarmor', input: lines, stdoutOnly: 'names its folder' },
    { command: 'jq -c ".a | map(. * 2)"', input: '{"a": [1, 2.5, 1e3]}' },
    {
      command: 'jq -r "to_entries[] | [.key, (.value | tostring)] | @csv"',
      input: '{"x": 1, "y": [true, null], "z": "é"}',
    },
  ],
  ruby: [
    "ruby -e 'puts 1 + 1'",
    { command: 'ruby /apps/sample.rb', status: 4, input: lines, timeoutSeconds: 300 },
    { command: 'ruby -ne "puts $_.upcase if /line/"', input: lines },
    {
      command: "ruby --yjit -e 'def f(n) = n < 2 ? n : f(n-1) + f(n-2); puts f(22)'",
      gap: 'YJIT of Ruby 3.1 takes objects below 4 GiB for no objects, and all guest memory is there',
    },
    { command: "ruby -e 'raise %q(bad)'", status: 1 },
    { command: 'irb --noprompt -f', input: '1 + 2\n[3].map { _1 * 2 }\n', stdoutOnly: 'terminal warnings' },
    { command: 'erb', input: '<% 3.times do |i| %>row <%= i %>\n<% end %>' },
  ],
  php: [
    "php -r 'echo 1 + 1;'",
    { command: 'php /apps/sample.php one two', status: 6, input: lines, timeoutSeconds: 300 },
    { command: 'php -n -d opcache.enable_cli=1 -d opcache.jit=0 -r "echo PHP_VERSION_ID > 80000;"' },
    { command: 'php', status: 255, input: 'text <?= 2 ** 10 ?> more <?php throw new Exception("bad");' },
    { command: 'php -m' },
    { command: 'php -l /apps/sample.php' },
  ],
  node: [
    { command: "node -e 'console.log(1 + 1)'" },
    { command: "node -p 'process.version'" },
    { command: 'node /apps/sample.js one two', status: 9, input: lines, timeoutSeconds: 600 },
    { command: 'node --jitless -e "console.log([1, 2, 3].map((n) => n * n))"' },
    { command: 'node -', status: 4, input: 'console.log([1, 2].map(String), typeof require); process.exit(4)' },
    { command: "node -e 'throw new Error(`bad`)'", status: 1, stdoutOnly: 'names its own source lines' },
    { command: "node -e 'setInterval(() => {}, 1000); setTimeout(() => process.exit(2), 30)'", status: 2 },
  ],
  go: [
    { command: '/apps/sample-go one', status: 7, input: lines },
    { command: '/apps/sample-go', status: 7, env: { GOMAXPROCS: '4', GOGC: '20' } },
    { command: 'go version', timeoutSeconds: 120 },
    { command: 'gofmt -d /apps/sample.go' },
  ],
  rust: [
    { command: '/apps/sample-rust one', status: 8, input: lines },
    'rustc --version --verbose',
    { command: 'rustc --print cfg', timeoutSeconds: 300 },
    {
      command: 'rustc --emit=metadata --crate-type lib -o /tmp/x.rmeta /apps/sample.rs',
      timeoutSeconds: 600,
    },
  ],
  gcc: [
    ...['sample-c', 'sample-c-static', 'sample-c-musl'].map(
      (name): Row => ({ command: `/apps/${name}`, input: lines, status: 9 }),
    ),
    { command: '/apps/sample-cpp', input: lines },
    'gcc --version',
    {
      command: '/usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet -imultiarch x86_64-linux-gnu -O2 /apps/sample.c -o -',
      timeoutSeconds: 300,
    },
    {
      command:
        '/usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet -imultiarch x86_64-linux-gnu -O2 -fsyntax-only /apps/sample.c',
    },
    {
      command: '/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus -quiet -imultiarch x86_64-linux-gnu -D_GNU_SOURCE -O1 - -o -',
      input:
        '#include <vector>\nint f(std::vector<int>& v, int n) { v.push_back(n); return v.size() > 3 ? v[2] : -1; }\n',
      timeoutSeconds: 300,
    },
    'objdump -d /apps/sample-c --no-show-raw-insn',
    'readelf -aW /apps/sample-c',
    'nm -C /apps/sample-cpp',
    { command: 'as -o /tmp/x.o -', input: '.globl f\nf: mov %rdi, %rax\n ret\n' },
    'strings -n 8 /apps/sample-c',
    'size /apps/sample-c',
    'c++filt _ZNSt6vectorIiSaIiEE9push_backERKi',
  ],
  stress: [{ command: 'stress-ng --cpu 1 --cpu-ops 20 --verify', statusOnly: 'figures', timeoutSeconds: 300 }],
  ffmpeg: [
    { command: 'ffmpeg -hide_banner -version', timeoutSeconds: 120 },
    {
      command:
        'ffmpeg -hide_banner -loglevel error -f lavfi -i testsrc=size=64x48:rate=5:duration=1 -threads 1 -f rawvideo -pix_fmt rgb24 -',
      timeoutSeconds: 300,
    },
    {
      command:
        'ffmpeg -hide_banner -loglevel error -f lavfi -i sine=frequency=440:duration=0.2 -threads 1 -f wav -bitexact -',
      timeoutSeconds: 300,
    },
    {
      command:
        'ffmpeg -hide_banner -loglevel error -f lavfi -i testsrc=size=64x48:rate=5:duration=1 -threads 1 -c:v mpeg4 -bitexact -flags bitexact -f avi -',
      timeoutSeconds: 300,
    },
  ],
  imagemagick: [
    { command: 'convert -version', timeoutSeconds: 120 },
    { command: 'convert -size 64x64 gradient:red-blue -rotate 30 -resize 50% ppm:-', timeoutSeconds: 300 },
    {
      command: 'convert -size 64x64 plasma:fractal -seed 5 -blur 0x2 png:- | identify -',
      statusOnly: 'random',
      timeoutSeconds: 300,
    },
  ],
};

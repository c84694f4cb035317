/** Tools for texts, terminals and data, editors, and shells as far as they make no processes. */
import type { Row } from './case.ts';

const words = 'pear 3\napple 12\nfig 7\n';
const html =
  '<!DOCTYPE html><html><head><title>T</title></head><body><h1>Hello</h1><p>one <b>two</b></p></body></html>\n';
const xml = '<a><b id="1">x</b><b id="2">y &amp; z</b></a>';
const stylesheet =
  '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:output method="text"/><xsl:template match="/"><xsl:value-of select="1+1"/></xsl:template></xsl:stylesheet>';
const loop = 'i=0; s=0; while [ $i -lt 500 ]; do i=$((i + 1)); s=$((s + i * i)); done; echo $s';

export const textRows: readonly Row[] = [
  { command: 'rg --version', ignore: /[+-]AVX/g },
  'rg --sort path -n import /apps',
  'rg --sort path -c -i the /apps',
  { command: 'rg (\\w+)\\s+(\\d+) -r $2:$1', input: words },
  { command: 'rg nothing /apps/sample.c', status: 1 },
  'fdfind --version',
  'fdfind -e py . /apps | sort',
  'fdfind -j 4 -e c . /apps | sort',
  { command: 'jq -S .', input: '{"b":[1,2.5,{"c":null}],"a":"é"}' },
  { command: 'jq .', status: 4, input: '{bad' },
  { command: 'jq -n "[range(1000)] | map(. * .) | add"' },
  'file /apps/sample.c /apps/sample.py /bin/cat /usr/bin/jq',
  'tree --noreport /apps',
  { command: 'ed -s', input: 'a\none\ntwo\n.\n1,$s/o/0/g\n,n\nQ\n' },
  { command: 'patch --version' },
  { command: 'wdiff -n /apps/sample.c /apps/sample.cpp', status: 1, gap: 'it starts diff as a process' },
  { command: 'dos2unix', input: 'a\r\nb\r\n', stdoutOnly: 'says what it does' },
  { command: 'recode latin1..utf8', input: 'caf\xe9\n', gap: 'its steps are processes' },
  { command: 'iconv -f latin1 -t utf-16', input: 'caf\xe9\n' },
  { command: 'm4', input: 'define(`x', status: 1 },
  { command: 'bison --version' },
  { command: 'flex --version' },
  { command: 'figlet Elfdeck' },
  { command: 'units "3 miles" km', stdoutOnly: 'its data files differ' },
  { command: 'calc "2^200; sqrt(2); 10!"', timeoutSeconds: 60 },
  { command: 'original-awk "{ s += $2 } END { print s, NR }"', input: words },
  { command: 'mawk "{ s += $2 } END { print s, NR }"', input: words },
  { command: 'tidy -q -indent', status: 0, input: html },
  { command: 'xmllint --format -', input: xml },
  { command: 'xmllint --xpath "//b[@id=2]/text()" -', input: xml },
  { command: 'xmllint --noout -', status: 1, input: '<a>' },
  { command: 'xsltproc - /apps/sample.xml', input: stylesheet },
  { command: 'w3m -dump -T text/html', input: html },
  { command: 'lynx -dump -stdin', input: html },
  { command: 'rsync --version' },
  { command: 'less /apps/table.txt' },
  { command: 'less -N', input: words },
  'nano --version',
  { command: 'vim.basic -es -u NONE -c "%s/a/A/g" -c "%p" -c "qa!" /apps/table.txt', statusOnly: 'ends with a bell' },
  { command: 'vim.basic -es -u NONE -c "put=range(3)" -c "w! /tmp/x" -c "echo strftime(\'%Y\', 0)" -c "qa!"' },
  'vim.tiny --version',
  'htop --version',
  { command: 'tput -T xterm-256color colors' },
  { command: 'infocmp -1 xterm' },
  { command: 'toe -a | sort' },
  { command: 'tset -V' },
  { command: 'fortune -v' },
  { command: 'caesar 3', input: 'hello\n' },
  { command: 'primes 1000 1100' },
  { command: 'number 1234567' },
  { command: 'hunspell --version' },
];

export const shellRows: readonly Row[] = [
  ...['bash', 'dash', 'zsh', 'mksh', 'ksh93'].flatMap((shell): Row[] => [
    { command: `${shell} -c '${loop}'` },
    {
      command: shell,
      status: 3,
      input: 'x=abc\ncase $x in a*) echo "match $x" ;; esac\nf() { echo "in f $1"; }\nf 2\nexit 3\n',
    },
    { command: `${shell} -c 'exec echo replaced'` },
  ]),
  ...['bash', 'dash', 'zsh'].map(
    (shell): Row => ({
      command: `${shell} -c 'trap "echo bye" EXIT; kill -TERM $$'`,
      status: 143,
      stdoutOnly: 'tells of the signal',
    }),
  ),
  { command: `mksh -c 'trap "echo bye" EXIT; kill -TERM $$'` },
  { command: 'fish --no-config -c "for i in (seq 3); end; echo $status"', gap: 'command substitution needs fork' },
  { command: 'fish --no-config -c "set x (math 1 + 2); echo $x"' },
  { command: 'bash -c \'echo "$(echo sub)" | cat\'', gap: 'substitutions and pipelines need fork' },
  {
    command:
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's expansions
      'bash -c \'declare -A h=([a]=1 [b]=2); h[c]=3; echo ${#h[@]} ${h[b]}; printf %q\\\\n "a b"; [[ abc =~ b(.) ]] && echo ${BASH_REMATCH[1]}\'',
  },
];

export const dataRows: readonly Row[] = [
  'curl --version',
  { command: 'curl -s file:///apps/table.txt' },
  { command: 'curl -s http://127.0.0.1:1/', status: 7 },
  'git --version',
  { command: 'git init -q /tmp/r', stdoutOnly: 'hints' },
  { command: 'git hash-object --stdin', input: 'hello\n' },
  { command: 'git diff --no-index --no-color /apps/sample.c /apps/sample.cpp', status: 1, env: { GIT_PAGER: 'cat' } },
  'make --version',
  { command: 'make -f - -n', input: 'X = $(words a b c)\nall: ; @echo $(X) $(patsubst %.c,%.o,x.c y.c)\n' },
  'cmake --version',
  { command: 'cmake -E echo hi' },
  { command: 'cmake -E sha256sum /apps/sample.c' },
  { command: 'cmake -P /apps/sample.cmake', timeoutSeconds: 200 },
  { command: 'gdb --version', timeoutSeconds: 200 },
  { command: 'gdb -nx -q -batch -ex "print 6*7" -ex "p sizeof(long)"', timeoutSeconds: 300, stdoutOnly: 'warnings' },
  'redis-cli --version',
  { command: 'redis-cli -p 1 ping', status: 1 },
  'redis-server --version',
  { command: 'redis-check-rdb /apps/sample.c', status: 1 },
  '/usr/lib/postgresql/15/bin/psql --version',
  { command: '/usr/lib/postgresql/15/bin/psql -h 127.0.0.1 -p 1 -c "select 1"', status: 2 },
  '/usr/lib/postgresql/15/bin/pg_dump --version',
  { command: '/usr/lib/postgresql/15/bin/postgres --version' },
  { command: '/usr/lib/postgresql/15/bin/postgres --describe-config | md5sum' },
  'ssh -V',
  {
    command: 'ssh-keygen -lf -',
    input: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl x\n',
  },
  { command: 'ssh-keygen -q -t ed25519 -N secret -f /tmp/k' },
  'strace --version',
  'patchelf --print-interpreter /usr/bin/curl',
  'eu-readelf -d /usr/bin/curl',
  { command: 'qrencode -t ANSIUTF8 hello' },
  'nasm -v',
  // Not to /dev/stdout: natively that is a socket here, which can't be opened.
  'nasm -f bin -o /dev/null /apps/sample.asm',
  'nasm -E /apps/sample.asm',
  { command: 'tcc -v' },
  {
    command: 'tcc -run -',
    input: 'int puts(const char *);\nint main(void) { puts("compiled"); return 5; }\n',
    status: 5,
  },
];

/** Interpreters and compilers beyond those with a set of their own. */
import type { Row } from './case.ts';

export const languageRows: readonly Row[] = [
  {
    command: 'tclsh',
    input:
      'puts [expr {2**100}]\nproc f n {expr {$n<2 ? $n : [f [expr {$n-1}]]+[f [expr {$n-2}]]}}\nputs [f 15]\nputs [lsort {b c a}]\n',
  },
  { command: 'tclsh /none', status: 1 },
  {
    command:
      "guile -q --no-auto-compile -c '(display (expt 2 100)) (newline) (display (map (lambda (x) (* x x)) (iota 10)))'",
    timeoutSeconds: 300,
  },
  { command: 'guile --version', timeoutSeconds: 200 },
  { command: 'ocaml -version' },
  {
    command: 'ocaml -stdin',
    input:
      'let rec f n = if n < 2 then n else f (n-1) + f (n-2);;\nprint_int (f 15);;\nList.iter print_endline ["a"; "b"];;\n',
  },
  { command: 'ocamlc -version' },
  {
    command: 'erl -noshell -eval "io:format(\\"~p~n\\", [lists:sum(lists:seq(1,1000))]), halt(3)."',
    status: 3,
    gap: 'erl makes a helper process (erl_child_setup), which needs fork',
  },
  {
    command: 'erlc -h',
    status: 1,
    stdoutOnly: 'its help',
    gap: 'erlc starts erl as another process, which needs fork',
  },
  {
    command: 'sbcl --noinform --no-userinit --eval "(progn (print (expt 2 100)) (terpri) (exit :code 4))"',
    status: 4,
    timeoutSeconds: 200,
  },
  {
    command: 'sbcl --noinform --no-userinit --no-sysinit --disable-debugger',
    input:
      '(defun f (n) (if (< n 2) n (+ (f (- n 1)) (f (- n 2)))))\n(print (f 20))\n(print (sort (list 3 1 2) (function <)))\n',
    timeoutSeconds: 200,
  },
  {
    command: 'clisp -q -q -norc -x "(print (expt 3 50))"',
    gap: 'it wants its heap at 16 TiB, and a guest has 4 GiB of addresses',
  },
  {
    command: 'swipl -q -g "X is 2**100, writeln(X), findall(Y*Y, between(1,5,Y), L), writeln(L), halt."',
    timeoutSeconds: 200,
  },
  { command: 'gforth -e "2 3 + . : sq dup * ; 7 sq . cr bye"' },
  {
    command: 'gp -q -f',
    input: 'factor(2^67-1)\nbernreal(10)\nnextprime(10^20)\nsum(k=1,100,1/k)\n',
    timeoutSeconds: 120,
  },
  { command: 'csi -q -e "(print (* 1.5 2)) (print (list-tail (list 1 2 3) 1))"' },
  { command: 'lua5.1 -e "print(10/3, string.format([[%q]], [[a b]]))"' },
  { command: 'duk -e "print(Math.sqrt(2), JSON.stringify([1,{a:2}]))"' },
  { command: 'pypy3 -c "print(sum(i*i for i in range(100000)))"', timeoutSeconds: 300 },
  { command: 'gnuplot -e "set term dumb 60 20; plot sin(x)"', timeoutSeconds: 120 },
  {
    command: 'dot -Tsvg',
    input: 'digraph { a -> b; a -> c; b -> d; c -> d }',
    gap: 'its plug-in list is made by its install script',
  },
  { command: '/apps/sample-fortran', timeoutSeconds: 60 },
  { command: '/apps/sample-pascal' },
  { command: 'nim --version' },
  { command: 'racket -I racket/base -e "(displayln (expt 2 100))"', timeoutSeconds: 300 },
  {
    command: 'octave-cli --no-gui -q --eval "disp(inv([1 2;3 4])); disp(sum(primes(100)))"',
    timeoutSeconds: 400,
    stdoutOnly: 'warnings',
  },
];

export const javaRows: readonly Row[] = [
  { command: 'java -version', timeoutSeconds: 300 },
  { command: 'java -Xint -cp /apps/java Hello one', timeoutSeconds: 300, status: 3, input: 'line\n' },
  { command: 'java -cp /apps/java Hello one', timeoutSeconds: 300, status: 3, input: 'line\n' },
];

export const mediaRows: readonly Row[] = [
  { command: 'sox -n -r 8000 -t wav - synth 0.1 sine 440 | sox -t wav - -n stat', stdoutOnly: 'figures on stderr' },
  { command: 'sox -D -n -r 8000 -t wav - synth 0.1 sine 440 | flac --silent -c - | flac --silent -dc - | md5sum' },
  { command: 'sox -D -n -r 8000 -t wav - synth 0.1 sine 440 | lame --quiet - - | md5sum' },
  { command: 'pbmtext hello | pnmtopng | pngtopnm | md5sum', stdoutOnly: 'font notes' },
  { command: 'ppmpat -randomseed=3 -poles 40 40 | cjpeg | djpeg | md5sum', stdoutOnly: 'notes' },
  {
    command: 'ppmpat -randomseed=3 -plasma 40 40 | cwebp -quiet -o - -- - | dwebp -quiet -ppm -o - -- - | md5sum',
    stdoutOnly: 'notes',
  },
  {
    command: 'gs -q -sDEVICE=ppmraw -r20 -o - - | md5sum',
    input: '%!\n/Helvetica findfont 20 scalefont setfont 72 72 moveto (Hi) show showpage\n',
    timeoutSeconds: 200,
  },
  { command: 'gs -q -dNODISPLAY -dBATCH -', input: '2 3 add == quit\n', timeoutSeconds: 120 },
  { command: 'qpdf --version' },
  { command: 'pdftotext -v' },
  { command: 'mutool', status: 1 },
];

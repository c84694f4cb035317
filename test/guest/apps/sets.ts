/**
 * Package sets: each becomes one root file system, made of the named Debian packages and all they depend on.
 * `builds` run once in it, natively, to make programs from test/guest/apps/files (seen there as /apps).
 */
export interface PackageSet {
  packages: readonly string[];
  /** Links that the packages' install scripts would have made: link → pattern of the file. */
  links?: Readonly<Record<string, string>>;
  /** Shell commands, run natively in the set's root; their working directory is /apps. */
  builds?: readonly string[];
}

const libraries = '/usr/lib/x86_64-linux-gnu';
const blas = Object.fromEntries(
  ['blas', 'lapack'].map((name) => [`${libraries}/lib${name}.so.3`, `${libraries}/${name}/lib${name}.so.3`]),
);

export const packageSets = {
  core: {
    packages: [
      'coreutils',
      'findutils',
      'grep',
      'sed',
      'gawk',
      'bc',
      'dc',
      'diffutils',
      'bsdextrautils',
      'file',
      'm4',
      'dash',
    ],
  },
  archives: {
    packages: ['tar', 'gzip', 'bzip2', 'xz-utils', 'zstd', 'lz4', 'brotli', 'unzip', 'zip', 'cpio', 'coreutils'],
  },
  busybox: { packages: ['busybox-static'] },
  python: { packages: ['python3'] },
  perl: { packages: ['perl'] },
  lua: { packages: ['lua5.4', 'luajit'] },
  sqlite: { packages: ['sqlite3'] },
  openssl: { packages: ['openssl', 'gnupg', 'jq'] },
  ruby: { packages: ['ruby'] },
  php: { packages: ['php-cli'], links: { '/usr/bin/php': '/usr/bin/php[0-9]*' } },
  node: { packages: ['nodejs'] },
  go: {
    packages: ['golang-go', 'dash', 'coreutils'],
    builds: ['GOCACHE=/tmp/go HOME=/tmp CGO_ENABLED=0 GO111MODULE=off go build -o sample-go sample.go'],
  },
  rust: {
    packages: ['rustc', 'gcc', 'libc6-dev', 'dash', 'coreutils'],
    builds: ['rustc -O -C linker=gcc -o sample-rust sample.rs'],
  },
  gcc: {
    packages: ['gcc', 'g++', 'libc6-dev', 'musl-tools', 'binutils', 'dash', 'coreutils'],
    builds: [
      'gcc -O2 -o sample-c sample.c -lm',
      'gcc -O2 -static -o sample-c-static sample.c -lm',
      'musl-gcc -O2 -static -o sample-c-musl sample.c -lm',
      'g++ -O2 -o sample-cpp sample.cpp',
    ],
  },
  stress: {
    packages: ['stress-ng', 'gcc', 'libc6-dev', 'dash', 'coreutils'],
    builds: ['gcc -shared -fPIC -o fork-once.so fork-once.c'],
  },
  ffmpeg: {
    packages: ['ffmpeg'],
    links: blas,
  },
  imagemagick: {
    packages: ['imagemagick'],
    links: { '/usr/bin/convert': '/usr/bin/convert-im*', '/usr/bin/identify': '/usr/bin/identify-im*' },
  },
  text: {
    packages: [
      ...[
        'ripgrep',
        'fd-find',
        'jq',
        'file',
        'tree',
        'ed',
        'patch',
        'wdiff',
        'dos2unix',
        'recode',
        'm4',
        'bison',
        'flex',
      ],
      ...[
        'figlet',
        'units',
        'apcalc',
        'original-awk',
        'mawk',
        'tidy',
        'libxml2-utils',
        'xsltproc',
        'w3m',
        'lynx',
        'rsync',
      ],
      ...[
        'less',
        'nano',
        'vim',
        'vim-tiny',
        'htop',
        'ncurses-bin',
        'ncurses-term',
        'fortune-mod',
        'bsdgames',
        'hunspell',
      ],
      ...['coreutils', 'diffutils'],
    ],
    links: { '/usr/bin/figlet': '/usr/bin/figlet-figlet' },
  },
  shells: {
    packages: ['bash', 'dash', 'zsh', 'mksh', 'ksh', 'fish', 'coreutils'],
    links: { '/usr/bin/ksh93': '/usr/bin/ksh93*' },
  },
  data: {
    packages: [
      ...[
        'curl',
        'git',
        'make',
        'cmake',
        'gdb',
        'redis-tools',
        'redis-server',
        'postgresql-15',
        'postgresql-client-15',
      ],
      ...['openssh-client', 'strace', 'patchelf', 'elfutils', 'qrencode', 'nasm', 'tcc', 'libc6-dev', 'coreutils'],
    ],
    links: {
      '/usr/bin/psql': '/usr/lib/postgresql/15/bin/psql',
      '/usr/bin/pg_dump': '/usr/lib/postgresql/15/bin/pg_dump',
    },
  },
  languages: {
    packages: [
      ...['tcl', 'guile-3.0', 'ocaml-nox', 'erlang-base', 'sbcl', 'clisp', 'swi-prolog-nox', 'gforth', 'pari-gp'],
      ...['chicken-bin', 'lua5.1', 'duktape', 'pypy3', 'gnuplot-nox', 'graphviz', 'nim', 'racket', 'octave'],
      ...['gfortran', 'fp-compiler', 'gcc', 'libc6-dev', 'dash', 'coreutils', 'binutils'],
    ],
    links: {
      ...blas,
      '/usr/bin/guile': '/usr/bin/guile-3*',
      '/usr/bin/gnuplot': '/usr/bin/gnuplot-nox',
    },
    builds: [
      'gfortran -O2 -o sample-fortran sample.f90',
      'ppcx64-3.2.2 -v0 -Fu/usr/lib/x86_64-linux-gnu/fpc/3.2.2/units/x86_64-linux/* -osample-pascal sample.pas',
    ],
  },
  java: {
    packages: ['openjdk-17-jdk-headless', 'dash', 'coreutils'],
    links: { '/usr/bin/java': '/usr/lib/jvm/java-17*/bin/java', '/usr/bin/javac': '/usr/lib/jvm/java-17*/bin/javac' },
    builds: ['javac java/Hello.java'],
  },
  media: {
    packages: [
      ...['sox', 'flac', 'lame', 'netpbm', 'libjpeg-turbo-progs', 'webp', 'ghostscript', 'qpdf', 'poppler-utils'],
      ...['mupdf-tools', 'coreutils'],
    ],
  },
} satisfies Record<string, PackageSet>;

export type SetName = keyof typeof packageSets;

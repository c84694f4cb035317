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

export const packageSets = {
  core: {
    packages: ['coreutils', 'findutils', 'grep', 'sed', 'gawk', 'bc', 'dc', 'diffutils', 'bsdextrautils', 'file', 'm4'],
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
    links: Object.fromEntries(
      ['blas', 'lapack'].map((name) => [`${libraries}/lib${name}.so.3`, `${libraries}/${name}/lib${name}.so.3`]),
    ),
  },
  imagemagick: {
    packages: ['imagemagick'],
    links: { '/usr/bin/convert': '/usr/bin/convert-im*', '/usr/bin/identify': '/usr/bin/identify-im*' },
  },
} satisfies Record<string, PackageSet>;

export type SetName = keyof typeof packageSets;

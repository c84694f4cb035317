/**
 * The programs that the bench times, as data. The work of each is fixed by its size, which is chosen so that a run under
 * tier 0 takes a few seconds; `--scale` multiplies it.
 */

/** Prepared files a workload can ask for. */
export interface Inputs {
  /** Source text of test/bench/src. */
  source(name: string): string;
  /** Mixed data (text, records, noise) of that many bytes. */
  mix(bytes: number): string;
  /** The same, compressed by the program of that name on this machine. */
  packed(program: 'gzip' | 'zstd' | 'lz4', bytes: number): string;
}

export interface Workload {
  name: string;
  /** A program built from test/bench/src, or names under which an installed one may be found. */
  program: { built: string } | { installed: readonly string[] };
  size: number;
  words: (size: number, inputs: Inputs) => readonly (string | number)[];
  /** File for stdin. */
  stdin?: (size: number, inputs: Inputs) => string;
}

/** Largest prime of RFC 3526's group 14: testing it is 64 modular powers of RSA's size. */
const PRIME_2048 = `
  FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B
  302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6
  49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D
  670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718
  3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF`.replaceAll(/\s/g, '');

const KB = 1000;
const MB = 1000 * KB;

export const workloads: readonly Workload[] = [
  { name: 'int-mix', program: { built: 'intmix' }, size: 3000, words: (size) => [size] },
  { name: 'n-body', program: { built: 'nbody' }, size: 400 * KB, words: (size) => [size] },
  { name: 'matmul -O2', program: { built: 'matmul-O2' }, size: 4, words: (size) => [192, size] },
  { name: 'matmul -O3', program: { built: 'matmul-O3' }, size: 5, words: (size) => [192, size] },
  {
    name: 'sqlite3',
    program: { installed: ['sqlite3'] },
    size: 25 * KB,
    words: (size, { source }) => [
      ...['-cmd', `create table size as select ${size} as n`],
      ...[':memory:', `.read ${source('work.sql')}`],
    ],
  },
  {
    name: 'lua',
    program: { installed: ['lua5.4', 'lua'] },
    size: 0.35,
    words: (size, { source }) => [source('work.lua'), size],
  },
  {
    name: 'python',
    program: { installed: ['python3'] },
    size: 0.2,
    words: (size, { source }) => [source('work.py'), size],
  },
  {
    name: 'perl',
    program: { installed: ['perl'] },
    size: 0.5,
    words: (size, { source }) => [source('work.pl'), size],
  },
  {
    name: 'gzip',
    program: { installed: ['gzip'] },
    size: 2 * MB,
    words: (size, { mix }) => ['-6', '-c', mix(size)],
  },
  {
    name: 'gunzip',
    program: { installed: ['gzip'] },
    size: 10 * MB,
    words: (size, { packed }) => ['-d', '-c', packed('gzip', size)],
  },
  {
    name: 'zstd',
    program: { installed: ['zstd'] },
    size: 6 * MB,
    words: (size, { mix }) => ['-3', '-q', '-c', '--single-thread', mix(size)],
  },
  {
    name: 'unzstd',
    program: { installed: ['zstd'] },
    size: 20 * MB,
    words: (size, { packed }) => ['-d', '-q', '-c', packed('zstd', size)],
  },
  {
    name: 'lz4',
    program: { installed: ['lz4'] },
    size: 24 * MB,
    words: (size, { mix }) => ['-1', '-q', '-c', mix(size)],
  },
  {
    name: 'unlz4',
    program: { installed: ['lz4'] },
    size: 64 * MB,
    words: (size, { packed }) => ['-d', '-q', '-c', packed('lz4', size)],
  },
  {
    name: '7z',
    program: { installed: ['7zr', '7zz', '7za', '7z'] },
    size: 1 * MB,
    words: () => ['a', '-txz', '-mx=3', '-mmt=1', '-bd', '-si', '-so', 'mix.xz'],
    stdin: (size, { mix }) => mix(size),
  },
  {
    name: 'sha256',
    program: { installed: ['openssl'] },
    size: 32 * MB,
    // The name of the input is that of the size, the same for all.
    words: (size, { mix }) => ['dgst', '-sha256', mix(size)],
  },
  { name: 'rsa', program: { installed: ['openssl'] }, size: 1, words: () => ['prime', '-hex', PRIME_2048] },
];

/** A figure that is a time of a whole command or what a program says of itself, under each runner. */
export interface Figure {
  name: string;
  unit: 'ms' | 'ns';
  program: Workload['program'];
  words: readonly (string | number)[];
  /** The figure: wall time of the whole command, or the number that the program prints. */
  of: 'wall' | 'output';
  /** False for runs that neither use nor leave anything on disk. */
  usesCache?: boolean;
  /** Not to be exceeded under elfdeck. */
  goal?: number;
}

const hello = { unit: 'ms', program: { built: 'hello' }, words: [], of: 'wall' } as const;
const python = { unit: 'ms', program: { installed: ['python3'] }, words: ['-c', 'pass'], of: 'wall' } as const;

export const figures: readonly Figure[] = [
  { name: 'hello (dynamic glibc), whole command', ...hello, goal: 200 },
  { name: 'hello (dynamic glibc), whole command, no cache', ...hello, usesCache: false, goal: 200 },
  { name: 'python3 -c pass, whole command', ...python, goal: 1500 },
  { name: 'python3 -c pass, whole command, no cache', ...python, usesCache: false, goal: 1500 },
  { name: 'getppid', unit: 'ns', program: { built: 'getppid' }, words: [1000 * KB], of: 'output', goal: 150 },
  { name: 'clock_gettime', unit: 'ns', program: { built: 'clock' }, words: [1000 * KB], of: 'output', goal: 30 },
];

/** What the bench runs: programs built from test/bench/src, installed ones, and the files they work on. Kept between runs. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readSync, realpathSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Inputs, Workload } from './workloads.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = join(root, 'test/bench/src');
/** Of the project's folder, not of /tmp, where the guest has a file system of its own. */
export const workFolder = join(root, 'node_modules/.cache/elfdeck-bench');
mkdirSync(workFolder, { recursive: true });

/** Folders of programs, and where Debian keeps those that its commands wrap in scripts. */
const FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/lib/p7zip', '/usr/lib/7zip'];

/** Programs by their flags, where they aren't `NAME.c` at -O2. */
const BUILDS: Readonly<Record<string, { source: string; flags: readonly string[] }>> = {
  'matmul-O2': { source: 'matmul', flags: ['-O2'] },
  'matmul-O3': { source: 'matmul', flags: ['-O3'] },
};

/** Compiles `NAME.c` of test/bench/src with gcc, unless that was done; returns the program's path. */
export function build(name: string): string {
  const { source, flags } = BUILDS[name] ?? { source: name, flags: ['-O2'] };
  const path = join(sources, `${source}.c`);
  return made(name, path, (target) => run('gcc', [...flags, '-o', target, path, '-lm']));
}

/** Path of an installed x86-64 program (scripts that start one do not count), or undefined. */
export function findInstalled(names: readonly string[]): string | undefined {
  const paths = names.flatMap((name) => FOLDERS.map((folder) => join(folder, name)));
  const found = paths.find((path) => existsSync(path) && isElf(path));
  return found === undefined ? undefined : realpathSync(found);
}

function isElf(path: string): boolean {
  const fd = openSync(path, 'r');
  const magic = Buffer.alloc(4);
  readSync(fd, magic, 0, 4, 0);
  closeSync(fd);
  return magic.toString('latin1') === '\x7fELF';
}

/** The program's path, or why it is left out. */
export function locate(program: Workload['program']): { path: string } | { missing: string } {
  if ('built' in program) return { path: build(program.built) };
  const path = findInstalled(program.installed);
  return path === undefined ? { missing: `${program.installed.join(' or ')} is not installed` } : { path };
}

const PACK = { gzip: ['-6'], zstd: ['-3', '-q'], lz4: ['-1', '-q'] } as const;

export const inputs: Inputs = {
  source: (name) => join(sources, name),
  mix: (bytes) => made(`mix-${bytes}`, build('mixdata'), (target) => run(build('mixdata'), [`${bytes}`], target)),
  packed: (program, bytes) => {
    const from = inputs.mix(bytes);
    return made(`mix-${bytes}.${program}`, from, (target) => run(program, [...PACK[program], '-c', from], target));
  },
};

/** A file of the work folder, made anew when `source` is newer. */
function made(name: string, source: string, make: (target: string) => void): string {
  const path = join(workFolder, name);
  if (!existsSync(path) || statSync(path).mtimeMs < statSync(source).mtimeMs) {
    make(`${path}.new`);
    renameSync(`${path}.new`, path);
  }
  return path;
}

function run(program: string, words: readonly string[], output?: string): void {
  const stdout = output === undefined ? 'inherit' : openSync(output, 'w');
  const { status, error } = spawnSync(program, words, { stdio: ['ignore', stdout, 'inherit'], cwd: dirname(sources) });
  if (typeof stdout === 'number') closeSync(stdout);
  if (status !== 0) throw new Error(`${program} ${words.join(' ')} failed`, { cause: error });
}

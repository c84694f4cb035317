/** The three ways to run a program: on this machine's CPU, under qemu-user, under elfdeck. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Statistics } from '../../core/contract/worker-protocol.ts';
import { build, findInstalled, root, workFolder } from './programs.ts';

/** What a run leaves for the next one: between the bench's own, not the user's. */
export const cacheFolder = join(workFolder, 'cache');

export interface Command {
  path: string;
  words: readonly string[];
  stdin?: string | undefined;
  /** False for programs that print a time. */
  isOutputCompared: boolean;
  /** False for runs that neither use nor leave anything on disk. */
  usesCache?: boolean | undefined;
}

export type RunnerName = 'native' | 'qemu' | 'elfdeck';

export interface Runner {
  name: RunnerName;
  /** What stands before the program. */
  prefix: readonly string[];
}

export const elfdeckCommand = join(root, 'core/cli/bin/elfdeck');
export const qemuCommand = findInstalled(['qemu-x86_64', 'qemu-x86_64-static']);

export const runners: readonly Runner[] = [
  { name: 'native', prefix: [] },
  ...(qemuCommand === undefined ? [] : [{ name: 'qemu' as const, prefix: [qemuCommand] }]),
  {
    name: 'elfdeck',
    prefix: [process.execPath, elfdeckCommand, 'run', '--quiet', '--stats', '-r', '/:ro', '-e', 'LC_ALL=C', '--'],
  },
];

/** `qemu-x86_64 version 7.2.22 (...)`, or why there is none. */
export function qemuVersion(): string {
  if (qemuCommand === undefined) return 'qemu-user is not installed';
  return spawnSync(qemuCommand, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0]!.replace(/ \(.*/, '');
}

export interface Run {
  wallMs: number;
  /** User and system time of the whole process, all its threads. */
  cpuMs: number;
  maxRssMb: number;
  /** What it wrote, and a digest of all of it. */
  output: string;
  digest: string;
  /** Of an elfdeck run. */
  statistics?: Statistics;
}

/** Seconds after which a run is given up. */
const LIMIT_S = 300;
const SHOWN_CHARS = 200;

/** Runs a program once; a string says why that failed. */
export function run(runner: Runner, { path, words, stdin: stdinFile = '/dev/null', usesCache }: Command): Run | string {
  const files = ['report', 'stdout', 'stderr'].map((name) => join(workFolder, name)) as [string, string, string];
  const [report, stdout, stderr] = files;
  const stdio = [openSync(stdinFile, 'r'), openSync(stdout, 'w'), openSync(stderr, 'w')];
  const line = [report, `${LIMIT_S}`, ...runner.prefix, path, ...words];
  // Little of our environment, and the same for all.
  const { status } = spawnSync(build('measure'), line, {
    stdio,
    env: {
      PATH: '/usr/bin:/bin',
      LC_ALL: 'C',
      ELFDECK_CACHE_DIR: cacheFolder,
      ...(usesCache === false && { ELFDECK_NO_CACHE: '1' }),
    },
  });
  for (const fd of stdio) closeSync(fd);
  if (status !== 0) return 'could not be measured';
  const [wallNs, userUs, systemUs, maxRssKb, exit] = readFileSync(report, 'utf8').split(' ').map(Number) as [
    ...[number, number, number, number, number],
  ];
  const errors = readFileSync(stderr, 'latin1');
  if (exit !== 0) return `exit status ${exit}: ${errors.trim().replaceAll(/\s+/g, ' ').slice(0, SHOWN_CHARS)}`;
  const bytes = readFileSync(stdout);
  const statistics =
    runner.name === 'elfdeck' ? (JSON.parse(errors.slice(errors.lastIndexOf('\n{\n') + 1)) as Statistics) : undefined;
  return {
    wallMs: wallNs / 1e6,
    cpuMs: (userUs + systemUs) / 1e3,
    maxRssMb: maxRssKb / 1024,
    output: bytes.toString('latin1', 0, SHOWN_CHARS),
    digest: createHash('sha256').update(bytes).digest('hex'),
    ...(statistics === undefined ? {} : { statistics }),
  };
}

/** What /proc/PID and /proc/PID/task/TID hold, see proc_pid(5); one row for each file. */
import { EINVAL, EIO } from '../../abi/errno.ts';
import * as limit from '../../abi/resource.ts';
import type { Process } from '../../process.ts';
import type { Task } from '../../task.ts';
import { resolvePath } from '../../vfs/lookup.ts';
import type { PathRef } from '../../vfs/path.ts';
import { pathString } from '../../vfs/path.ts';
import { descriptorRows } from './descriptors.ts';
import { openMemory } from './memory-file.ts';
import { maps, smaps, smapsRollup, statm } from './memory-maps.ts';
import { mountinfo, mounts } from './mounts.ts';
import { stat, status } from './status.ts';
import { type ProcRow, processFile, type Subject, taskFile, taskLink, taskOf } from './subject.ts';

const AT_FDCWD = -100;
const COMM_MAX = 15;
const OWNER_ONLY = { mode: 0o400 };

/** The program's place: that of its mapping, which stays right when the file is renamed, else by its path. */
function executablePlace({ mm, executable }: Process, task: Task): PathRef {
  for (const { backing } of mm.vmas) {
    const path = backing?.file?.path;
    if (path !== undefined && pathString(path) === executable) return path;
  }
  return resolvePath(task, AT_FDCWD, executable);
}

/** Memory of the process as it is now: programs change their arguments (setproctitle). */
function memoryRange({ mm }: Process, start: number, end: number): Uint8Array {
  const len = mm.user.accessible(start, Math.max(0, end - start), 'r');
  return mm.user.readBytes(start, len);
}

function cmdline(process: Process): Uint8Array {
  if (process.exit !== undefined) return new Uint8Array(0);
  const { argStart, argEnd, envEnd } = process.mm.image;
  const bytes = memoryRange(process, argStart, argEnd);
  // A title longer than the arguments has overwritten their last NUL and goes on into the environment.
  if (bytes.length === 0 || bytes.at(-1) === 0) return bytes;
  const longer = memoryRange(process, argStart, envEnd);
  const nul = longer.indexOf(0);
  return nul < 0 ? longer : longer.subarray(0, nul + 1);
}

function environ(process: Process): Uint8Array {
  return memoryRange(process, process.mm.image.envStart, process.mm.image.envEnd);
}

const limitRows: readonly (readonly [name: string, resource: number, unit: string])[] = [
  ['Max cpu time', limit.RLIMIT_CPU, 'seconds'],
  ['Max file size', limit.RLIMIT_FSIZE, 'bytes'],
  ['Max data size', limit.RLIMIT_DATA, 'bytes'],
  ['Max stack size', limit.RLIMIT_STACK, 'bytes'],
  ['Max core file size', limit.RLIMIT_CORE, 'bytes'],
  ['Max resident set', limit.RLIMIT_RSS, 'bytes'],
  ['Max processes', limit.RLIMIT_NPROC, 'processes'],
  ['Max open files', limit.RLIMIT_NOFILE, 'files'],
  ['Max locked memory', limit.RLIMIT_MEMLOCK, 'bytes'],
  ['Max address space', limit.RLIMIT_AS, 'bytes'],
  ['Max file locks', limit.RLIMIT_LOCKS, 'locks'],
  ['Max pending signals', limit.RLIMIT_SIGPENDING, 'signals'],
  ['Max msgqueue size', limit.RLIMIT_MSGQUEUE, 'bytes'],
  ['Max nice priority', limit.RLIMIT_NICE, ''],
  ['Max realtime priority', limit.RLIMIT_RTPRIO, ''],
  ['Max realtime timeout', limit.RLIMIT_RTTIME, 'us'],
];

function limits(process: Process): string {
  const line = (name: string, soft: string, hard: string, unit: string): string =>
    `${name.padEnd(25)} ${soft.padEnd(20)} ${hard.padEnd(20)} ${unit.padEnd(10)}\n`;
  const value = (number: number): string => (number === Number.POSITIVE_INFINITY ? 'unlimited' : String(number));
  const rows = limitRows.map(([name, resource, unit]) => {
    const { soft, hard } = process.limits.get(resource);
    return line(name, value(soft), value(hard), unit);
  });
  return line('Limit', 'Soft Limit', 'Hard Limit', 'Units') + rows.join('');
}

/** A thread may name itself and the others of its process. */
function writeComm(subject: Subject, text: string): number {
  const task = taskOf(subject);
  if (task === undefined) return -EIO;
  if (subject.kernel.scheduler.current?.process !== subject.process) return -EINVAL;
  task.comm = text.replace(/[\n\0].*$/s, '').slice(0, COMM_MAX);
  return 0;
}

function writeOomScore({ process }: Subject, text: string): number {
  const value = Number(text.trim());
  if (text.trim() === '' || !Number.isInteger(value) || value < -1000 || value > 1000) return -EINVAL;
  process!.attributes.oomScoreAdjust = value;
  return 0;
}

/** All ids map to themselves: there is one user namespace. */
const idMap = (): string => '         0          0 4294967295\n';

export const processRows: readonly ProcRow[] = [
  { path: '<pid>/task/<tid>', directory: true },
  ...taskFile('status', status),
  processFile('stat', (process, task) => stat(process, task)),
  { path: '<pid>/task/<tid>/stat', read: ({ process, task }) => stat(process!, task, task) },
  ...taskFile('statm', statm),
  ...taskFile('maps', maps),
  ...taskFile('smaps', smaps),
  ...taskFile('smaps_rollup', smapsRollup),
  ...taskFile('comm', (_process, task) => `${task?.comm ?? ''}\n`, { mode: 0o644, write: writeComm }),
  ...taskFile('cmdline', cmdline),
  ...taskFile('environ', environ, OWNER_ONLY),
  ...taskFile('auxv', (process) => process.auxv, OWNER_ONLY),
  ...taskFile('limits', limits),
  ...taskFile('mounts', mounts),
  ...taskFile('mountinfo', mountinfo),
  ...taskFile('cgroup', () => '0::/\n'),
  ...taskFile(
    'personality',
    ({ attributes }) => `${attributes.personality.toString(16).padStart(8, '0')}\n`,
    OWNER_ONLY,
  ),
  ...taskFile('wchan', () => '0'),
  ...taskFile('uid_map', idMap),
  ...taskFile('gid_map', idMap),
  ...taskFile('setgroups', () => 'allow\n'),
  // (uid_t)-1: nobody logged in.
  ...taskFile('loginuid', () => '4294967295'),
  ...taskFile('sessionid', () => '4294967295'),
  ...taskFile('oom_score', () => '0\n'),
  ...taskFile('oom_score_adj', ({ attributes }) => `${attributes.oomScoreAdjust}\n`, {
    mode: 0o644,
    write: writeOomScore,
  }),
  processFile('timerslack_ns', (_process, task) => `${task?.scheduling.timerSlackNs ?? 0}\n`),
  { path: '<pid>/mem', mode: 0o600, open: openMemory },
  { path: '<pid>/task/<tid>/mem', mode: 0o600, open: openMemory },
  ...taskLink('exe', {
    link: ({ process }) => process!.executable,
    follow: ({ process }, task) => executablePlace(process!, task),
  }),
  ...taskLink('cwd', {
    link: ({ process }) => pathString(process!.fs.cwd),
    follow: ({ process }) => process!.fs.cwd,
  }),
  ...taskLink('root', {
    link: ({ process }) => pathString(process!.fs.root),
    follow: ({ process }) => process!.fs.root,
  }),
  ...descriptorRows,
];

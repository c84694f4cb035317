/** The files of /proc that are about the machine, see proc(5); one row each. */
import { USER_HZ } from '../../abi/time.ts';
import type { Kernel } from '../../kernel.ts';
import { NS_PER_SECOND } from '../../timespec.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import { processTimes } from '../posix-process/usage.ts';
import { RELEASE, SYSNAME, VERSION } from '../posix-sysinfo/uname.ts';
import { loadAverages, memoryUsage } from '../posix-sysinfo/usage.ts';
import { cpuinfo } from './cpuinfo.ts';
import { residentByKind } from './memory-maps.ts';
import { kilobytes, type ProcRow, systemFile } from './subject.ts';

function meminfo(kernel: Kernel): string {
  const { totalBytes, freeBytes } = memoryUsage(kernel);
  const used = { anonymous: 0, file: 0, shared: 0 };
  let committed = 0;
  for (const mm of new Set([...kernel.processes.values()].map((process) => process.mm))) {
    const { anonymous, file, shared } = residentByKind(mm);
    used.anonymous += anonymous;
    used.file += file;
    used.shared += shared;
    committed += mm.dataBytes;
  }
  const rows: [name: string, bytes: number][] = [
    ['MemTotal', totalBytes],
    ['MemFree', freeBytes],
    ['MemAvailable', freeBytes],
    ['Buffers', 0],
    ['Cached', used.shared],
    ['SwapCached', 0],
    ['Active', used.anonymous + used.file],
    ['Inactive', used.shared],
    ['Active(anon)', used.anonymous],
    ['Inactive(anon)', used.shared],
    ['Active(file)', used.file],
    ['Inactive(file)', 0],
    ['SwapTotal', 0],
    ['SwapFree', 0],
    ['Dirty', 0],
    ['Writeback', 0],
    ['AnonPages', used.anonymous],
    ['Mapped', used.file + used.shared],
    ['Shmem', used.shared],
    // Caches of the kernel itself are not in the guest's memory; free(1) expects the rows.
    ['KReclaimable', 0],
    ['Slab', 0],
    ['SReclaimable', 0],
    ['SUnreclaim', 0],
    ['CommitLimit', totalBytes],
    ['Committed_AS', committed],
  ];
  const huge = ['Total', 'Free', 'Rsvd', 'Surp'].map(
    (what) => `${`HugePages_${what}:`.padEnd(16)}${'0'.padStart(8)}\n`,
  );
  return rows.map(([name, bytes]) => `${`${name}:`.padEnd(16)}${kilobytes(bytes)}\n`).join('') + huge.join('');
}

const seconds = (ns: number): number => ns / NS_PER_SECOND;
const ticks = (ns: number): number => Math.floor(seconds(ns) * USER_HZ);

/** CPU time of everything that ran, and the time when nothing did. */
function machineTimes(kernel: Kernel): { userNs: number; systemNs: number; idleNs: number } {
  let userNs = 0;
  let systemNs = 0;
  for (const process of kernel.processes.values()) {
    const times = processTimes(process);
    userNs += times.userNs + process.usage.childrenUserNs;
    systemNs += times.systemNs + process.usage.childrenSystemNs;
  }
  return { userNs, systemNs, idleNs: Math.max(0, kernel.clock.monotonicNs() - userNs - systemNs) };
}

function tasks(kernel: Kernel): { total: number; running: number; highest: number } {
  const all = [...kernel.processes.values()].flatMap((process) => process.tasks);
  return {
    total: all.length,
    running: all.filter((task) => task.state === 'runnable').length,
    highest: Math.max(0, ...all.map((task) => task.tid)),
  };
}

function stat(kernel: Kernel): string {
  const { userNs, systemNs, idleNs } = machineTimes(kernel);
  const columns = `${ticks(userNs)} 0 ${ticks(systemNs)} ${ticks(idleNs)} 0 0 0 0 0 0`;
  const bootSeconds = Number(kernel.realtimeNs() / 1_000_000_000n) - Math.floor(seconds(kernel.clock.monotonicNs()));
  const { running, highest } = tasks(kernel);
  return `${[
    `cpu  ${columns}`,
    `cpu0 ${columns}`,
    'intr 0',
    `ctxt ${kernel.scheduler.switches}`,
    `btime ${bootSeconds}`,
    `processes ${highest}`,
    `procs_running ${running}`,
    'procs_blocked 0',
    'softirq 0',
  ].join('\n')}\n`;
}

function uptime(kernel: Kernel): string {
  const { idleNs } = machineTimes(kernel);
  return `${seconds(kernel.clock.monotonicNs()).toFixed(2)} ${seconds(idleNs).toFixed(2)}\n`;
}

function loadavg(kernel: Kernel): string {
  const { total, running, highest } = tasks(kernel);
  const loads = loadAverages(kernel).map((load) => load.toFixed(2));
  return `${loads.join(' ')} ${running}/${total} ${highest}\n`;
}

function filesystems(kernel: Kernel): string {
  return fsTypes(kernel)
    .list()
    .map(({ name, needsSource }) => `${needsSource ? '' : 'nodev'}\t${name}\n`)
    .join('');
}

/** Majors of the character devices that libraries of this kernel serve. */
const devices = `Character devices:
  1 mem
  5 /dev/tty
  5 /dev/console
  5 /dev/ptmx
136 pts

Block devices:
`;

export const systemRows: readonly ProcRow[] = [
  systemFile('cpuinfo', cpuinfo),
  systemFile('meminfo', meminfo),
  systemFile('stat', stat),
  systemFile('uptime', uptime),
  systemFile('loadavg', loadavg),
  systemFile('version', () => `${SYSNAME} version ${RELEASE} (elfdeck) ${VERSION}\n`),
  systemFile('filesystems', filesystems),
  systemFile('devices', () => devices),
  systemFile('cmdline', ({ commandLine }) => `${commandLine}\n`),
  systemFile('swaps', () => 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'),
];

/** Instances and settings as a manager would give them. */
import type { Settings, SystemInfo } from '../../../core/contract/api/app.ts';
import type { VmInfo, VmSample } from '../../../core/contract/api/vm.ts';
import { vmSpec } from '../../../core/contract/vm-spec.ts';

export function sampleVm(name: string, changes: Partial<VmInfo> = {}): VmInfo {
  return {
    id: `id-${name}`,
    name,
    state: 'created',
    spec: vmSpec({ name, program: ['/bin/hello'] }),
    meta: { group: '', tags: [], notes: '', autostart: false, restart: 'no' },
    createdAt: 1_790_000_000_000,
    ports: [],
    addresses: [],
    needsRestart: false,
    ...changes,
  };
}

export function sampleOf(vm: string, at: number, changes: Partial<VmSample> = {}): VmSample {
  return {
    vm,
    at,
    cpuPercent: 12,
    mips: 90,
    memoryBytes: 40 << 20,
    threads: 1,
    openFiles: 3,
    syscallsPerSecond: 10,
    outputBytesPerSecond: 100,
    ...changes,
  };
}

export const sampleSettings: Settings = {
  theme: 'system',
  language: 'en',
  defaultImage: 'qemu-x86_64-9pfs',
  defaultMemoryMiB: 256,
  defaultRootfsMode: 'rw',
  confirmStop: false,
  keepRemovedDays: 30,
  scrollbackMiB: 8,
  terminalFontSize: 13,
  terminalFont: '',
  terminalTheme: 'auto',
  terminalBell: true,
  notifyExit: false,
  notifyCrash: true,
  keepRunningInTray: false,
  checkForUpdates: false,
  catalogUrl: '',
  proxy: '',
  tourDone: false,
  view: {},
};

const absent = { isAvailable: false, reason: 'not part of this build' };
export const sampleSystem: SystemInfo = {
  version: '0.1.0',
  platform: 'linux',
  arch: 'x64',
  nodeVersion: '26.10.0',
  cpus: 2,
  memoryBytes: 8 * 2 ** 30,
  dataFolder: '/home/user/.local/share/elfdeck',
  homeFolder: '/home/user',
  pid: 1,
  host: 'serve',
  hasHostPrograms: true,
  features: { hostTerminal: absent, networks: absent, updates: absent, uploads: { isAvailable: true, reason: '' } },
};

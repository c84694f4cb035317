/**
 * The guest kernel of one machine: owns processes, mounts, the system call table and the injected devices. The machine
 * layer builds it; the scheduler drives it. State of a micro-library that is kernel-wide hangs on `services`.
 */
import type { Logger } from '../base/logger.ts';
import type { Clock, RandomFill } from '../dev/clock.ts';
import type { ConsoleDevice } from '../dev/console.ts';
import type { Transport } from '../net/transport.ts';
import type { CpuModel } from '../x86/cpuid.ts';
import type { MicroLibrary } from './lib.ts';
import type { Process } from './process.ts';
import type { Scheduler } from './sched/scheduler.ts';
import type { SyscallTable } from './syscall/table.ts';
import type { MountTable } from './vfs/mount-table.ts';

/** What the machine layer gives the kernel. */
export interface KernelHost {
  readonly clock: Clock;
  readonly random: RandomFill;
  readonly console: ConsoleDevice;
  readonly logger: Logger;
  /** RAM of the VM. */
  readonly memoryBytes: number;
  readonly hostname: string;
  /** The CPU that the engine is; the default model unless told. */
  readonly cpu?: CpuModel;
  /** The networks that the machine is on; without one it has only its loopback. */
  readonly transport?: Transport | undefined;
  /** True when stop, pause or another request waits: the run loop returns to its owner. */
  readonly hasRequest: () => boolean;
  /** Sleeps until `deadlineNs` (monotonic), console input, or a request. */
  readonly idle: (deadlineNs: number) => void;
  /** Text of the instruction that `bytes` start with, for crash reports; undefined when they are none. */
  readonly disassemble?: (bytes: Uint8Array, ip: number) => string | undefined;
}

/** Kernel-wide state of a micro-library, made on first use: `const timers = service('timers', (k) => new Timers(k))`. */
export function service<T>(name: string, create: (kernel: Kernel) => T): (kernel: Kernel) => T {
  return (kernel) => {
    let value = kernel.services.get(name) as T | undefined;
    if (value === undefined) {
      value = create(kernel);
      kernel.services.set(name, value);
    }
    return value;
  };
}

export class Kernel {
  readonly host: KernelHost;
  readonly libraries: readonly MicroLibrary[];
  readonly services = new Map<string, unknown>();
  readonly processes = new Map<number, Process>();
  /** Called between time slices and after idling: whoever watches a device of the host for input adds itself. */
  readonly pollers = new Set<() => void>();
  /** The same, also called where a program asks for readiness (epoll_wait): they cost next to nothing when there is no news. */
  readonly inputs: (() => void)[] = [];
  /** Called when a process ends, before its files are closed: whoever keeps something for it lets go. */
  readonly exitHooks = new Set<(process: Process) => void>();
  mounts: MountTable = undefined!;
  syscalls: SyscallTable = undefined!;
  scheduler: Scheduler = undefined!;
  /** Values of `env.vars` over the image's built-in environment, in order. */
  readonly environment = new Map<string, string>();
  /** The kernel command line as given, for /proc/cmdline; a byte string. */
  commandLine = '';
  hostname: string;
  domainname = '(none)';
  /** How far the guest has set its realtime clock off the host's. */
  realtimeShiftNs = 0n;
  private nextId = 1;

  constructor(host: KernelHost, libraries: readonly MicroLibrary[]) {
    this.host = host;
    this.libraries = libraries;
    this.hostname = host.hostname;
  }

  get clock(): Clock {
    return this.host.clock;
  }
  /** A fresh process or thread id. */
  allocateId(): number {
    return this.nextId++;
  }
  /** Realtime clock, nanoseconds since the epoch. */
  realtimeNs(): bigint {
    const { realtimeOffsetNs } = this.host.clock;
    return realtimeOffsetNs + this.realtimeShiftNs + BigInt(Math.round(this.host.clock.monotonicNs()));
  }
}

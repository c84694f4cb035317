/** Resource limits of a process, see getrlimit(2); the defaults are those of a Linux login on a server. */
import {
  RLIM_NLIMITS,
  RLIMIT_AS,
  RLIMIT_CORE,
  RLIMIT_DATA,
  RLIMIT_MEMLOCK,
  RLIMIT_MSGQUEUE,
  RLIMIT_NICE,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  RLIMIT_RTPRIO,
  RLIMIT_SIGPENDING,
  RLIMIT_STACK,
} from '../../abi/resource.ts';
import type { MemoryLimits } from '../../mm/limits.ts';

/** Soft and hard value; Infinity is RLIM_INFINITY. */
export interface ResourceLimit {
  soft: number;
  hard: number;
}

const INFINITY = Number.POSITIVE_INFINITY;
const MIB = 1024 * 1024;

const defaults: Readonly<Record<number, readonly [soft: number, hard: number]>> = {
  [RLIMIT_STACK]: [8 * MIB, INFINITY],
  [RLIMIT_CORE]: [0, INFINITY],
  [RLIMIT_NPROC]: [7823, 7823],
  [RLIMIT_NOFILE]: [1024, 1048576],
  [RLIMIT_MEMLOCK]: [8 * MIB, 8 * MIB],
  [RLIMIT_SIGPENDING]: [7823, 7823],
  [RLIMIT_MSGQUEUE]: [819200, 819200],
  [RLIMIT_NICE]: [0, 0],
  [RLIMIT_RTPRIO]: [0, 0],
};

export class ResourceLimits implements MemoryLimits {
  private readonly limits: ResourceLimit[] = [];

  constructor() {
    for (let resource = 0; resource < RLIM_NLIMITS; resource++) {
      const [soft, hard] = defaults[resource] ?? [INFINITY, INFINITY];
      this.limits.push({ soft, hard });
    }
  }

  /** `resource` is one of RLIMIT_*. */
  get(resource: number): Readonly<ResourceLimit> {
    return this.limits[resource]!;
  }
  soft(resource: number): number {
    return this.limits[resource]!.soft;
  }
  hard(resource: number): number {
    return this.limits[resource]!.hard;
  }
  set(resource: number, soft: number, hard: number): void {
    this.limits[resource] = { soft, hard };
  }

  /** The limits that `Mm` asks for (core/kernel/mm/limits.ts). */
  get addressSpace(): number {
    return this.soft(RLIMIT_AS);
  }
  get data(): number {
    return this.soft(RLIMIT_DATA);
  }
  get stack(): number {
    return this.soft(RLIMIT_STACK);
  }
  get locked(): number {
    return this.soft(RLIMIT_MEMLOCK);
  }

  /** As a fork child. */
  inherit(from: ResourceLimits): void {
    for (const [resource, { soft, hard }] of from.limits.entries()) this.set(resource, soft, hard);
  }
}

/** Instances: what the user keeps of each, their life cycle, and what changes about them. */
import * as z from 'zod/mini';
import { call, event, Nothing } from '../contract.ts';
import type { VmErrorData } from '../errors.ts';
import { VmSpec } from '../vm-spec.ts';
import type { ProgramExit } from '../worker-protocol.ts';

/** Kraft's words. `failed`: a crash ended the program; `errored`: it could not be run, or elfdeck itself broke. */
export const vmStates = [
  'created',
  'running',
  'paused',
  'suspended',
  'restarting',
  'exited',
  'failed',
  'errored',
] as const;
export type VmState = (typeof vmStates)[number];

/** Letters, digits and `.`, `_`, `-`, as names of files and of kraft's machines may be. */
export const VmName = z
  .string()
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'a name has 1 to 63 letters, digits, ".", "_" or "-"'));

/** An id or a name. */
export const VmRef = z.object({ vm: z.string().check(z.minLength(1)) });
/** Any subset of a spec; what is left out is at its default. */
export const VmSpecInput = z.partial(VmSpec);
export type VmSpecInput = z.infer<typeof VmSpecInput>;

export const RestartPolicy = z.enum(['no', 'on-failure', 'always']);
/** What the user notes about an instance, apart from what runs. */
export const VmMeta = z.object({
  group: z.string(),
  tags: z.array(z.string()),
  notes: z.string(),
  /** Started when the app starts. */
  autostart: z.boolean(),
  restart: RestartPolicy,
});
export type VmMeta = z.infer<typeof VmMeta>;
const VmMetaInput = z.partial(VmMeta);
export type VmMetaInput = z.infer<typeof VmMetaInput>;

/** Where a new instance comes from; `vm.plan` makes a spec of it. */
export const VmSource = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('example'), name: z.string() }),
  z.object({ kind: z.literal('catalog'), app: z.string() }),
  z.object({ kind: z.literal('host-program'), path: z.string(), args: z.optional(z.array(z.string())) }),
  z.object({ kind: z.literal('folder'), path: z.string(), program: z.optional(z.array(z.string())) }),
  z.object({ kind: z.literal('initrd'), path: z.string(), args: z.optional(z.array(z.string())) }),
  z.object({ kind: z.literal('elf'), path: z.string(), args: z.optional(z.array(z.string())) }),
  z.object({ kind: z.literal('kraftfile'), path: z.string() }),
  z.object({ kind: z.literal('copy'), vm: z.string() }),
  /** Any path of the host, as dropped on a window: looks at it and chooses one of the above. */
  z.object({ kind: z.literal('path'), path: z.string() }),
]);
export type VmSource = z.infer<typeof VmSource>;

export interface VmPlan {
  /** A free name. */
  name: string;
  spec: VmSpec;
  /** What was recognised, one line for people. */
  summary: string;
  warnings: string[];
}

/** The end of the last run. */
export interface VmEnding {
  at: number;
  exit?: ProgramExit;
  error?: VmErrorData;
  /** True when `history.report` has a crash report. */
  hasReport: boolean;
}

/** A port of the host that leads into the guest. */
export interface VmPort {
  host: string;
  hostPort: number;
  guestPort: number;
  protocol: 'tcp' | 'udp';
}

export interface VmInfo {
  /** Stable, also the name of its folder. */
  id: string;
  name: string;
  state: VmState;
  spec: VmSpec;
  meta: VmMeta;
  /** Times are milliseconds since 1970. */
  createdAt: number;
  startedAt?: number;
  ending?: VmEnding;
  /** The process that runs it, and whether that is the one that answers. */
  runner?: { pid: number; isOwn: boolean };
  ports: VmPort[];
  addresses: string[];
  /** True when a change waits for the next start. */
  needsRestart: boolean;
}

/** A folder of the store that could not be read: shown, never touched. */
export interface BrokenVm {
  id: string;
  path: string;
  error: VmErrorData;
}

/** A removed instance that can be brought back. */
export interface RemovedVm {
  id: string;
  name: string;
  removedAt: number;
}

/** One sample of a running instance; rates are per second since the sample before. */
export interface VmSample {
  vm: string;
  at: number;
  /** 100 is one host core. */
  cpuPercent: number;
  mips: number;
  memoryBytes: number;
  threads: number;
  openFiles: number;
  syscallsPerSecond: number;
  /** Console output. */
  outputBytesPerSecond: number;
}

export const BulkAction = z.enum(['start', 'stop', 'kill', 'pause', 'resume', 'restart', 'remove']);
export type BulkAction = z.infer<typeof BulkAction>;
export interface BulkResult {
  vm: string;
  error?: VmErrorData;
}

export const vmCalls = {
  'vm.list': call<{ vms: VmInfo[]; broken: BrokenVm[] }>()('List all instances', Nothing),
  'vm.get': call<VmInfo>()('Show one instance', VmRef),
  'vm.plan': call<VmPlan>()('Propose name and spec of a new instance', z.object({ source: VmSource })),
  'vm.create': call<VmInfo>()(
    'Create an instance',
    z.object({ name: VmName, spec: VmSpecInput, meta: z.optional(VmMetaInput) }),
  ),
  'vm.update': call<VmInfo>()(
    'Change name, spec or notes; changes of the spec wait for the next start',
    z.object({
      vm: z.string(),
      name: z.optional(VmName),
      spec: z.optional(VmSpecInput),
      meta: z.optional(VmMetaInput),
    }),
  ),
  'vm.start': call<VmInfo>()('Boot an instance', VmRef),
  'vm.pause': call<VmInfo>()('Stop running guest code until resumed', VmRef),
  'vm.resume': call<VmInfo>()('Go on after a pause', VmRef),
  'vm.stop': call<VmInfo>()(
    'Ask the program to end, kill it when it has not in time',
    z.object({ vm: z.string(), graceMs: z.optional(z.int().check(z.gte(0), z.lte(3_600_000))) }),
  ),
  'vm.kill': call<VmInfo>()('End an instance at once', VmRef),
  'vm.restart': call<VmInfo>()('Stop and boot again', VmRef),
  'vm.signal': call<null>()(
    'Send a signal to the program',
    z.object({ vm: z.string(), signal: z.int().check(z.gte(1), z.lte(64)) }),
  ),
  'vm.clone': call<VmInfo>()('Copy an instance under a new name', z.object({ vm: z.string(), name: VmName })),
  'vm.remove': call<RemovedVm>()(
    'Remove an instance; it can be restored until it is purged',
    z.object({ vm: z.string(), force: z.optional(z.boolean()) }),
  ),
  'vm.restore': call<VmInfo>()('Bring back a removed instance', z.object({ id: z.string() })),
  'vm.removed-list': call<RemovedVm[]>()('List removed instances', Nothing),
  'vm.purge': call<null>()('Delete removed instances for good', z.object({ id: z.optional(z.string()) })),
  'vm.bulk': call<BulkResult[]>()(
    'Do one thing to several instances',
    z.object({ vms: z.array(z.string()), action: BulkAction }),
  ),
  'vm.export': call<{ job: string }>()(
    'Write an instance with its root file system to an .elfdeck file',
    z.object({ vm: z.string(), path: z.string(), overwrite: z.optional(z.boolean()) }),
  ),
  'vm.import': call<{ job: string }>()(
    'Create an instance from an .elfdeck file',
    z.object({ path: z.string(), name: z.optional(VmName) }),
  ),
  'vm.changed': event<VmInfo>('An instance is new or has changed'),
  'vm.removed': event<RemovedVm>('An instance was removed'),
  'vm.stats': event<VmSample[]>('Figures of the running instances, about once a second'),
} as const;

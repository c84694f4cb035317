/**
 * All instances: those of the store, joined with what runs here and what runs in other processes. Every change of the user goes
 * through here and is told to whoever listens.
 */

import { Emitter } from '../../base/event.ts';
import { withoutUndefined } from '../../base/objects.ts';
import type {
  BulkResult,
  RemovedVm,
  VmEnding,
  VmInfo,
  VmMetaInput,
  VmPort,
  VmSample,
  VmSpecInput,
  VmState,
} from '../../contract/api/vm.ts';
import { toErrorData, VmError } from '../../contract/errors.ts';
import { type VmSpec, vmSpec } from '../../contract/vm-spec.ts';
import { formatAddress } from '../../net/address-text.ts';
import { specLine } from '../arguments/spec-line.ts';
import type { ImageLibrary } from '../images/image-library.ts';
import type { Membership } from '../net/membership.ts';
import type { Home } from '../store/home.ts';
import { defaultMeta, InstanceStore, type StoredInstance } from '../store/instance-store.ts';
import { type KeptOverlay, keptOverlay } from '../store/kept-overlay.ts';
import { type Lock, lockHolder, tryLock } from '../store/lock.ts';
import { isOwn } from '../store/process-mark.ts';
import { RunStore } from '../store/run-store.ts';
import type { SettingsStore } from '../store/settings-store.ts';
import { ManagedVm, wrongState } from './managed-vm.ts';

const MIB = 1 << 20;
/** Waits between restarts by themselves: doubles, up to a minute, and begins anew after a run of a minute. */
const FIRST_RESTART_MS = 500;
const MAX_RESTART_MS = 60_000;

export interface EndedVm {
  info: VmInfo;
  ending: VmEnding;
  wasAsked: boolean;
}

export class Vms {
  readonly changed = new Emitter<VmInfo>();
  readonly removed = new Emitter<RemovedVm>();
  readonly ended = new Emitter<EndedVm>();
  readonly store: InstanceStore;
  private readonly home: Home;
  private readonly settings: SettingsStore;
  private readonly images: ImageLibrary;
  private readonly managed = new Map<string, ManagedVm>();
  private readonly restarts = new Map<string, { delayMs: number; timer: NodeJS.Timeout }>();
  private isDisposed = false;

  constructor(home: Home, settings: SettingsStore, images: ImageLibrary) {
    this.home = home;
    this.settings = settings;
    this.images = images;
    this.store = new InstanceStore(home);
  }

  list(): { vms: VmInfo[]; broken: ReturnType<InstanceStore['list']>['broken'] } {
    const { instances, broken } = this.store.list();
    return { vms: instances.map((instance) => this.info(instance)), broken };
  }
  get(reference: string): VmInfo {
    return this.info(this.store.find(reference));
  }

  private info(stored: StoredInstance): VmInfo {
    const { id, name, spec, meta, createdAt } = stored;
    const own = this.managed.get(id);
    const run = new RunStore(this.store.folder(id)).latest();
    const holder = own?.isRunning ? undefined : lockHolder(this.home.locks, vmLock(id));
    const isRunning = own?.isRunning === true || holder !== undefined;
    const startedAt = isRunning ? (own?.startedAt ?? run?.startedAt) : undefined;
    const runningSpec = own?.runningSpec;
    return {
      id,
      name,
      spec,
      meta,
      createdAt,
      state: own?.state ?? (holder !== undefined ? 'running' : stateAfter(run)),
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(isRunning || run === undefined ? {} : { ending: run.ending ?? interrupted(run.startedAt) }),
      ...(isRunning ? { runner: { pid: holder?.pid ?? process.pid, isOwn: holder === undefined } } : {}),
      ports: portsOf(spec, own?.membership),
      addresses: own?.membership === undefined ? [] : addressesOf(own.membership),
      needsRestart: runningSpec !== undefined && !isSameSpec(spec, runningSpec, this.images),
    };
  }

  /** The process that runs it, when that is not this one. */
  otherRunner(reference: string): number | undefined {
    const { id } = this.store.find(reference);
    const holder = this.managed.get(id)?.isRunning ? undefined : lockHolder(this.home.locks, vmLock(id));
    return holder === undefined || isOwn(holder) ? undefined : holder.pid;
  }

  /** Consoles and history of an instance; made when first asked for. */
  managedVm(reference: string): ManagedVm {
    const { id, name } = this.store.find(reference);
    const known = this.managed.get(id);
    if (known !== undefined) return known;
    const vm: ManagedVm = new ManagedVm(id, {
      folder: this.store.folder(id),
      scrollbackBytes: this.settings.get().scrollbackMiB * MIB,
      lock: () => this.lock(id, name),
      changed: () => this.tell(id),
      ended: (ending, wasAsked) => this.handleEnd(id, ending, wasAsked),
    });
    this.managed.set(id, vm);
    return vm;
  }

  private lock(id: string, name: string): Lock {
    const lock = tryLock(this.home.locks, vmLock(id));
    if ('release' in lock) return lock;
    throw new VmError('vm.in-use', `the instance "${name}" is running in another process (${lock.pid})`, {
      vm: name,
      pid: lock.pid,
    });
  }

  /** Tells of a change, unless the instance is gone by now. */
  private tell(id: string): void {
    if (this.isDisposed) return;
    try {
      const info = this.get(id);
      const text = JSON.stringify(info);
      if (this.told.get(id) === text) return;
      this.told.set(id, text);
      this.changed.fire(info);
    } catch (error) {
      if (!(error instanceof VmError)) throw error;
    }
  }
  /** What was told last of each. */
  private readonly told = new Map<string, string>();

  async create(name: string, spec: VmSpecInput, meta: VmMetaInput = {}): Promise<VmInfo> {
    const full = vmSpec({ program: [], ...withoutUndefined(spec), name });
    const stored = await this.store.create({
      name,
      spec: full,
      meta: { ...defaultMeta, ...withoutUndefined(meta) },
      createdAt: Date.now(),
    });
    this.tell(stored.id);
    return this.info(stored);
  }

  /** `null` in a change of the spec's optional parts is for JSON what is left out: they are removed by `undefined` there. */
  async update(
    reference: string,
    changes: { name?: string | undefined; spec?: VmSpecInput | undefined; meta?: VmMetaInput | undefined },
  ): Promise<VmInfo> {
    const { id, name } = this.store.find(reference);
    if (changes.name !== undefined && changes.name !== name && this.get(id).runner !== undefined)
      throw wrongState(name, 'is running; stop it to rename it');
    const stored = await this.store.update(id, (record) => ({
      ...record,
      name: changes.name ?? record.name,
      spec: { ...record.spec, ...withoutUndefined(changes.spec ?? {}) } as VmSpec,
      meta: { ...record.meta, ...withoutUndefined(changes.meta ?? {}) },
    }));
    this.tell(id);
    return this.info(stored);
  }

  async start(reference: string): Promise<VmInfo> {
    const stored = this.store.find(reference);
    this.cancelRestart(stored.id);
    const spec = { ...stored.spec, image: this.images.resolve(stored.spec.image) };
    await this.managedVm(stored.id).start(spec, specLine(stored.spec));
    return this.get(stored.id);
  }

  async pause(reference: string): Promise<VmInfo> {
    return this.after(reference, (vm) => vm.pause());
  }
  async resume(reference: string): Promise<VmInfo> {
    return this.after(reference, (vm) => vm.resume());
  }
  async stop(reference: string, graceMs?: number): Promise<VmInfo> {
    return this.after(reference, (vm) => vm.stop(graceMs));
  }
  async kill(reference: string): Promise<VmInfo> {
    return this.after(reference, (vm) => vm.kill());
  }
  private async after(reference: string, act: (vm: ManagedVm) => Promise<void>): Promise<VmInfo> {
    const { id, name } = this.store.find(reference);
    const vm = this.managedVm(id);
    if (this.cancelRestart(id) && !vm.isRunning) return this.get(id);
    if (!vm.isRunning) throw wrongState(name, 'is not running');
    await act(vm);
    return this.get(id);
  }

  async restart(reference: string): Promise<VmInfo> {
    const { id } = this.store.find(reference);
    const vm = this.managedVm(id);
    await vm.restarting(async () => {
      if (vm.isRunning) await vm.stop();
      await this.start(id);
    });
    return this.get(id);
  }

  async clone(reference: string, name: string): Promise<VmInfo> {
    const stored = await this.store.clone(this.store.find(reference).id, name);
    this.tell(stored.id);
    return this.info(stored);
  }

  async remove(reference: string, force = false): Promise<RemovedVm> {
    const { id, name } = this.store.find(reference);
    this.cancelRestart(id);
    const vm = this.managed.get(id);
    if (vm?.isRunning && force) await vm.kill();
    // The lock says that it runs nowhere, and keeps it so until it is gone.
    const lock = this.lockForRemoval(id, name);
    try {
      const removed = await this.store.remove(id);
      vm?.dispose();
      this.managed.delete(id);
      this.removed.fire(removed);
      return removed;
    } finally {
      lock.release();
    }
  }
  /** Something with the changes kept of an overlay, while the instance can't start. */
  withOverlay<T>(reference: string, use: (overlay: KeptOverlay, folder: string) => T): T {
    const { id, name, spec } = this.store.find(reference);
    const overlay = keptOverlay(this.store.folder(id), spec);
    if (overlay === undefined || spec.rootfs?.kind !== 'folder')
      throw wrongState(name, 'has no overlay: its root file system is used in another way');
    if (this.managed.get(id)?.isRunning) throw wrongState(name, 'is running; stop it first');
    const lock = this.lock(id, name);
    try {
      return use(overlay, spec.rootfs.path);
    } finally {
      lock.release();
    }
  }

  private lockForRemoval(id: string, name: string): Lock {
    if (this.managed.get(id)?.isRunning) throw wrongState(name, 'is running; stop it first, or remove it with force');
    return this.lock(id, name);
  }

  async restore(id: string): Promise<VmInfo> {
    const stored = await this.store.restore(id);
    this.tell(id);
    return this.info(stored);
  }

  async bulk(references: readonly string[], act: (reference: string) => Promise<unknown>): Promise<BulkResult[]> {
    return Promise.all(
      references.map(async (vm) => {
        try {
          await act(vm);
          return { vm };
        } catch (error) {
          return { vm, error: toErrorData(error) };
        }
      }),
    );
  }

  /** Figures of all that run. */
  async sample(): Promise<VmSample[]> {
    const samples = await Promise.all([...this.managed.values()].map((vm) => vm.sample()));
    return samples.filter((sample) => sample !== undefined);
  }
  get running(): ManagedVm[] {
    return [...this.managed.values()].filter((vm) => vm.isRunning);
  }

  private handleEnd(id: string, ending: VmEnding, wasAsked: boolean): void {
    if (this.isDisposed) return;
    let info: VmInfo;
    try {
      info = this.get(id);
    } catch (error) {
      // Removed by another process while it ran.
      if (error instanceof VmError) return;
      throw error;
    }
    this.ended.fire({ info, ending, wasAsked });
    const isFailure = ending.exit === undefined || !('code' in ending.exit) || ending.exit.code !== 0;
    const { restart } = info.meta;
    if (!wasAsked && (restart === 'always' || (restart === 'on-failure' && isFailure)))
      this.scheduleRestart(info, ending);
    else this.restarts.delete(id);
  }

  private scheduleRestart({ id }: VmInfo, ending: VmEnding): void {
    const ranLong = ending.at - (this.managed.get(id)?.runs.latest()?.startedAt ?? 0) > MAX_RESTART_MS;
    const before = this.restarts.get(id)?.delayMs;
    const delayMs = before === undefined || ranLong ? FIRST_RESTART_MS : Math.min(2 * before, MAX_RESTART_MS);
    const timer = setTimeout(() => {
      // A start that fails is an ending of its own, which comes here again.
      this.managedVm(id)
        .restarting(() => this.startAgain(id))
        .catch(() => {});
    }, delayMs);
    this.restarts.set(id, { delayMs, timer });
  }
  private async startAgain(id: string): Promise<void> {
    const { spec } = this.store.find(id);
    await this.managedVm(id).start({ ...spec, image: this.images.resolve(spec.image) }, specLine(spec));
  }
  private cancelRestart(id: string): boolean {
    const pending = this.restarts.get(id);
    clearTimeout(pending?.timer);
    return this.restarts.delete(id);
  }

  /** Starts those that the user wants started with the app. */
  async autostart(): Promise<BulkResult[]> {
    const wanted = this.list().vms.filter((vm) => vm.meta.autostart && vm.runner === undefined);
    return this.bulk(
      wanted.map((vm) => vm.id),
      (vm) => this.start(vm),
    );
  }

  /** Stops all that runs here: asks, then kills. */
  async dispose(graceMs: number): Promise<void> {
    for (const id of [...this.restarts.keys()]) this.cancelRestart(id);
    await Promise.all(this.running.map((vm) => vm.stop(graceMs)));
    this.isDisposed = true;
    for (const vm of this.managed.values()) vm.dispose();
  }
}

/** The ports that it has, or those that it will ask for. */
function portsOf({ forwards = [] }: VmSpec, membership: Membership | undefined): VmPort[] {
  const ports = membership?.forwards.map(({ spec, forward }) => ({ ...spec, hostPort: forward.port })) ?? forwards;
  return ports.map(({ address, hostPort, guestPort, protocol }) => ({ host: address, hostPort, guestPort, protocol }));
}
const addressesOf = (membership: Membership): string[] =>
  membership.networks.flatMap((network) => membership.addressesOn(network).map(formatAddress));

const vmLock = (id: string): string => `vm-${id}`;

function stateAfter(run: { startedAt: number; ending?: VmEnding } | undefined): VmState {
  if (run === undefined) return 'created';
  const { ending } = run;
  if (ending === undefined || ending.error !== undefined) return 'errored';
  return ending.exit !== undefined && 'signal' in ending.exit && !isByUser(ending.exit.signal) ? 'failed' : 'exited';
}
/** SIGINT, SIGKILL and SIGTERM end a program that is told to; other signals mean that it broke. */
const isByUser = (signal: number): boolean => [2, 9, 15].includes(signal);

/** Nobody runs it, and nobody wrote how it ended. */
function interrupted(startedAt: number): VmEnding {
  const message = 'the process that ran it ended before it did';
  return { at: startedAt, hasReport: false, error: { code: 'vm.interrupted', message, details: {} } };
}

function isSameSpec(stored: VmSpec, running: VmSpec, images: ImageLibrary): boolean {
  const text = (spec: VmSpec): string =>
    JSON.stringify(
      Object.entries(spec)
        .filter(([name, value]) => name !== 'terminal' && name !== 'name' && value !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  return text({ ...stored, image: images.resolve(stored.image) }) === text(running);
}

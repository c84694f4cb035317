/**
 * The instances on the disk: `instances/ID/instance.json` each, with what the user said of it. A folder appears and goes as a
 * whole. Names are unique; who changes a name or makes an instance holds the store's lock for that moment.
 */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { type BrokenVm, type RemovedVm, VmMeta, VmName } from '../../contract/api/vm.ts';
import { toErrorData, VmError } from '../../contract/errors.ts';
import { VmSpec, vmSpec } from '../../contract/vm-spec.ts';
import { namesIn, publish, removeFolder, stagingFolder } from './atomic.ts';
import { DocumentKind } from './document.ts';
import type { Home } from './home.ts';
import { withLock } from './lock.ts';

export const InstanceRecord = z.object({
  name: VmName,
  createdAt: z.number(),
  /** `spec.name` is the name above. */
  spec: VmSpec,
  meta: VmMeta,
});
export type InstanceRecord = z.infer<typeof InstanceRecord>;
export interface StoredInstance extends InstanceRecord {
  id: string;
}

/** Parts of a spec that are newer than the file are at their defaults. */
export const withSpecDefaults = (value: Record<string, unknown>): Record<string, unknown> =>
  typeof value.spec === 'object' ? { ...value, spec: { ...vmSpec({ program: [] }), ...value.spec } } : value;

export const instanceDocument = new DocumentKind('the instance file', InstanceRecord, [], withSpecDefaults);
const removedDocument = new DocumentKind('the note', z.object({ removedAt: z.number() }));

export const INSTANCE_FILE = 'instance.json';
const REMOVED_FILE = 'removed.json';
const ID = /^[a-z0-9]{10}$/;

export const defaultMeta: VmMeta = { group: '', tags: [], notes: '', autostart: false, restart: 'no' };

export class InstanceStore {
  private readonly home: Home;
  /** Told of each change, after it is on the disk. */
  onChange: () => void = () => {};

  constructor(home: Home) {
    this.home = home;
  }

  folder(id: string): string {
    return join(this.home.instances, id);
  }

  /** All that can be read, oldest first, and what can't. */
  list(): { instances: StoredInstance[]; broken: BrokenVm[] } {
    const instances: StoredInstance[] = [];
    const broken: BrokenVm[] = [];
    for (const id of namesIn(this.home.instances)) {
      const path = this.folder(id);
      try {
        const record = instanceDocument.read(join(path, INSTANCE_FILE));
        if (record !== undefined) instances.push({ id, ...record });
        else if (statSync(path, { throwIfNoEntry: false }) !== undefined)
          throw new VmError('store.broken', `the folder ${path} has no ${INSTANCE_FILE}`, { path });
      } catch (error) {
        broken.push({ id, path, error: toErrorData(error) });
      }
    }
    instances.sort((a, b) => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1));
    return { instances, broken };
  }

  /** By id or name. */
  find(reference: string): StoredInstance {
    const byId = ID.test(reference) ? this.read(reference) : undefined;
    const found = byId ?? this.list().instances.find((instance) => instance.name === reference);
    if (found !== undefined) return found;
    throw new VmError('vm.not-found', `there is no instance "${reference}"; "elfdeck ps -a" lists them`, {
      vm: reference,
    });
  }
  private read(id: string): StoredInstance | undefined {
    const record = instanceDocument.read(join(this.folder(id), INSTANCE_FILE));
    return record && { id, ...record };
  }

  /** `fill` may put more into the folder before it appears. */
  create(record: InstanceRecord, fill: (folder: string) => void = () => {}): Promise<StoredInstance> {
    return this.locked(() => {
      this.requireFreeName(record.name);
      const staged = stagingFolder(this.home.staging);
      fill(staged);
      const named = { ...record, spec: { ...record.spec, name: record.name } };
      instanceDocument.write(join(staged, INSTANCE_FILE), named);
      const id = this.freeId();
      publish(staged, this.folder(id));
      return { id, ...named };
    });
  }

  update(id: string, change: (record: InstanceRecord) => InstanceRecord): Promise<StoredInstance> {
    return this.locked(() => {
      const { id: _, ...before } = this.find(id);
      const after = change(before);
      if (after.name !== before.name) this.requireFreeName(after.name);
      const named = { ...after, spec: { ...after.spec, name: after.name } };
      instanceDocument.write(join(this.folder(id), INSTANCE_FILE), named);
      return { id, ...named };
    });
  }

  /** Moves it to the removed ones. */
  remove(id: string): Promise<RemovedVm> {
    return this.locked(() => {
      const { name } = this.find(id);
      const removedAt = Date.now();
      removedDocument.write(join(this.folder(id), REMOVED_FILE), { removedAt });
      publish(this.folder(id), join(this.home.removed, id));
      return { id, name, removedAt };
    });
  }

  removed(): RemovedVm[] {
    const found: RemovedVm[] = [];
    for (const id of namesIn(this.home.removed)) {
      try {
        const record = instanceDocument.read(join(this.home.removed, id, INSTANCE_FILE));
        const removedAt = removedDocument.read(join(this.home.removed, id, REMOVED_FILE))?.removedAt ?? 0;
        if (record !== undefined) found.push({ id, name: record.name, removedAt });
      } catch (error) {
        // A broken one stays where it is; it can be neither restored nor purged by us.
        if (!(error instanceof VmError)) throw error;
      }
    }
    return found.sort((a, b) => b.removedAt - a.removedAt);
  }

  /** Brings one back, under another name when its own is taken by now. */
  restore(id: string): Promise<StoredInstance> {
    return this.locked(() => {
      const path = join(this.home.removed, id);
      const record = ID.test(id) ? instanceDocument.read(join(path, INSTANCE_FILE)) : undefined;
      if (record === undefined) throw new VmError('vm.not-found', `there is no removed instance ${id}`, { id });
      const name = this.freeName(record.name);
      const restored = { ...record, name, spec: { ...record.spec, name } };
      if (name !== record.name) instanceDocument.write(join(path, INSTANCE_FILE), restored);
      publish(path, this.folder(id));
      return { id, ...restored };
    });
  }

  purge(id: string): void {
    if (ID.test(id)) removeFolder(join(this.home.removed, id), this.home.staging);
  }

  /** Copies overlay and spec, not logs and runs. */
  clone(id: string, name: string): Promise<StoredInstance> {
    const { id: _, ...record } = this.find(id);
    const overlay = join(this.folder(id), 'overlay');
    return this.create({ ...record, name, createdAt: Date.now() }, (folder) => {
      if (statSync(overlay, { throwIfNoEntry: false }) === undefined) return;
      mkdirSync(join(folder, 'overlay'));
      cpSync(overlay, join(folder, 'overlay'), { recursive: true, verbatimSymlinks: true });
    });
  }

  /** The wanted name, or the first free one of `NAME-2`, `NAME-3`, ... */
  freeName(wanted: string): string {
    const taken = new Set(this.list().instances.map((instance) => instance.name));
    const base = wanted.slice(0, 58);
    for (let n = 1; ; n++) {
      const name = n === 1 ? wanted : `${base}-${n}`;
      if (!taken.has(name)) return name;
    }
  }

  private requireFreeName(name: string): void {
    if (this.list().instances.every((instance) => instance.name !== name)) return;
    throw new VmError('vm.name-taken', `there is an instance named "${name}" already; choose another name`, { name });
  }

  private freeId(): string {
    for (;;) {
      const id = BigInt(`0x${randomBytes(8).toString('hex')}`)
        .toString(36)
        .padStart(13, '0')
        .slice(-10);
      if (statSync(this.folder(id), { throwIfNoEntry: false }) === undefined) return id;
    }
  }

  private async locked<T>(change: () => T): Promise<T> {
    const result = await withLock(this.home.locks, 'store', change);
    this.onChange();
    return result;
  }
}

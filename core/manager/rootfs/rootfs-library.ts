/** The root file systems that the user has added or made: a list in the data folder; those of our own lie there, too. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import * as z from 'zod/mini';
import type { DiskUsage, RootfsInfo } from '../../contract/api/rootfs.ts';
import { VmError } from '../../contract/errors.ts';
import { kindOf } from '../../host/services.ts';
import { publish, removeFolder, stagingFolder } from '../store/atomic.ts';
import { DocumentKind } from '../store/document.ts';
import type { Home } from '../store/home.ts';
import { SharedDocument } from '../store/settings-store.ts';
import { diskUsage } from './browse.ts';

const RootRecord = z.object({
  id: z.string(),
  name: z.string(),
  path: z.string(),
  kind: z.enum(['own', 'user']),
  source: z.enum(['folder', 'made', 'catalog', 'cpio', 'import']),
  addedAt: z.number(),
  /** Id of the app of a catalog that it was made from. */
  app: z.optional(z.string()),
  program: z.optional(z.array(z.string())),
  usage: z.optional(
    z.object({ bytes: z.number(), files: z.number(), folders: z.number(), links: z.number(), countedAt: z.number() }),
  ),
});
const RootList = z.object({ roots: z.array(RootRecord) });
export type RootRecord = z.infer<typeof RootRecord>;

const rootsDocument = new DocumentKind('the list of root file systems', RootList);

export class RootfsLibrary {
  readonly home: Home;
  private readonly document: SharedDocument<typeof RootList>;
  onChange: () => void = () => {};

  constructor(home: Home) {
    this.home = home;
    this.document = new SharedDocument(home, 'rootfs', rootsDocument, { roots: [] });
  }

  records(): RootRecord[] {
    return this.document.get().roots;
  }
  /** `usedBy` tells the instances that run in a folder. */
  list(usedBy: (path: string) => string[]): RootfsInfo[] {
    return this.records().map((record) => this.info(record, usedBy(record.path)));
  }
  private info({ app: _, program: __, usage, ...record }: RootRecord, usedBy: string[]): RootfsInfo {
    const isThere = kindOf(record.path) === 'folder';
    return {
      ...record,
      usedBy,
      ...(usage === undefined ? {} : { usage }),
      ...(isThere ? {} : { problem: `the folder ${record.path} is not there any more` }),
    };
  }

  /** By id, or by path. */
  find(reference: string): RootRecord {
    const path = resolve(reference);
    const found = this.records().find((root) => root.id === reference || root.path === path);
    if (found !== undefined) return found;
    throw new VmError('rootfs.not-found', `there is no root file system "${reference}"`, { rootfs: reference });
  }

  async add(given: string, name?: string): Promise<RootRecord> {
    const path = resolve(given);
    const kind = kindOf(path);
    if (kind === undefined) throw new VmError('rootfs.not-found', `the folder ${path} does not exist`, { path });
    if (kind !== 'folder') throw new VmError('rootfs.not-directory', `${path} is not a folder`, { path });
    return this.insert({ path, name: name ?? (basename(path) || path), kind: 'user', source: 'folder' });
  }

  /** Makes a folder of our own: `fill` gets a staging folder, which appears in its place when all is well. */
  async make(
    about: Pick<RootRecord, 'name' | 'source' | 'app' | 'program'>,
    fill: (folder: string) => Promise<void> | void,
  ): Promise<RootRecord> {
    const staged = stagingFolder(this.home.staging);
    const content = join(staged, 'root');
    mkdirSync(content);
    try {
      await fill(content);
      const path = join(this.home.roots, `${fileName(about.name)}-${randomBytes(4).toString('hex')}`);
      publish(content, path);
      return await this.insert({ ...about, path, kind: 'own' });
    } finally {
      removeFolder(staged, this.home.staging);
    }
  }

  private async insert(root: Omit<RootRecord, 'id' | 'addedAt'>): Promise<RootRecord> {
    const record = { ...root, id: randomBytes(6).toString('hex'), addedAt: Date.now() };
    let result: RootRecord = record;
    await this.document.change(({ roots }) => {
      const same = roots.find((other) => other.path === record.path);
      result = same ?? record;
      return { roots: same === undefined ? [...roots, record] : roots };
    });
    this.onChange();
    return result;
  }

  private async update(id: string, change: (root: RootRecord) => RootRecord | undefined): Promise<void> {
    await this.document.change(({ roots }) => ({
      roots: roots.flatMap((root) => (root.id === id ? (change(root) ?? []) : root)),
    }));
    this.onChange();
  }

  async rename(reference: string, name: string): Promise<void> {
    await this.update(this.find(reference).id, (root) => ({ ...root, name }));
  }

  /** Forgets it; a folder of our own is deleted. */
  async remove(reference: string, usedBy: string[]): Promise<void> {
    const root = this.find(reference);
    if (usedBy.length > 0)
      throw new VmError(
        'rootfs.in-use',
        `the root file system "${root.name}" is used by ${usedBy.join(', ')}; remove or change them first`,
        { usedBy },
      );
    await this.update(root.id, () => undefined);
    const isOurs = root.kind === 'own' && root.path.startsWith(this.home.roots + sep);
    if (isOurs) removeFolder(root.path, this.home.staging);
  }

  async usage(reference: string): Promise<DiskUsage> {
    const root = this.find(reference);
    const usage = await diskUsage(root.path);
    await this.update(root.id, (record) => ({ ...record, usage }));
    return usage;
  }
}

const fileName = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^\.+/, '')
    .slice(0, 40) || 'root';

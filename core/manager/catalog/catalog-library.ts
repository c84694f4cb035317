/**
 * The catalogs: built-in examples, the public one, and those that the user has added. What a source holds is read once into an index
 * of its own (`catalogs/ID.json`); an archive from the network lies beside it (`catalogs/ID.archive`).
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { withoutUndefined } from '../../base/objects.ts';
import type { CatalogApp, CatalogSource } from '../../contract/api/catalog.ts';
import { toErrorData, VmError, type VmErrorData } from '../../contract/errors.ts';
import { examples } from '../../host/examples.ts';
import { kindOf } from '../../host/services.ts';
import type { JobControl, Jobs } from '../jobs/jobs.ts';
import type { RootfsLibrary } from '../rootfs/rootfs-library.ts';
import { DocumentKind } from '../store/document.ts';
import type { Home } from '../store/home.ts';
import { tryLock } from '../store/lock.ts';
import { type SettingsStore, SharedDocument } from '../store/settings-store.ts';
import { download } from './download.ts';
import { importApp } from './import-app.ts';
import type { IndexedApp } from './index-apps.ts';
import { type CatalogIndex, indexDocument, readCatalog } from './read-catalog.ts';

const BUILT_IN = 'built-in';
const PUBLIC = 'public';

const Source = z.object({
  id: z.string(),
  title: z.string(),
  kind: z.enum(['folder', 'archive', 'url']),
  location: z.string(),
  sha256: z.optional(z.string()),
});
const SourceList = z.object({ sources: z.array(Source) });
type Source = z.infer<typeof Source>;
const sourcesDocument = new DocumentKind('the list of catalogs', SourceList);

export interface ImportedApp {
  name: string;
  path: string;
  program: string[];
  env: string[];
  memoryMiB: number;
}

export class CatalogLibrary {
  private readonly home: Home;
  private readonly settings: SettingsStore;
  private readonly roots: RootfsLibrary;
  private readonly jobs: Jobs;
  private readonly document: SharedDocument<typeof SourceList>;
  /** Indexes by source, as long as their files are the same. */
  private readonly cache = new Map<
    string,
    { changedMs: number; index: CatalogIndex | undefined; error?: VmErrorData }
  >();
  onChange: () => void = () => {};

  constructor(home: Home, settings: SettingsStore, roots: RootfsLibrary, jobs: Jobs) {
    this.home = home;
    this.settings = settings;
    this.roots = roots;
    this.jobs = jobs;
    this.document = new SharedDocument(home, 'catalogs', sourcesDocument, { sources: [] });
  }

  private added(): Source[] {
    const location = this.settings.get().catalogUrl;
    const known =
      location === '' ? [] : [{ id: PUBLIC, title: 'Unikraft dynamic apps', kind: 'url' as const, location }];
    return [...known, ...this.document.get().sources];
  }
  private file(id: string, what: 'json' | 'archive' | 'archive.part'): string {
    return join(this.home.catalogs, `${id}.${what}`);
  }

  sources(): CatalogSource[] {
    const builtIn: CatalogSource = {
      id: BUILT_IN,
      title: 'Examples',
      kind: 'built-in',
      location: '',
      layout: 'examples',
      appCount: examples.length,
    };
    return [builtIn, ...this.added().map((source) => this.describe(source))];
  }
  private describe({ id, title, kind, location }: Source): CatalogSource {
    const { index, error } = this.indexOf(id);
    const part = statSync(this.file(id, 'archive.part'), { throwIfNoEntry: false })?.size;
    return {
      id,
      title,
      kind,
      location,
      layout: index?.layout ?? 'unknown',
      appCount: index?.apps.length ?? 0,
      ...(index === undefined ? {} : { readAt: index.readAt }),
      ...(part === undefined ? {} : { downloadedBytes: part }),
      ...(error === undefined ? {} : { error }),
    };
  }

  private indexOf(id: string): { index: CatalogIndex | undefined; error?: VmErrorData } {
    const path = this.file(id, 'json');
    const changedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const cached = this.cache.get(id);
    if (cached?.changedMs === changedMs) return cached;
    let entry: { changedMs: number; index: CatalogIndex | undefined; error?: VmErrorData };
    try {
      entry = { changedMs, index: indexDocument.read(path) };
    } catch (error) {
      entry = { changedMs, index: undefined, error: toErrorData(error) };
    }
    this.cache.set(id, entry);
    return entry;
  }

  apps(): CatalogApp[] {
    const roots = this.roots.records();
    const imported = (id: string): Pick<CatalogApp, 'imported'> => {
      const root = roots.find((record) => record.app === id && kindOf(record.path) === 'folder');
      return root === undefined ? {} : { imported: { rootfs: root.id, path: root.path } };
    };
    const describe = (source: string, app: IndexedApp): CatalogApp => {
      const { path, network, memoryMiB, ports, ...rest } = app;
      const id = `${source}:${path}`;
      return { ...rest, id, source, needs: { network, memoryMiB, ports }, ...imported(id) };
    };
    return [
      ...examples.map(({ name, summary }) => describe(BUILT_IN, exampleApp(name, summary))),
      ...this.added().flatMap(({ id }) => (this.indexOf(id).index?.apps ?? []).map((app) => describe(id, app))),
    ];
  }

  app(id: string): CatalogApp {
    const found = this.apps().find((app) => app.id === id);
    if (found === undefined)
      throw new VmError('catalog.not-found', `there is no app "${id}" in the catalogs`, { app: id });
    return found;
  }

  /** Words that all have to be in name, title, description or category. */
  search(source: string | undefined, query = ''): CatalogApp[] {
    const words = query
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    return this.apps().filter((app) => {
      const text = `${app.name} ${app.title} ${app.description} ${app.category}`.toLowerCase();
      return (source === undefined || app.source === source) && words.every((word) => text.includes(word));
    });
  }

  importedApp(id: string): ImportedApp {
    const app = this.app(id);
    if (app.imported === undefined)
      throw new VmError('catalog.not-found', `${app.title} is not imported yet; import it first`, { app: id });
    return {
      name: app.name,
      path: app.imported.path,
      program: app.program,
      env: app.env,
      memoryMiB: app.needs.memoryMiB,
    };
  }

  /** A folder or file that can be read is read at once; what is on the network when it is refreshed. */
  async addSource({
    location,
    title,
    sha256,
  }: {
    location: string;
    title?: string | undefined;
    sha256?: string | undefined;
  }): Promise<CatalogSource> {
    const isUrl = /^https?:\/\//i.test(location);
    const place = isUrl ? location : resolve(location);
    const kind = isUrl ? 'url' : kindOf(place) === 'folder' ? 'folder' : 'archive';
    if (!isUrl && kindOf(place) === undefined)
      throw new VmError('catalog.not-found', `${place} does not exist`, { location });
    const id = randomBytes(5).toString('hex');
    const source: Source = {
      id,
      title: title ?? basename(place),
      kind,
      location: place,
      ...(sha256 === undefined ? {} : { sha256 }),
    };
    if (!isUrl) await this.read(source, place, undefined);
    await this.document.change(({ sources }) => ({ sources: [...sources, source] }));
    this.onChange();
    return this.describe(source);
  }

  async removeSource(id: string): Promise<void> {
    if (id === BUILT_IN || id === PUBLIC)
      throw new VmError('catalog.not-found', 'this catalog is part of the app and stays', { source: id });
    this.find(id);
    await this.document.change(({ sources }) => ({ sources: sources.filter((source) => source.id !== id) }));
    for (const what of ['json', 'archive', 'archive.part'] as const) rmSync(this.file(id, what), { force: true });
    this.onChange();
  }

  private find(id: string): Source {
    const source = this.added().find((candidate) => candidate.id === id);
    if (source === undefined) throw new VmError('catalog.not-found', `there is no catalog "${id}"`, { source: id });
    return source;
  }

  refresh(id: string): string {
    const source = this.find(id);
    const isUrl = source.kind === 'url';
    return this.jobs.start(
      'catalog.refresh',
      source.title,
      (control) => this.alone(id, () => this.reread(source, control)),
      isUrl,
    );
  }

  private async alone<T>(id: string, run: () => Promise<T>): Promise<T> {
    const lock = tryLock(this.home.locks, `catalog-${id}`);
    if (!('release' in lock))
      throw new VmError('catalog.unreachable', `the catalog is being read already (process ${lock.pid})`);
    try {
      return await run();
    } finally {
      lock.release();
    }
  }

  private async reread(source: Source, control: JobControl): Promise<Record<string, never>> {
    const path =
      source.kind === 'url' ? await this.fetch(source.id, source.location, source.sha256, control) : source.location;
    control.step('reading the list of files');
    await this.read(source, path, control);
    this.onChange();
    return {};
  }

  /** Downloads an archive, or the archive that a manifest names. */
  private async fetch(id: string, url: string, sha256: string | undefined, control: JobControl): Promise<string> {
    mkdirSync(this.home.catalogs, { recursive: true });
    control.step(`downloading ${url}`);
    const path = this.file(id, 'archive');
    await download(url, path, {
      signal: control.signal,
      onProgress: control.progress,
      proxy: this.settings.get().proxy,
      sha256,
    });
    return path;
  }

  private async read(source: Source, path: string, control: JobControl | undefined): Promise<void> {
    mkdirSync(this.home.catalogs, { recursive: true });
    let index = await readCatalog(path, source.location, control);
    // A manifest that names an archive elsewhere: that one has the apps, the manifest what is said of them.
    if (index.archive !== undefined) {
      if (control === undefined && /^https?:/i.test(index.archive))
        throw new VmError(
          'catalog.unreachable',
          `the manifest names the archive ${index.archive}; add the catalog by its address`,
          {},
        );
      const target = /^https?:/i.test(index.archive)
        ? await this.fetch(source.id, index.archive, index.sha256, control!)
        : isAbsolute(index.archive)
          ? index.archive
          : resolve(path, '..', index.archive);
      index = { ...(await readCatalog(target, source.location, control, index.manifest)), content: target };
    }
    const { archive: _, manifest: __, sha256: ___, ...stored } = index;
    indexDocument.write(this.file(source.id, 'json'), withoutUndefined(stored));
  }

  import(id: string): string {
    const app = this.app(id);
    const { index } = this.indexOf(app.source);
    return this.jobs.start(
      'catalog.import',
      app.title,
      (control) => importApp({ app, index, roots: this.roots, control }),
      true,
    );
  }
}

function exampleApp(name: string, summary: string): IndexedApp {
  return {
    path: name,
    name,
    title: name,
    description: summary,
    category: 'example',
    icon: name,
    sizeBytes: 0,
    network: false,
    memoryMiB: 64,
    ports: [],
    program: [`/bin/${name}`],
    env: [],
    isStatic: true,
  };
}

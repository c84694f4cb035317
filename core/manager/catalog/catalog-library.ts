/** The catalogs: built-in examples, and the sources that the user has added. */
import type { CatalogApp, CatalogSource } from '../../contract/api/catalog.ts';
import { VmError } from '../../contract/errors.ts';
import { examples } from '../../host/examples.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { RootfsLibrary } from '../rootfs/rootfs-library.ts';
import type { Home } from '../store/home.ts';
import type { SettingsStore } from '../store/settings-store.ts';

const BUILT_IN = 'built-in';

export class CatalogLibrary {
  readonly home: Home;
  readonly settings: SettingsStore;
  readonly roots: RootfsLibrary;
  readonly jobs: Jobs;
  onChange: () => void = () => {};

  constructor(home: Home, settings: SettingsStore, roots: RootfsLibrary, jobs: Jobs) {
    this.home = home;
    this.settings = settings;
    this.roots = roots;
    this.jobs = jobs;
  }

  sources(): CatalogSource[] {
    return [
      {
        id: BUILT_IN,
        title: 'Examples',
        kind: 'built-in',
        location: '',
        layout: 'examples',
        appCount: examples.length,
      },
    ];
  }

  apps(): CatalogApp[] {
    return examples.map(({ name, summary }) => ({
      id: `${BUILT_IN}:${name}`,
      source: BUILT_IN,
      name,
      title: name,
      description: summary,
      category: 'example',
      icon: name,
      needs: { network: false, memoryMiB: 64, ports: [] },
      program: [`/bin/${name}`],
      env: [],
      isStatic: true,
    }));
  }

  app(id: string): CatalogApp {
    const found = this.apps().find((app) => app.id === id);
    if (found === undefined)
      throw new VmError('catalog.not-found', `there is no app "${id}" in the catalogs`, { app: id });
    return found;
  }

  importedApp(id: string): { name: string; path: string; program: string[]; env: string[]; memoryMiB: number } {
    const app = this.app(id);
    const root = this.roots.records().find((record) => record.app === id);
    if (root === undefined)
      throw new VmError('catalog.not-found', `${app.title} is not imported yet; import it first`, { app: id });
    return { name: app.name, path: root.path, program: app.program, env: app.env, memoryMiB: app.needs.memoryMiB };
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
}

/** The settings, and small lists that go with them, each a document of its own. */
import { join } from 'node:path';
import * as z from 'zod/mini';
import { withoutUndefined } from '../../base/objects.ts';
import { Settings } from '../../contract/api/app.ts';
import { validate } from '../../contract/contract.ts';
import { DEFAULT_MEMORY_MIB } from '../../contract/vm-spec.ts';
import { DocumentKind } from './document.ts';
import type { Home } from './home.ts';
import { withLock } from './lock.ts';

export const defaultSettings: Settings = {
  theme: 'system',
  language: 'system',
  defaultImage: 'qemu-x86_64-9pfs',
  defaultMemoryMiB: DEFAULT_MEMORY_MIB,
  defaultRootfsMode: 'rw',
  confirmStop: true,
  keepRemovedDays: 7,
  scrollbackMiB: 4,
  terminalFontSize: 13,
  terminalFont: '',
  terminalTheme: 'default',
  terminalBell: true,
  notifyExit: false,
  notifyCrash: true,
  keepRunningInTray: true,
  checkForUpdates: true,
  catalogUrl: 'https://github.com/unikraft/dynamic-apps/archive/refs/heads/main.tar.gz',
  proxy: '',
  tourDone: false,
  view: {},
};

/** A file holds what differs from the defaults, so that defaults may change. */
const settingsDocument = new DocumentKind('the settings file', z.partial(Settings));

export class SettingsStore {
  private readonly home: Home;
  onChange: (settings: Settings) => void = () => {};

  constructor(home: Home) {
    this.home = home;
  }
  private get path(): string {
    return join(this.home.path, 'settings.json');
  }

  get(): Settings {
    return { ...defaultSettings, ...withoutUndefined(settingsDocument.read(this.path) ?? {}) };
  }

  async set(changes: Record<string, unknown>): Promise<Settings> {
    const settings = await withLock(this.home.locks, 'settings', () => {
      const stored = { ...settingsDocument.read(this.path), ...withoutUndefined(changes) };
      validate(z.partial(Settings), stored, 'settings');
      settingsDocument.write(this.path, stored);
      return { ...defaultSettings, ...withoutUndefined(stored) };
    });
    this.onChange(settings);
    return settings;
  }
}

/** A document that many processes change: read, change and write under its lock. */
export class SharedDocument<S extends z.core.$ZodType> {
  private readonly home: Home;
  private readonly name: string;
  private readonly kind: DocumentKind<S>;
  private readonly initial: z.infer<S>;

  constructor(home: Home, name: string, kind: DocumentKind<S>, initial: z.infer<S>) {
    this.home = home;
    this.name = name;
    this.kind = kind;
    this.initial = initial;
  }
  private get path(): string {
    return this.home.file(`${this.name}.json`);
  }
  get(): z.infer<S> {
    return this.kind.read(this.path) ?? this.initial;
  }
  change(make: (value: z.infer<S>) => z.infer<S>): Promise<z.infer<S>> {
    return withLock(this.home.locks, this.name, () => {
      const value = make(this.get());
      this.kind.write(this.path, value);
      return value;
    });
  }
}

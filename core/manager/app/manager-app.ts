/**
 * The manager as a whole: store, instances, images, root file systems, catalogs, and everyone who is connected. A process has
 * one; the desktop app, `elfdeck serve` and the command line differ only in what they connect to it.
 */
import { watch } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { VmInfo } from '../../contract/api/vm.ts';
import { type Channel, Session } from '../../contract/session.ts';
import { type VmApi, type VmEventName, vmApi } from '../../contract/vm-api.ts';
import { createHandlers } from '../api/handlers.ts';
import { ArgumentsHistory } from '../arguments/history.ts';
import { CatalogLibrary } from '../catalog/catalog-library.ts';
import { ImageLibrary } from '../images/image-library.ts';
import { Jobs } from '../jobs/jobs.ts';
import { listenLocal } from '../local/socket-channel.ts';
import { networks } from '../net/networks.ts';
import { RootfsLibrary } from '../rootfs/rootfs-library.ts';
import { sweep } from '../store/atomic.ts';
import { Home } from '../store/home.ts';
import { tryLock } from '../store/lock.ts';
import { SettingsStore } from '../store/settings-store.ts';
import { HostTerminals } from '../terminal/host-terminals.ts';
import { Vms } from '../vms/vms.ts';
import { keepSpare } from '../worker-thread.ts';
import { Notifications } from './notifications.ts';
import { Peers } from './peers.ts';
import { Uploads } from './uploads.ts';

const SAMPLE_MS = 1000;
/** Without listeners samples only feed the history. */
const QUIET_SAMPLE_MS = 10_000;
const STOP_GRACE_MS = 5000;
const SPARE_AFTER_MS = 1500;
const APP_LOCK = 'app';
const DAY_MS = 86_400_000;

export interface AppOptions {
  host: 'serve' | 'electron' | 'cli';
  home?: string;
  /** Shows a folder in the desktop's file manager, where there is one. */
  openFolder?: (path: string) => Promise<void>;
  /** Brings a window to the front, or makes an address that opens one. */
  activate?: () => Promise<{ url?: string }>;
  quit?: () => void;
}

export class ManagerApp {
  readonly options: AppOptions;
  readonly home: Home;
  readonly settings: SettingsStore;
  readonly images: ImageLibrary;
  readonly vms: Vms;
  readonly roots: RootfsLibrary;
  readonly catalogs: CatalogLibrary;
  readonly jobs: Jobs;
  readonly lines: ArgumentsHistory;
  readonly notifications = new Notifications();
  readonly uploads: Uploads;
  readonly terminals: HostTerminals;
  readonly peers: Peers;
  private readonly sessions = new Set<Session<VmApi>>();
  private readonly handlers;
  private readonly disposers: (() => void)[] = [];
  private sampledAt = 0;

  constructor(options: AppOptions) {
    this.options = options;
    this.home = Home.open(options.home);
    sweep(this.home.staging, [this.home.path, this.home.images, this.home.locks]);
    this.settings = new SettingsStore(this.home);
    this.images = new ImageLibrary(this.home);
    this.vms = new Vms(this.home, this.settings, this.images);
    this.jobs = new Jobs();
    this.roots = new RootfsLibrary(this.home);
    this.catalogs = new CatalogLibrary(this.home, this.settings, this.roots, this.jobs);
    this.lines = new ArgumentsHistory(this.home);
    this.uploads = new Uploads(this.home);
    this.terminals = new HostTerminals();
    this.peers = new Peers(this.home);
    this.handlers = createHandlers(this);
    this.connectEvents();
  }

  /** Every change of a part, told to who listens; those on the disk also to other processes. */
  private connectEvents(): void {
    this.vms.changed.on((vm) => this.post('vm.changed', vm));
    this.vms.removed.on((vm) => this.post('vm.removed', vm));
    this.vms.ended.on((ended) => {
      this.notifications.postEnd(ended, this.settings.get());
      this.markChange();
    });
    this.vms.store.onChange = () => this.markChange();
    this.settings.onChange = (settings) => this.post('settings.changed', settings);
    this.images.onChange = () => this.post('image.changed', null);
    this.roots.onChange = () => this.post('rootfs.changed', null);
    this.catalogs.onChange = () => this.post('catalog.changed', null);
    networks.changed.on(() => {
      this.post('net.changed', null);
      this.markChange();
    });
    this.jobs.changed.on((job) => this.post('job.changed', job));
    this.notifications.posted.on((notification) => this.post('notification.posted', notification));
  }

  /** Begins what goes on by itself: sampling, watching other processes, purging. */
  begin(): void {
    const timer = setInterval(() => void this.sample(), SAMPLE_MS);
    timer.unref();
    this.disposers.push(() => clearInterval(timer));
    this.watchOthers();
    this.purgeOld();
    this.keepSpareThread();
  }

  /** A thread ahead makes Start quick. The first one waits until the window is there: both would want the processor. */
  private keepSpareThread(): void {
    const timer = setTimeout(() => keepSpare(true), SPARE_AFTER_MS);
    timer.unref();
    this.disposers.push(() => {
      clearTimeout(timer);
      keepSpare(false);
    });
  }

  /** Lets other processes of this user talk to this manager. */
  async listen(): Promise<void> {
    const path = this.home.socketOf(process.pid);
    const server = await listenLocal(path, (channel) => this.connect(channel));
    server.unref();
    this.disposers.push(() => server.close());
  }

  /** Becomes the app of this data folder, which there is one of; undefined when there is one already, with its process. */
  claimApp(): number | undefined {
    const lock = tryLock(this.home.locks, APP_LOCK);
    if (!('release' in lock)) return lock.pid;
    this.disposers.push(() => lock.release());
    return undefined;
  }

  /** Serves one client until its channel closes. */
  connect(channel: Channel): void {
    const session: Session<VmApi> = new Session(channel, vmApi, this.handlers, () => this.sessions.delete(session));
    this.sessions.add(session);
  }

  post(event: VmEventName, payload: unknown): void {
    for (const session of this.sessions) session.post(event, payload);
  }

  private async sample(): Promise<void> {
    const isWatched = [...this.sessions].some((session) => session.hears('vm.stats'));
    const now = Date.now();
    if (!isWatched && now - this.sampledAt < QUIET_SAMPLE_MS) return;
    this.sampledAt = now;
    const samples = await this.vms.sample();
    if (samples.length > 0) this.post('vm.stats', samples);
  }

  /** Writes the mark that other managers watch. Its content only has to differ. */
  private markChange(): void {
    writeFile(this.home.changeMark, `${process.pid} ${performance.now()}\n`).catch(() => {});
  }

  /** Tells clients of what other processes did to the store. */
  private watchOthers(): void {
    let known = new Map(this.vms.list().vms.map((vm) => [vm.id, JSON.stringify(vm)]));
    let isScheduled = false;
    const look = (): void => {
      isScheduled = false;
      const now = new Map<string, VmInfo>(this.vms.list().vms.map((vm) => [vm.id, vm]));
      for (const [id, vm] of now) if (known.get(id) !== JSON.stringify(vm)) this.post('vm.changed', vm);
      for (const [id, text] of known) {
        if (!now.has(id))
          this.post('vm.removed', { id, name: (JSON.parse(text) as VmInfo).name, removedAt: Date.now() });
      }
      this.post('net.changed', null);
      known = new Map([...now].map(([id, vm]) => [id, JSON.stringify(vm)]));
    };
    const watcher = watch(this.home.path, (_kind, name) => {
      if (name !== 'changed' || isScheduled) return;
      isScheduled = true;
      setTimeout(look, 50).unref();
    });
    watcher.unref();
    // Locks of processes that died say nothing: look now and then.
    const timer = setInterval(look, 5000);
    timer.unref();
    this.disposers.push(
      () => watcher.close(),
      () => clearInterval(timer),
    );
  }

  private purgeOld(): void {
    const { keepRemovedDays } = this.settings.get();
    if (keepRemovedDays === 0) return;
    for (const { id, removedAt } of this.vms.store.removed()) {
      if (Date.now() - removedAt > keepRemovedDays * DAY_MS) this.vms.store.purge(id);
    }
  }

  /** Stops instances and jobs, and lets go of everything. */
  async dispose(): Promise<void> {
    for (const dispose of this.disposers.splice(0)) dispose();
    this.terminals.dispose();
    this.jobs.dispose();
    await this.vms.dispose(STOP_GRACE_MS);
    this.peers.dispose();
    this.uploads.dispose();
  }
}

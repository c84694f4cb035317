/**
 * One instance of the store as this manager runs it: its consoles live as long as the manager, its machine from start to end.
 * While it runs, this process holds the lock `vm-ID`.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { RunRecord } from '../../contract/api/insight.ts';
import type { VmEnding, VmSample, VmState } from '../../contract/api/vm.ts';
import { VmError } from '../../contract/errors.ts';
import type { VmSpec } from '../../contract/vm-spec.ts';
import { type OutputStream, STREAM_KERNEL, STREAM_STRACE } from '../../contract/worker-channel.ts';
import type { Ending, Statistics } from '../../contract/worker-protocol.ts';
import { InstanceLog } from '../console/log.ts';
import { ScrollbackFile } from '../console/scrollback-file.ts';
import { Terminal } from '../console/terminal.ts';
import { Instance } from '../instance.ts';
import type { Membership } from '../net/membership.ts';
import { type KeptOverlay, keptOverlay } from '../store/kept-overlay.ts';
import type { Lock } from '../store/lock.ts';
import { RunStore } from '../store/run-store.ts';
import { Sampler } from './sampler.ts';

/** How long a machine that is to be killed may take to give its overlay. */
const EXPORT_MS = 3000;

/** What the instance needs of its surroundings. */
export interface VmEnvironment {
  folder: string;
  scrollbackBytes: number;
  /** Takes the lock, or throws VmError `vm.in-use`. */
  lock(): Lock;
  changed(): void;
  ended(ending: VmEnding, wasAsked: boolean): void;
}

export class ManagedVm {
  readonly id: string;
  readonly terminal: Terminal;
  readonly log = new InstanceLog();
  readonly runs: RunStore;
  private readonly environment: VmEnvironment;
  private readonly file: ScrollbackFile;
  private instance: Instance | undefined;
  private lock: Lock | undefined;
  private run: RunRecord | undefined;
  private sampler: Sampler | undefined;
  /** Where the changes of the run's overlay go, if it has one. */
  private overlay: KeptOverlay | undefined;
  /** The user has asked for the end. */
  private isEndAsked = false;
  private isRestarting = false;

  constructor(id: string, environment: VmEnvironment) {
    this.id = id;
    this.environment = environment;
    this.terminal = new Terminal(environment.scrollbackBytes);
    this.runs = new RunStore(environment.folder);
    this.file = new ScrollbackFile(join(environment.folder, 'console.log'), this.terminal.scrollback);
    this.file.restore();
  }

  get isRunning(): boolean {
    return this.instance !== undefined;
  }
  get state(): VmState | undefined {
    if (this.isRestarting) return 'restarting';
    if (this.instance === undefined) return undefined;
    return this.instance.state === 'paused' ? 'paused' : 'running';
  }
  get startedAt(): number | undefined {
    return this.run?.startedAt;
  }
  /** The spec it runs with. */
  get runningSpec(): VmSpec | undefined {
    return this.instance?.spec;
  }

  /** Its place on virtual networks while it runs there. */
  get membership(): Membership | undefined {
    return this.instance?.network?.membership;
  }

  /** Boots. Rejects when it could not be started; what goes wrong later is in the history. */
  async start(spec: VmSpec, commandLine: string): Promise<void> {
    if (this.instance !== undefined) throw wrongState(spec.name, 'is running already');
    this.lock = this.environment.lock();
    this.isEndAsked = false;
    const instance = new Instance({ ...spec, terminal: this.terminal.size }, (stream, bytes) =>
      this.output(stream, bytes),
    );
    this.instance = instance;
    this.log.restart();
    this.run = { startedAt: this.nextTime(), commandLine, image: spec.image };
    this.saveRun();
    this.overlay = keptOverlay(this.environment.folder, spec);
    instance.keptOverlay = this.overlay?.read();
    this.sampler = new Sampler(this.id, () => instance.statistics());
    this.terminal.input = {
      write: (bytes) => instance.write(bytes),
      resize: (size) => void instance.resize(size).catch(() => {}),
    };
    instance.changed.on(() => this.environment.changed());
    void instance.ended.then((ending) => this.finish(ending));
    this.environment.changed();
    await instance.start();
    // Its addresses and ports are known now.
    this.environment.changed();
  }
  /** Times of runs are their ids, so no two are the same. */
  private nextTime(): number {
    return Math.max(Date.now(), (this.runs.latest()?.startedAt ?? 0) + 1);
  }

  private output(stream: OutputStream, bytes: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    this.sampler?.addOutput(bytes.length);
    if (stream === STREAM_STRACE) {
      this.log.output(stream, bytes);
      return undefined;
    }
    if (stream !== STREAM_KERNEL) return this.terminal.output(bytes);
    this.log.output(stream, bytes);
    // The kernel's lines come without the returns that a terminal needs.
    return this.terminal.output(Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('\n', '\r\n'), 'latin1'));
  }

  private finish({ exit, error, report, statistics, overlay }: Ending): void {
    if (overlay !== undefined) this.overlay?.write(overlay);
    const run = this.run!;
    const hasReport = report !== undefined;
    const ending: VmEnding = {
      at: Date.now(),
      hasReport,
      ...(exit === undefined ? {} : { exit }),
      ...(error === undefined ? {} : { error }),
    };
    const samples = this.sampler?.kept ?? [];
    const figures = statistics ?? this.sampler?.latest;
    this.runs.save({
      ...run,
      ending,
      ...(figures === undefined ? {} : { statistics: figures }),
      ...(hasReport ? { report } : {}),
    });
    this.runs.saveSamples(run.startedAt, samples);
    if (error !== undefined) void this.terminal.output(new TextEncoder().encode(`\r\nelfdeck: ${error.message}\r\n`));
    if (report !== undefined) void this.terminal.output(new TextEncoder().encode(report.replaceAll('\n', '\r\n')));
    this.file.save();
    this.instance = undefined;
    this.sampler = undefined;
    this.lock?.release();
    this.lock = undefined;
    this.environment.changed();
    this.environment.ended(ending, this.isEndAsked);
    this.terminal.endRun();
  }

  private saveRun(): void {
    mkdirSync(join(this.environment.folder, 'runs'), { recursive: true });
    this.runs.save(this.run!);
  }

  /** The running machine. */
  require(): Instance {
    if (this.instance === undefined) throw wrongState(this.id, 'is not running');
    return this.instance;
  }

  async pause(): Promise<void> {
    await this.require().pause();
  }
  async resume(): Promise<void> {
    await this.require().resume();
  }
  async stop(graceMs?: number): Promise<void> {
    const instance = this.require();
    this.isEndAsked = true;
    await instance.stop({ graceMs });
    await this.settled();
  }
  async kill(): Promise<void> {
    const instance = this.require();
    this.isEndAsked = true;
    // Pulling the plug does not empty a disk.
    if (this.overlay !== undefined) await this.saveOverlay(instance, this.overlay);
    instance.kill();
    await instance.ended;
    await this.settled();
  }
  /** A machine that does not answer in time, or has just ended, keeps what was kept before. */
  private async saveOverlay(instance: Instance, to: KeptOverlay): Promise<void> {
    const late = setTimeout(EXPORT_MS, undefined, { ref: false });
    const archive = await Promise.race([instance.exportOverlay().catch(() => undefined), late]);
    if (archive != null) to.write(archive);
  }
  /** Changes of the overlay in this run so far, or kept of the last one; undefined when nothing is kept. */
  async overlayChanges(spec: VmSpec): Promise<Uint8Array | undefined> {
    const running = this.instance === undefined ? null : await this.instance.exportOverlay();
    return running ?? keptOverlay(this.environment.folder, spec)?.read() ?? undefined;
  }

  /** `finish` runs in the turn after the instance's end. */
  private async settled(): Promise<void> {
    while (this.instance !== undefined) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Runs `again` between an end and a start, shown as one state. */
  async restarting(again: () => Promise<void>): Promise<void> {
    this.isRestarting = true;
    this.environment.changed();
    try {
      await again();
    } finally {
      this.isRestarting = false;
      this.environment.changed();
    }
  }

  async sample(): Promise<VmSample | undefined> {
    this.file.save();
    return this.instance?.state === 'running' ? this.sampler?.take() : undefined;
  }
  samples(): readonly VmSample[] {
    return this.sampler?.kept ?? [];
  }
  /** Figures now, or of the last run. */
  async statistics(): Promise<Statistics | undefined> {
    if (this.instance === undefined) return this.runs.latest()?.statistics;
    try {
      return await this.instance.statistics();
    } catch (error) {
      // It boots, or has just ended.
      if (error instanceof VmError && error.code === 'instance.not-running') return this.sampler?.latest;
      throw error;
    }
  }

  dispose(): void {
    this.terminal.dispose();
    this.log.dispose();
  }
}

export const wrongState = (name: string, what: string): VmError =>
  new VmError('vm.wrong-state', `the instance "${name}" ${what}`, { vm: name });

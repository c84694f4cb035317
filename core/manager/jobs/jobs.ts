/** Things that take a while, with progress, and an end that leaves nothing half-done. */
import { Emitter } from '../../base/event.ts';
import type { Job } from '../../contract/api/catalog.ts';
import { toErrorData, VmError } from '../../contract/errors.ts';

const MAX_KEPT = 100;
/** Progress is told this often. */
const TELL_MS = 100;

/** What the work of a job uses. */
export interface JobControl {
  readonly signal: AbortSignal;
  step(text: string): void;
  progress(doneBytes: number, totalBytes?: number): void;
}
export type JobWork = (control: JobControl) => Promise<NonNullable<Job['result']>>;

interface Entry {
  job: Job;
  work: JobWork;
  controller: AbortController;
  finished: Promise<void>;
  toldAtMs: number;
}

export class Jobs {
  readonly changed = new Emitter<Job>();
  private readonly entries = new Map<string, Entry>();
  private count = 0;

  /** `canResume`: cut off or failed, it can go on from where it was when it is run again. */
  start(kind: Job['kind'], title: string, work: JobWork, canResume = false): string {
    const id = `job-${process.pid}-${++this.count}`;
    const job: Job = { id, kind, title, state: 'running', step: '', doneBytes: 0, startedAt: Date.now(), canResume };
    const entry = { job, work, controller: new AbortController(), finished: Promise.resolve(), toldAtMs: 0 };
    this.entries.set(id, entry);
    this.forgetOld();
    entry.finished = this.run(entry);
    return id;
  }

  private async run(entry: Entry): Promise<void> {
    const { job, work, controller } = entry;
    const { error: _, endedAt: __, ...rest } = job;
    this.update(entry, { ...rest, state: 'running' });
    const control: JobControl = {
      signal: controller.signal,
      step: (step) => this.update(entry, { ...entry.job, step }),
      progress: (doneBytes, totalBytes) => {
        entry.job = { ...entry.job, doneBytes, ...(totalBytes === undefined ? {} : { totalBytes }) };
        const now = performance.now();
        if (now - entry.toldAtMs >= TELL_MS) this.tell(entry, now);
      },
    };
    try {
      const result = await work(control);
      this.update(entry, { ...entry.job, state: 'done', step: '', endedAt: Date.now(), canResume: false, result });
    } catch (error) {
      const isCancelled = controller.signal.aborted;
      const state = isCancelled ? 'cancelled' : 'failed';
      const data = isCancelled ? {} : { error: toErrorData(error) };
      this.update(entry, { ...entry.job, state, endedAt: Date.now(), ...data });
    }
  }
  private update(entry: Entry, job: Job): void {
    entry.job = job;
    this.tell(entry, performance.now());
  }
  private tell(entry: Entry, now: number): void {
    entry.toldAtMs = now;
    this.changed.fire(entry.job);
  }

  /** Latest first. */
  list(): Job[] {
    return [...this.entries.values()].map((entry) => entry.job).reverse();
  }
  get(id: string): Job {
    return this.find(id).job;
  }
  /** Resolves when it is over, whatever came of it. */
  async finished(id: string): Promise<Job> {
    await this.find(id).finished;
    return this.get(id);
  }
  async cancel(id: string): Promise<void> {
    const entry = this.find(id);
    entry.controller.abort(new VmError('job.cancelled', 'it was cancelled'));
    await entry.finished;
  }
  resume(id: string): void {
    const entry = this.find(id);
    if (entry.job.state === 'running') return;
    if (!entry.job.canResume) throw new VmError('job.not-found', "this job can't go on; begin it again", { job: id });
    entry.controller = new AbortController();
    entry.finished = this.run(entry);
  }

  private find(id: string): Entry {
    const entry = this.entries.get(id);
    if (entry === undefined) throw new VmError('job.not-found', `there is no job ${id}`, { job: id });
    return entry;
  }
  private forgetOld(): void {
    for (const [id, { job }] of this.entries) {
      if (this.entries.size <= MAX_KEPT) return;
      if (job.state !== 'running') this.entries.delete(id);
    }
  }
  dispose(): void {
    for (const { controller } of this.entries.values()) controller.abort();
  }
}

/**
 * What an instance leaves on the disk while and after it runs: `runs/TIME.json` each, the newest kept; `console.log` with its
 * scrollback; `samples-TIME.json`. None of it is confirmed to the user before it is written, so a crash may lose the last second.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { RunRecord } from '../../contract/api/insight.ts';
import type { VmSample } from '../../contract/api/vm.ts';
import { VmError } from '../../contract/errors.ts';
import { namesIn, readText, writeFileAtomic } from './atomic.ts';
import { DocumentKind } from './document.ts';

const MAX_RUNS = 50;

/** The crash report lies with the run. */
export type StoredRun = RunRecord & { report?: string; missing?: Record<string, number> };

const runDocument = new DocumentKind(
  'the record of a run',
  z.looseObject({ startedAt: z.number(), commandLine: z.string(), image: z.string() }),
);
const FILE = /^(\d+)\.json$/;

export class RunStore {
  private readonly folder: string;

  /** Of the instance's folder. */
  constructor(instanceFolder: string) {
    this.folder = join(instanceFolder, 'runs');
  }

  /** Latest first. */
  list(): StoredRun[] {
    return this.times()
      .map((time) => this.read(time))
      .filter((run) => run !== undefined);
  }
  latest(): StoredRun | undefined {
    for (const time of this.times()) {
      const run = this.read(time);
      if (run !== undefined) return run;
    }
    return undefined;
  }
  get(startedAt: number | undefined): StoredRun | undefined {
    return startedAt === undefined ? this.latest() : this.read(startedAt);
  }

  save(run: StoredRun): void {
    // A removed instance takes no more records.
    if (!existsSync(join(this.folder, '..'))) return;
    mkdirSync(this.folder, { recursive: true });
    runDocument.write(join(this.folder, `${run.startedAt}.json`), run as StoredRun & Record<string, unknown>);
    for (const time of this.times().slice(MAX_RUNS)) {
      rmSync(join(this.folder, `${time}.json`), { force: true });
      rmSync(join(this.folder, `${time}.samples`), { force: true });
    }
  }

  saveSamples(startedAt: number, samples: readonly VmSample[]): void {
    if (existsSync(this.folder)) writeFileAtomic(join(this.folder, `${startedAt}.samples`), JSON.stringify(samples));
  }
  samples(startedAt: number): VmSample[] {
    const text = readText(join(this.folder, `${startedAt}.samples`));
    return text === undefined ? [] : (JSON.parse(text) as VmSample[]);
  }

  private times(): number[] {
    return namesIn(this.folder)
      .map((name) => Number(FILE.exec(name)?.[1]))
      .filter((time) => !Number.isNaN(time))
      .sort((a, b) => b - a);
  }
  /** History is no place to stop at: a record that can't be read is passed over, and stays. */
  private read(time: number): StoredRun | undefined {
    try {
      return runDocument.read(join(this.folder, `${time}.json`)) as StoredRun | undefined;
    } catch (error) {
      if (error instanceof VmError) return undefined;
      throw error;
    }
  }
}

/** Runs programs on several CPUs and says which of them differ from the first, the reference. */

import { compareOutcomes, type Difference } from './compare.ts';
import { type Assembled, assembleProgram } from './emit.ts';
import type { Image, Outcome } from './layout.ts';
import type { NativeCpu } from './native.ts';
import { type MakeEngine, OurCpu } from './ours.ts';
import type { Rows } from './rows.ts';
import type { Program } from './tree.ts';

export interface Cpu {
  readonly name: string;
  /** The outcome of a program; the seed decides what must not matter. */
  run(image: Image, seed: number): Outcome;
}

/** What the others are compared with: takes many programs at once. */
export interface Reference {
  readonly name: string;
  run(images: readonly Image[], seeds: readonly number[]): Outcome[];
}

export const nativeReference = (native: NativeCpu): Reference => ({ name: 'CPU', run: (images) => native.run(images) });

export const engineReference = (cpu: Cpu): Reference => ({
  name: cpu.name,
  run: (images, seeds) => images.map((image, i) => cpu.run(image, seeds[i]!)),
});

/** An engine of ours, made anew after so many programs. */
export function engineCpu(name: string, make: MakeEngine, model: string, programsPerEngine = 500): Cpu {
  let cpu: OurCpu | undefined;
  let count = 0;
  return {
    name,
    run: (image, seed) => {
      if (count++ % programsPerEngine === 0) cpu = undefined;
      cpu ??= new OurCpu(make, model);
      try {
        return cpu.run(image, seed);
      } catch (error) {
        // What an engine can't do is a result too. It goes on with the next program: a new one would take long.
        return { how: String(error), stops: [], memory: new Uint8Array(0) };
      }
    },
  };
}

export interface Verdict {
  readonly assembled: Assembled;
  /** Outcome on the reference. */
  readonly expected: Outcome;
  /** Name of a CPU that differs from the reference, and how. */
  readonly wrong?: { readonly cpu: string; readonly difference: Difference };
}

export class Judge {
  private readonly rows: Rows;
  private readonly reference: Reference;
  private readonly others: readonly Cpu[];

  constructor(rows: Rows, reference: Reference, others: readonly Cpu[]) {
    this.rows = rows;
    this.reference = reference;
    this.others = others;
  }

  judge(programs: readonly Program[]): Verdict[] {
    const assembled = programs.map((program) => assembleProgram(program, this.rows));
    const images = assembled.map((a) => a.image);
    const seeds = programs.map((p) => p.seed);
    const { reference, others } = this;
    const expected = reference.run(images, seeds);
    // A program that does not end says nothing: how far it came is chance.
    const isEndless = expected.map(({ how }) => how === 'time');
    const outcomes = others.map((cpu) =>
      images.map((image, i) => (isEndless[i] ? undefined : cpu.run(image, seeds[i]!))),
    );
    return assembled.map((a, i) => {
      if (isEndless[i]) return { assembled: a, expected: expected[i]! };
      for (const [n, cpu] of others.entries()) {
        const names = [reference.name, cpu.name] as const;
        const difference = compareOutcomes(a.image, a.definedAt, expected[i]!, outcomes[n]![i]!, names);
        if (difference) return { assembled: a, expected: expected[i]!, wrong: { cpu: cpu.name, difference } };
      }
      return { assembled: a, expected: expected[i]! };
    });
  }
}

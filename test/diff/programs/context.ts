/** What the parts of the generator share: random numbers, the rows to choose from, features, and registers not to be touched. */
import type { Random } from '../isa/random.ts';
import type { Layout } from './layout.ts';
import type { Rows } from './rows.ts';

/** What a program may contain beside integer code and control flow; each program takes a random part of what is allowed. */
export const FEATURES = [
  'mmx',
  'sse',
  'avx',
  'x87',
  'string',
  'stack',
  'call',
  'tangle',
  'catch',
  'fault',
  'probe',
  'patch',
  'nearPatch',
  'lock',
  'gs',
  'high',
  'unmasked',
  'divide',
] as const;
export type Feature = (typeof FEATURES)[number];

/** R14 holds the middle of the scratch data, RSP the stack. */
export const BASE = 14;
export const RSP = 4;
export const RBP = 5;

/** GS points here, from the middle of the scratch data. */
export const GS_OFFSET = 0x400;

export interface Context {
  readonly r: Random;
  readonly rows: Rows;
  readonly layout: Layout;
  readonly features: ReadonlySet<Feature>;
  /** Registers that must keep their value here. */
  readonly locked: ReadonlySet<number>;
  /** Offset in the scratch data of a small place that is hit often. */
  readonly hot: number;
}

export const lockAlso = (c: Context, ...registers: readonly number[]): Context => ({
  ...c,
  locked: new Set([...c.locked, ...registers]),
});

/** A general register that may be changed. */
export function freeRegister(c: Context, ...not: readonly number[]): number {
  for (;;) {
    const register = c.r.below(16);
    if (!c.locked.has(register) && !not.includes(register)) return register;
  }
}

/** A random program as a tree: what the generator makes, the emitter turns into code, and the minimiser cuts down. */
import type { Layout, Region, Registers } from './layout.ts';
import type { Op } from './ops.ts';

/** Instructions that only make sense together; `isLoose` ones can be left out one by one. */
export interface Unit {
  readonly kind: 'unit';
  readonly ops: readonly Op[];
  readonly isLoose: boolean;
}
export interface Sequence {
  readonly kind: 'sequence';
  readonly body: readonly Node[];
}
/** Jcc over the body, to `otherwise` if there is one. */
export interface If {
  readonly kind: 'if';
  readonly condition: number;
  readonly body: Node;
  readonly otherwise?: Node;
}
/** How a loop counts: see counters.ts. */
export type Counter =
  | { readonly in: 'register'; readonly register: number; readonly size: 16 | 32 | 64; readonly latch: number }
  | { readonly in: 'rcx' }
  | { readonly in: 'cell'; readonly cell: number }
  | { readonly in: 'stack' };
export interface Loop {
  readonly kind: 'loop';
  readonly counter: Counter;
  readonly count: number;
  readonly body: Node;
  /** Flags flow from one iteration to the next. */
  readonly carriesFlags: boolean;
}
/** Leaves the loop `depth` levels out, or goes on with its next iteration, when the condition holds. */
export interface Leave {
  readonly kind: 'leave';
  readonly condition: number;
  readonly depth: number;
  readonly isContinue: boolean;
}
/** Jump by a table with as many entries as there are cases, a power of two. */
export interface Switch {
  readonly kind: 'switch';
  readonly selector: number;
  readonly index: number;
  readonly how: 'memory' | 'register' | 'relative';
  readonly cases: readonly Node[];
}
export interface Call {
  readonly kind: 'call';
  readonly callee: number;
  readonly how: 'direct' | 'register' | 'memory' | 'table' | 'pushed';
  /** Limits recursion: the call is left out once the program has used them up. */
  readonly isLimited: boolean;
  readonly register: number;
}
/** Blocks that jump among each other, also into the middle of loops; each block has two successors, the last is the exit. */
export interface Tangle {
  readonly kind: 'tangle';
  readonly cell: number;
  readonly count: number;
  readonly entryCondition: number;
  readonly blocks: readonly {
    readonly body: Node;
    readonly condition: number;
    readonly to: number;
    readonly next: number;
  }[];
}
/** Registers and other operands pushed, and popped into other places behind the body. */
export interface Saved {
  readonly kind: 'saved';
  readonly pushes: readonly Op[];
  readonly body: Node;
  readonly pops: readonly Op[];
}
/** setjmp: a `throw` in the body, or in what it calls, comes out behind it. */
export interface Catch {
  readonly kind: 'catch';
  readonly cell: number;
  readonly register: number;
  readonly body: Node;
}
export interface Throw {
  readonly kind: 'throw';
  readonly cell: number;
  readonly condition: number;
}
/** Stops the program for a look at the machine, and for what the host does then. */
export interface Probe {
  readonly kind: 'probe';
  readonly how: 'ud2' | 'int3' | 'syscall' | 'fetch';
  readonly action: number;
  readonly address: number;
  readonly value: number;
}
/** Call of a function in the patch pages, or of code that was copied there. */
export interface PatchCall {
  readonly kind: 'patchCall';
  readonly address: number;
  readonly register: number;
}
/** An instruction of this function that is written over while it runs; `patch` stores to it. */
export interface NearPatch {
  readonly kind: 'nearPatch';
  readonly before: readonly Op[];
  /** Its last operand becomes the target's address plus `plus`. */
  readonly store: Op;
  readonly plus: number;
  readonly hasJump: boolean;
  readonly target: Op;
}

export type Node =
  | Unit
  | Sequence
  | If
  | Loop
  | Leave
  | Switch
  | Call
  | Tangle
  | Saved
  | Catch
  | Throw
  | Probe
  | PatchCall
  | NearPatch;

export interface Func {
  readonly hasFrame: boolean;
  /** Registers pushed at the start and popped at the end. */
  readonly saves: readonly number[];
  /** Flags are defined at the start; at the end. */
  readonly takesFlags: boolean;
  readonly givesFlags: boolean;
  /** Words that the caller pushes and the function takes from the stack. */
  readonly argumentWords: number;
  readonly body: Node;
  /** Function that it jumps to in the end. */
  readonly tail?: number;
}

/** Functions in the patch pages: plain instructions and a return, at fixed places so that stores can name them. */
export interface PatchFunction {
  readonly address: number;
  readonly ops: readonly Op[];
}

export interface Program {
  readonly seed: number;
  readonly layout: Layout;
  readonly isWritableCode: boolean;
  readonly registers: Registers;
  readonly functions: readonly Func[];
  readonly patchFunctions: readonly PatchFunction[];
  /** Regions beside code, tables and patch functions. */
  readonly data: readonly Region[];
  /** Code to copy, at the start of the tables. */
  readonly templates: Uint8Array;
  /** The host takes rights from its data pages while it runs, so that every access may raise. */
  readonly losesData: boolean;
  /** Cells of the catches, which a throw closes. */
  readonly catchCells: readonly number[];
}

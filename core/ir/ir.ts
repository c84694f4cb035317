/**
 * The intermediate representation: what one instruction, or later a region, does. Values are nodes of wasm value types;
 * pure operations are wasm's own (core/wasm/opcodes.ts). Statements give the order of everything that reads or changes
 * state. Control flow inside an instruction is structured.
 *
 * Both tiers consume it: tier 0 lowers one instruction with symbolic operands to a handler, tier 1 many with known ones.
 */
import type { LoadName, StoreName, ValueType } from '../wasm/opcodes.ts';
import type { Helper } from './helpers.ts';

/**
 * A place in the vCPU state: at a known offset, or at the offset that a 16-bit field of the op record holds (symbolic
 * operands of tier 0), plus `add`.
 */
export type Place = { kind: 'fixed'; offset: number } | { kind: 'slot'; record: number; add: number };
/** In routines (helpers.ts) also: at `offset` plus `index` (i32) times 2^shift. */
export type AnyPlace = Place | { kind: 'indexed'; offset: number; index: Node; shift: number };

export type NodeKind =
  | { op: 'const'; value: number | bigint }
  | { op: 'pure'; name: string; lane: number }
  | { op: 'shuffle'; lanes: readonly number[] }
  /** args: value if true, value if false, condition */
  | { op: 'select' }
  | { op: 'state'; load: LoadName; place: AnyPlace }
  /** Field of the op record; constant while the record lives. */
  | { op: 'record'; load: LoadName; offset: number }
  /** Guest memory; arg: address (i64), which a check statement has vetted. */
  | { op: 'load'; load: LoadName }
  | { op: 'variable'; variable: Variable }
  /** Of a routine (helpers.ts). */
  | { op: 'parameter'; index: number }
  /**
   * args: subject (f32, f64 or v128 of floats), and two conditions (i32, 0 or 1), either of which is enough. Its truth says
   * about the subject that every lane is zero or a normal finite number. The value is that of `or` on the conditions; the
   * subject is only named, not evaluated.
   */
  | { op: 'ordinary' }
  | { op: 'call'; helper: Helper }
  /** Tier 1: value of a cached place (core/jit/places.ts) where a stretch of blocks begins. */
  | { op: 'in'; place: number; root: object };

export interface Node {
  readonly kind: NodeKind;
  readonly type: ValueType;
  readonly args: readonly Node[];
  /** Filled in by lowering. */
  uses: number;
  local: number;
  /** Tier 1: how often exits need it. */
  exitUses: number;
}

/** A mutable local, for loops inside an instruction. */
export interface Variable {
  readonly type: ValueType;
  local: number;
}

export type Access = 'r' | 'w';

/** Where a direct jump goes: an address known now, or the one in the op record (which also has its link slot). */
export type JumpTarget = { kind: 'address'; address: number } | { kind: 'record' };

export type Statement =
  | { kind: 'let'; node: Node }
  | { kind: 'put'; store: StoreName; place: AnyPlace; value: Node }
  | { kind: 'store'; store: StoreName; address: Node; value: Node }
  /** Faults with #PF (or #GP) unless `size` bytes at `address` (i64) allow the access. */
  | { kind: 'check'; address: Node; size: number; access: Access }
  | { kind: 'assign'; variable: Variable; value: Node }
  | { kind: 'if'; condition: Node; whenTrue: Statement[]; whenFalse: Statement[] }
  /** Repeats the body while `condition`, evaluated at its end, is not 0. */
  | { kind: 'loop'; body: Statement[]; condition: Node }
  /** Raises an exception with RIP at this instruction. */
  | { kind: 'raise'; vector: number; error: Node | undefined }
  /** Raises a trap: RIP is behind this instruction. */
  | { kind: 'trap'; vector: number }
  /** Calls a helper that answers 0, or nonzero when it has set up an exception or exit in the state. */
  | { kind: 'callChecked'; helper: Helper; args: readonly Node[] }
  /** Terminators: nothing follows in their list. The first ends a routine. */
  | { kind: 'return'; value: Node }
  | { kind: 'jump'; target: JumpTarget }
  /** Goes to the address in `target` (i64); a return may go back to a call that waits for it (core/jit). */
  | { kind: 'jumpIndirect'; target: Node; isReturn: boolean }
  /** Goes on behind this instruction by way of a look-up (its bytes, or what they decode to, may have changed). */
  | { kind: 'exit'; reason: number };

/** What a translated block does, in order: the IR's statements with cached places resolved and exits made explicit. */
import type { Helper } from '../ir/helpers.ts';
import type { Access, Node, Variable } from '../ir/ir.ts';
import type { StoreName } from '../wasm/opcodes.ts';
import type { PlaceValues } from './place-values.ts';

/** A point where tier 0 can take over: the state as of the instruction at `ip`. */
export interface ExitPoint {
  readonly ip: number;
  readonly values: PlaceValues;
  /** Instructions of the block that are complete then. */
  readonly executed: number;
}

export type JitStatement =
  | { kind: 'let'; node: Node }
  /** State that is not cached. */
  | { kind: 'put'; store: StoreName; offset: number; value: Node }
  | { kind: 'store'; store: StoreName; address: Node; value: Node }
  | { kind: 'check'; address: Node; size: number; access: Access; exit: ExitPoint }
  | { kind: 'assign'; variable: Variable; value: Node }
  | { kind: 'if'; condition: Node; whenTrue: JitStatement[]; whenFalse: JitStatement[] }
  | { kind: 'loop'; body: JitStatement[]; condition: Node }
  /** Gives up at `exit`: tier 0 does the instruction. */
  | { kind: 'leave'; exit: ExitPoint }
  /** Writes the dirty places back. */
  | { kind: 'flush'; values: PlaceValues }
  /** Returns to the run loop when the helper answers nonzero; everything is written back before. */
  | { kind: 'callChecked'; helper: Helper; args: readonly Node[]; ip: number; executed: number };

export type Terminator =
  /** Goes on by the region's entry. */
  | { kind: 'dispatch' }
  | { kind: 'jump'; target: number }
  | { kind: 'branch'; condition: Node; taken: number; next: number }
  | { kind: 'call'; target: number; returnIp: number }
  /** Indirect branches: `exit` is for targets that are no guest addresses. */
  | { kind: 'callIndirect'; target: Node; returnIp: number; exit: ExitPoint }
  | { kind: 'return'; target: Node; exit: ExitPoint }
  | { kind: 'jumpIndirect'; target: Node; exit: ExitPoint }
  /** Back to the run loop with RIP at `next`. */
  | { kind: 'exit'; reason: number; next: number }
  | { kind: 'leave'; exit: ExitPoint };

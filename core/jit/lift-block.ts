/** Lifts one guest block: its instructions' rows run against a RegionBuilder, one after the other. */

import { addressFormOf } from '../interp/handlers.ts';
import { type CompareMemory, liftInsnWith } from '../lift/lift.ts';
import { EXIT_SYSCALL } from '../vcpu/exits.ts';
import { RegionBuilder, type XmmMode } from './builder.ts';
import { InsnOperands } from './operands.ts';
import type { PlaceValues } from './place-values.ts';
import type { CodeSource, GuestBlock } from './region.ts';
import type { ExitPoint, JitStatement, Terminator } from './statements.ts';

export interface LiftedBlock {
  readonly guest: GuestBlock;
  readonly statements: readonly JitStatement[];
  readonly terminator: Terminator;
  /** What the places hold at its end. */
  readonly values: PlaceValues;
  /** Where tier 0 may have to go on. */
  readonly exits: ReadonlySet<ExitPoint>;
  /** Compares that conditions of a following block may be built from. */
  readonly compare: CompareMemory;
}

/** Lifts a block that begins with `values`, which are its own from now on. Throws NotTranslatable. */
export function liftBlock(
  guest: GuestBlock,
  source: CodeSource,
  values: PlaceValues,
  modes: readonly XmmMode[],
  compare: CompareMemory,
): LiftedBlock {
  const builder = new RegionBuilder(values, modes, guest.ip, source.exactSites);
  const done = (terminator: Terminator): LiftedBlock => ({
    guest,
    statements: builder.out,
    terminator,
    values: builder.values,
    exits: builder.exits,
    compare,
  });
  for (const [i, ip] of guest.insns.entries()) {
    builder.beginInsn(ip, i);
    const insn = source.decode(ip);
    if (insn === undefined) return done({ kind: 'leave', exit: builder.resume });
    const form = { encoding: insn.enc, size: insn.operandSize, addressSize: insn.addressSize, repeat: insn.repeat };
    liftInsnWith(form, new InsnOperands(ip, insn, addressFormOf(insn)), builder, compare);
    if (builder.hasLeft) return done({ kind: 'leave', exit: builder.resume });
  }
  const { resume } = builder;
  builder.beginInsn(guest.end, guest.insns.length);
  return done(terminatorOf(guest, builder, resume));
}

/** `exit` is where the last instruction can be done again. */
function terminatorOf({ end, ending }: GuestBlock, builder: RegionBuilder, exit: ExitPoint): Terminator {
  switch (ending.kind) {
    case 'fall':
      return { kind: 'jump', target: end };
    case 'jump':
      return { kind: 'jump', target: ending.target };
    case 'branch': {
      const { branchCondition, jumpTarget } = builder;
      // Both ways may lead to the same place, which must be emitted once.
      if (ending.taken === end) return { kind: 'jump', target: end };
      if (branchCondition !== undefined)
        return { kind: 'branch', condition: branchCondition, taken: ending.taken, next: end };
      // The condition was a constant.
      return { kind: 'jump', target: jumpTarget ?? end };
    }
    case 'call':
      return { kind: 'call', target: ending.target, returnIp: end };
    case 'callIndirect':
      return { kind: 'callIndirect', target: builder.indirectTarget!, returnIp: end, exit };
    case 'return':
      return { kind: 'return', target: builder.indirectTarget!, exit };
    case 'jumpIndirect':
      return { kind: 'jumpIndirect', target: builder.indirectTarget!, exit };
    case 'exit':
      return { kind: 'exit', reason: builder.exitReason ?? EXIT_SYSCALL, next: end };
    case 'leave':
      return {
        kind: 'leave',
        exit: { ip: end, values: builder.values.copy(), executed: builder.executed },
      };
  }
}

/** Random instructions of any row that needs no state of its own. */
import type { Assembly } from '../../../core/x86/assembler.ts';
import type { Encoding, OperandDef } from '../../../core/x86/notation.ts';
import { chooseOperandSize } from '../isa/cases.ts';
import type { Context } from './context.ts';
import { type Place, scratchOffset, scratchPlace } from './operands.ts';
import type { Op } from './ops.ts';
import { implicitWrites, type RowKind, writesBits } from './rows.ts';

/** A random row: of everyday code mostly, and of the kinds that the program has. */
export function randomRow(c: Context): Encoding {
  const { r, rows, features } = c;
  const kinds = (['mmx', 'sse', 'avx', 'x87'] as const).filter((k) => features.has(k) && rows.plain(k).length > 0);
  const kind: RowKind = kinds.length > 0 && r.chance(35) ? r.pick(kinds) : 'integer';
  const choice = kind === 'integer' && r.chance(70) ? rows.common : rows.plain(kind);
  for (;;) {
    const row = r.pick(r.pick(choice));
    if (canUse(c, row)) return row;
  }
}

/** False for a row that writes a locked register whatever its operands are, or does what CPUs do differently. */
export const canUse = (c: Context, row: Encoding): boolean =>
  !varies(c, row) &&
  implicitWrites(row).every((register) => !c.locked.has(register)) &&
  row.operands.every((o) => o.addressing !== 'fixed' || !o.access.includes('w') || !c.locked.has(o.fixed));

/** Which NaN a sum takes differs always, the others when a store faults. */
function varies({ features }: Context, row: Encoding): boolean {
  const variation = row.insn.test?.varies;
  if (variation === undefined || variation === 'rexB') return false;
  return variation === 'sums' || features.has('fault') || features.has('probe');
}

/** Bytes of a memory operand. */
function operandBytes(operand: OperandDef, row: Encoding, size: 16 | 32 | 64): number {
  if (operand.access === '-' && !writesBits(row)) return 64;
  const bytes: Partial<Record<OperandDef['size'], number>> = {
    b: 1,
    w: 2,
    d: 4,
    ss: 4,
    q: 8,
    sd: 8,
    t: 10,
    x: 16,
    qq: 32,
  };
  const wide = row.rexW === 1 || size === 64;
  return bytes[operand.size] ?? (operand.size === 'y' ? (wide ? 8 : 4) : size / 8);
}

/** An instruction of the row with random operands; what its memory operand needs comes first. */
export function randomOf(c: Context, row: Encoding, place?: Place): Op[] {
  const { r } = c;
  const memoryOperand = row.operands.find((o) => 'EMWQ'.includes(o.addressing));
  const isMemory = row.mod === 'mem' || (row.mod === 'any' && row.hasModrm && memoryOperand && r.chance(45));
  const operandSize = chooseOperandSize(row, r);
  let found: Place | undefined;
  if (isMemory && memoryOperand) {
    const bytes = operandBytes(memoryOperand, row, operandSize);
    const align = row.aligned ? Math.min(bytes, 32) : 1;
    found = place ?? scratchPlace(c, bytes, align);
  }
  const hasLock =
    found && row.insn.lock && c.features.has('lock') && 'EM'.includes(row.operands[0]!.addressing) && r.chance(25);
  for (;;) {
    const assembly: Omit<Assembly, 'ip'> = {
      operandSize,
      reg: r.below(16),
      rm: r.below(16),
      forceRex: r.chance(40),
      immediate: r.integer(),
      ...(row.usesVvvv ? { vvvv: r.below(16) } : {}),
      ...(found ? { memory: found.memory } : {}),
      ...(found?.addressSize ? { addressSize: found.addressSize } : {}),
      ...(hasLock ? { lock: true } : {}),
    };
    if (row.operands.some((o) => o.addressing === 'O'))
      assembly.immediate = BigInt(c.layout.data + scratchOffset(c, 8, 1));
    if (writtenRegisters(row, assembly).some((register) => c.locked.has(register))) continue;
    return [...(found?.setUp ?? []), { row, assembly, ...(found?.hasGs ? { hasGs: true } : {}) }];
  }
}

/** General registers that the operands say are written. */
function writtenRegisters(row: Encoding, a: Omit<Assembly, 'ip'>): number[] {
  const hasRex =
    a.forceRex ||
    (row.rexW ?? (a.operandSize === 64 && !row.default64)) ||
    (row.hasModrm && row.digit === -1 && a.reg >= 8) ||
    (a.memory ? a.memory.base >= 8 || a.memory.index >= 8 : a.rm >= 8);
  // Without REX, byte registers 4 to 7 are AH CH DH BH.
  const whole = (n: number, o: OperandDef): number => (o.size === 'b' && !hasRex && n >= 4 && n < 8 ? n - 4 : n);
  return row.operands.flatMap((o, i) => {
    if (!o.access.includes('w') && !(i === 0 && writesBits(row))) return [];
    if (o.addressing === 'G') return [whole(a.reg, o)];
    if ('ERZ'.includes(o.addressing) && !a.memory) return [whole(a.rm, o)];
    if (o.addressing === 'B') return [a.vvvv ?? 0];
    return o.addressing === 'fixed' && o.text !== '1' ? [o.fixed] : [];
  });
}

export const randomInsn = (c: Context): Op[] => randomOf(c, randomRow(c));

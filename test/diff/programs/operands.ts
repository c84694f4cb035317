/**
 * Memory operands that lie in the scratch data, in all address forms: the instructions that put the registers to fit, and
 * the operand. Half of the time they hit one small place, so that accesses of different sizes overlap.
 */
import type { MemoryOperand } from '../../../core/x86/assembler.ts';
import { BASE, type Context, freeRegister, GS_OFFSET, lockAlso, RSP } from './context.ts';
import { DATA_MIDDLE, DATA_PAGES, PAGE } from './layout.ts';
import type { Op } from './ops.ts';
import { absolute, based, op } from './shapes.ts';

const DATA_BYTES = DATA_PAGES * PAGE;

/** A memory operand and what must stand before it. */
export interface Place {
  readonly setUp: readonly Op[];
  readonly memory: MemoryOperand;
  readonly addressSize?: 32;
  readonly hasGs?: boolean;
  /** Registers that the address uses. */
  readonly registers: readonly number[];
}

/** Offset in the scratch data of an access of `bytes` bytes. */
export function scratchOffset({ r, hot }: Context, bytes: number, align: number): number {
  const cut = (offset: number): number => Math.max(0, Math.min(offset, DATA_BYTES - bytes)) & -align;
  const kind = r.below(10);
  if (kind < 5) return cut(hot + r.below(32));
  if (kind < 6) return cut(PAGE * (1 + r.below(DATA_PAGES - 1)) - r.below(bytes + 1));
  return cut(r.below(DATA_BYTES));
}

/** Values of an index register by how it is made: the register is a random value cut to this range. */
const INDEX_BYTES = 256;

/** A place for an access of `bytes` bytes at a multiple of `align`, or anywhere when it is 1. */
export function scratchPlace(c: Context, bytes: number, align = 1): Place {
  const { r, layout, features } = c;
  const offset = scratchOffset(c, bytes, align);
  const address = layout.data + offset;
  const kind = r.below(14);
  if (kind < 4) return { setUp: [], memory: based(BASE, offset - DATA_MIDDLE), registers: [BASE] };
  if (kind < 6) return { setUp: [], memory: { ...absolute(0), ripTarget: address }, registers: [] };
  if (kind === 6 && layout.data < 0x8000_0000) return { setUp: [], memory: absolute(address), registers: [] };
  if (kind === 7 && features.has('gs')) {
    const memory = absolute(offset - DATA_MIDDLE - GS_OFFSET);
    return { setUp: [], memory, hasGs: true, registers: [] };
  }
  if (kind < 10) return pointerPlace(c, address);
  if (kind === 10) return narrowPlace(c, address);
  return indexedPlace(c, bytes, align);
}

/** Through a pointer that is put into a register just before. */
function pointerPlace(c: Context, address: number): Place {
  const { r, rows } = c;
  const register = freeRegister(c);
  const displacement = r.pick([0, 0, 8, -8, 127, -128, r.below(1 << 20) - (1 << 19)]);
  const name = r.chance(50) ? 'mov Zv Iv' : 'lea Gv M';
  const at = address - displacement;
  const setUp =
    name === 'lea Gv M'
      ? op(rows, name, 64, { reg: register, memory: based(BASE, at - (c.layout.data + DATA_MIDDLE)) })
      : op(rows, name, 64, { rm: register, immediate: at });
  return { setUp: [setUp], memory: based(register, displacement), registers: [register] };
}

/** With 32-bit address arithmetic, and rubbish in the upper halves. */
function narrowPlace(c: Context, address: number): Place {
  const { r, rows } = c;
  const register = freeRegister(c);
  const displacement = r.below(1 << 20) - (1 << 19);
  const value = (BigInt(r.u32()) << 32n) | BigInt((address - displacement) >>> 0);
  return {
    setUp: [op(rows, 'mov Zv Iv', 64, { rm: register, immediate: value })],
    memory: based(register, displacement),
    addressSize: 32,
    registers: [register],
  };
}

/** With an index that is a random byte, with sign or without, times the scale. */
function indexedPlace(c: Context, bytes: number, align: number): Place {
  const { r, rows } = c;
  const index = freeRegister(c, RSP);
  const source = r.below(16);
  const scale = r.below(4);
  const isSigned = r.chance(30);
  const setUp: Op[] = [
    op(rows, isSigned ? 'movsx Gv Eb' : 'movzx Gv Eb', 64, { reg: index, rm: source, forceRex: true }),
  ];
  if (align > 1) setUp.push(op(rows, 'and Ev sIb', 64, { rm: index, immediate: -(align >> scale || 1) }));
  const span = INDEX_BYTES << scale;
  const low = isSigned ? span / 2 : 0;
  const room = DATA_BYTES - span - bytes;
  const offset = (low + r.below(room)) & -align;
  if (r.chance(50)) {
    return {
      setUp,
      memory: { base: BASE, index, scale, displacement: offset - DATA_MIDDLE },
      registers: [BASE, index],
    };
  }
  const base = freeRegister(lockAlso(c, index));
  const displacement = r.below(4096) - 2048;
  setUp.push(op(rows, 'mov Zv Iv', 64, { rm: base, immediate: c.layout.data + offset - displacement }));
  return { setUp, memory: { base, index, scale, displacement }, registers: [base, index] };
}

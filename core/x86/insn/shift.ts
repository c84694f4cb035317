/** Shifts and rotates: SDM vol. 2, SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD. */
import type { Node } from '../../ir/ir.ts';
import type { LiftContext, Width } from '../lift-context.ts';
import { type EncodingSpec, enc, type InsnDef } from '../notation.ts';

function encodings(number: number): EncodingSpec[] {
  return [
    enc(`C0 /${number}`, 'rw:Eb', 'r:Ib'),
    enc(`C1 /${number}`, 'rw:Ev', 'r:Ib'),
    enc(`D0 /${number}`, 'rw:Eb', 'r:1'),
    enc(`D1 /${number}`, 'rw:Ev', 'r:1'),
    enc(`D2 /${number}`, 'rw:Eb', 'r:CL'),
    enc(`D3 /${number}`, 'rw:Ev', 'r:CL'),
  ];
}

/** What a shift computes from x and a count in [1, 31] or [1, 63]; all values i64, x zero-extended. */
interface Shifted {
  value: Node;
  /** i64; only bit 0 counts. */
  carry: Node;
  /** i64; only bit 0 counts. */
  overflow: Node;
}

type Compute = (c: LiftContext, x: Node, count: Node, width: Width) => Shifted;

/**
 * Common frame: the count is masked to 5 bits (6 for 64-bit operands), and a count of 0 changes neither operand nor flags
 * (a 32-bit register is still zero-extended).
 */
function shift(mnemonic: string, numbers: number[], setsResultFlags: boolean, compute: Compute): InsnDef {
  return {
    mnemonic,
    encodings: numbers.flatMap(encodings),
    flags: setsResultFlags
      ? { writes: 'oszapc', undefined: 'ao' }
      : { writes: 'oc', undefined: 'o', ...(mnemonic.startsWith('rc') ? { reads: 'c' } : {}) },
    test: { setup: 'shift' },
    lift(c) {
      const { b } = c;
      const width = c.width(0) as Width;
      const original = c.read(0);
      const x = b.extendU(original);
      const count = b.extendU(b.and(c.read(1), b.i32(width === 64 ? 63 : 31)));
      b.if(
        b.op('i64.ne', count, b.i64(0)),
        () => {
          const { value, carry, overflow } = compute(c, x, count, width);
          const result = width === 64 ? value : b.wrap(value);
          c.setCf(b.and(b.wrap(carry), b.i32(1)));
          c.setOf(b.and(b.wrap(overflow), b.i32(1)));
          if (setsResultFlags) c.flagsResult(width, result);
          c.write(0, result);
        },
        () => c.write(0, original),
      );
    },
  };
}

/** Bit `width - 1` of x, as bit 0. */
function top(c: LiftContext, x: Node, width: Width): Node {
  return c.b.shrU(x, c.b.i64(width - 1));
}
function cut(c: LiftContext, x: Node, width: Width): Node {
  return width === 64 ? x : c.b.and(x, c.b.i64((1n << BigInt(width)) - 1n));
}

const shl: Compute = (c, x, count, width) => {
  const { b } = c;
  const value = cut(c, b.shl(x, count), width);
  // The last bit out is bit (width - count); counts above the width leave zeros.
  const carry = width === 64 ? b.shrU(x, b.sub(b.i64(64), count)) : b.shrU(b.shl(x, count), b.i64(width));
  return { value, carry, overflow: b.xor(top(c, value, width), carry) };
};

const shr: Compute = (c, x, count, width) => {
  const { b } = c;
  return {
    value: b.shrU(x, count),
    carry: b.shrU(x, b.sub(count, b.i64(1))),
    overflow: top(c, x, width),
  };
};

const sar: Compute = (c, x, count, width) => {
  const { b } = c;
  const extended = b.signExtend64(x, width);
  return {
    value: cut(c, b.shrS(extended, count), width),
    carry: b.shrS(extended, b.sub(count, b.i64(1))),
    overflow: b.i64(0),
  };
};

function rotate(c: LiftContext, x: Node, left: Node, width: Width): Node {
  const { b } = c;
  if (width === 64) return b.op('i64.rotl', x, left);
  const by = b.and(left, b.i64(width - 1));
  const right = b.and(b.sub(b.i64(width), by), b.i64(width - 1));
  return cut(c, b.or(b.shl(x, by), b.shrU(x, right)), width);
}

const rol: Compute = (c, x, count, width) => {
  const value = rotate(c, x, count, width);
  return { value, carry: value, overflow: c.b.xor(top(c, value, width), value) };
};

const ror: Compute = (c, x, count, width) => {
  const { b } = c;
  const value = rotate(c, x, b.sub(b.i64(0), count), width);
  const carry = top(c, value, width);
  return { value, carry, overflow: b.xor(carry, b.shrU(value, b.i64(width - 2))) };
};

/** Rotates through carry turn a value of width + 1 bits; the count is taken modulo that. */
function throughCarry(isLeft: boolean): Compute {
  return (c, x, count, width) => {
    const { b } = c;
    const oldCarry = b.extendU(c.getCf());
    const n = width < 32 ? b.op('i64.rem_u', count, b.i64(width + 1)) : count;
    const isZero = b.op('i64.eqz', n);
    const one = b.i64(1);
    const rest = b.sub(b.i64(width), n);
    // Shifts by 64 happen for n = 0 and n = 1 and are split so that they give 0 where they must.
    const value = isLeft
      ? b.or(b.or(b.shl(x, n), b.shl(oldCarry, b.sub(n, one))), b.shrU(b.shrU(x, one), rest))
      : b.or(b.or(b.shrU(x, n), b.shl(oldCarry, rest)), b.shl(b.shl(x, one), rest));
    const carryOut = isLeft ? b.shrU(x, rest) : b.shrU(x, b.sub(n, one));
    const result = b.select(isZero, x, cut(c, value, width));
    const carry = b.select(isZero, oldCarry, b.and(carryOut, one));
    const high = top(c, result, width);
    const overflow = isLeft ? b.xor(high, carry) : b.xor(high, b.shrU(result, b.i64(width - 2)));
    return { value: result, carry, overflow };
  };
}

/** SHLD/SHRD: counts above the operand size are undefined for 16-bit operands. */
function doubleShift(mnemonic: string, opcode: number, isLeft: boolean): InsnDef {
  const hex = (n: number): string => n.toString(16).toUpperCase();
  return {
    mnemonic,
    encodings: [
      enc(`0F ${hex(opcode)} /r`, 'rw:Ev', 'r:Gv', 'r:Ib'),
      enc(`0F ${hex(opcode + 1)} /r`, 'rw:Ev', 'r:Gv', 'r:CL'),
    ],
    flags: { writes: 'oszapc', undefined: 'ao' },
    test: { setup: 'doubleShift' },
    lift(c) {
      const { b } = c;
      const width = c.width(0) as Width;
      const original = c.read(0);
      const x = b.extendU(original);
      const filler = b.extendU(c.read(1));
      const count = b.extendU(b.and(c.read(2), b.i32(width === 64 ? 63 : 31)));
      b.if(
        b.op('i64.ne', count, b.i64(0)),
        () => {
          const rest = b.sub(b.i64(width), count);
          const value = isLeft
            ? b.or(b.shl(x, count), b.shrU(filler, rest))
            : b.or(b.shrU(x, count), b.shl(filler, rest));
          const carry = isLeft ? b.shrU(x, rest) : b.shrU(x, b.sub(count, b.i64(1)));
          const wide = cut(c, value, width);
          const result = width === 64 ? wide : b.wrap(wide);
          c.setCf(b.and(b.wrap(carry), b.i32(1)));
          c.setOf(b.and(b.wrap(b.xor(top(c, wide, width), top(c, x, width))), b.i32(1)));
          c.setAf(b.i32(0));
          c.flagsResult(width, result);
          c.write(0, result);
        },
        () => c.write(0, original),
      );
    },
  };
}

export const shifts: InsnDef[] = [
  shift('rol', [0], false, rol),
  shift('ror', [1], false, ror),
  shift('rcl', [2], false, throughCarry(true)),
  shift('rcr', [3], false, throughCarry(false)),
  shift('shl', [4, 6], true, shl),
  shift('shr', [5], true, shr),
  shift('sar', [7], true, sar),
  doubleShift('shld', 0xa4, true),
  doubleShift('shrd', 0xac, false),
];

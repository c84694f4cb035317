/** Multiplication and division: SDM vol. 2, MUL IMUL DIV IDIV. */
import type { Node } from '../../ir/ir.ts';
import { VEC_DE } from '../../vcpu/exits.ts';
import * as st from '../../vcpu/state.ts';
import { RAX, RDX } from '../../vcpu/state.ts';
import { divideHelper } from '../helpers/declared.ts';
import type { LiftContext, Width } from '../lift-context.ts';
import { enc, type InsnDef } from '../notation.ts';

/** High 64 bits of an unsigned 64×64 product, from 32-bit halves. */
export function mulHighU(c: LiftContext, x: Node, y: Node): Node {
  const { b } = c;
  const k32 = b.i64(32);
  const mask = b.i64(0xffffffffn);
  const [x0, x1, y0, y1] = [b.and(x, mask), b.shrU(x, k32), b.and(y, mask), b.shrU(y, k32)];
  const low = b.mul(x0, y0);
  const mid1 = b.add(b.mul(x1, y0), b.shrU(low, k32));
  const mid2 = b.add(b.mul(x0, y1), b.and(mid1, mask));
  return b.add(b.add(b.mul(x1, y1), b.shrU(mid1, k32)), b.shrU(mid2, k32));
}

export function mulHighS(c: LiftContext, x: Node, y: Node): Node {
  const { b } = c;
  const k63 = b.i64(63);
  const correction = b.add(b.and(b.shrS(x, k63), y), b.and(b.shrS(y, k63), x));
  return b.sub(mulHighU(c, x, y), correction);
}

/** CF and OF tell that the high half matters; SF ZF AF PF are undefined and left alone. */
function setOverflow(c: LiftContext, bit: Node): void {
  c.setCf(bit);
  c.setOf(bit);
}

/** One-operand forms: the double-width product in rDX:rAX, for bytes in AX. */
function wideMultiply(mnemonic: string, number: number, isSigned: boolean): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`F6 /${number}`, 'r:Eb'), enc(`F7 /${number}`, 'r:Ev')],
    flags: { writes: 'oszapc', undefined: 'szap' },
    lift(c) {
      const { b } = c;
      const width = c.width(0) as Width;
      const x = c.gpr(RAX, width);
      const y = c.read(0);
      if (width === 64) {
        const low = b.mul(x, y);
        const high = isSigned ? mulHighS(c, x, y) : mulHighU(c, x, y);
        c.setGpr(RAX, 64, low);
        c.setGpr(RDX, 64, high);
        setOverflow(c, b.ne(high, isSigned ? b.shrS(low, b.i64(63)) : b.i64(0)));
        return;
      }
      const extend = (v: Node): Node => (isSigned ? b.signExtend64(v, width) : b.extendU(v));
      const product = b.mul(extend(x), extend(y));
      const fits = isSigned
        ? b.eq(b.signExtend64(product, width), product)
        : b.eq(b.and(product, b.i64((1n << BigInt(width)) - 1n)), product);
      if (width === 8) c.setGpr(RAX, 16, b.wrap(product));
      else {
        c.setGpr(RAX, width, b.wrap(product));
        c.setGpr(RDX, width, b.wrap(b.shrU(product, b.i64(width))));
      }
      setOverflow(c, b.eqz(fits));
    },
  };
}

/** Two- and three-operand IMUL: the product is cut to the operand size. */
function imulInto(c: LiftContext, x: Node, y: Node): void {
  const { b } = c;
  const width = c.width(0) as Width;
  if (width === 64) {
    const low = b.mul(x, y);
    setOverflow(c, b.ne(mulHighS(c, x, y), b.shrS(low, b.i64(63))));
    c.write(0, low);
    return;
  }
  const product = b.mul(b.signExtend64(x, width), b.signExtend64(y, width));
  setOverflow(c, b.ne(b.signExtend64(product, width), product));
  c.write(0, b.wrap(product));
}

/** 16-, 32-bit and byte division: the dividend fits 64 bits. */
function divideNarrow(c: LiftContext, width: Width, isSigned: boolean): void {
  const { b } = c;
  const divisor = isSigned ? b.signExtend64(c.read(0), width) : b.extendU(c.read(0));
  let dividend: Node;
  if (width === 8) {
    const ax = c.gpr(RAX, 16);
    dividend = isSigned ? b.signExtend64(ax, 16) : b.extendU(ax);
  } else {
    const joined = b.or(b.shl(b.extendU(c.gpr(RDX, width)), b.i64(width)), b.extendU(c.gpr(RAX, width)));
    dividend = isSigned && width < 32 ? b.signExtend64(joined, 32) : joined;
  }
  b.if(b.eqz(divisor), () => b.raise(VEC_DE));
  if (isSigned && width === 32) {
    // The only quotient that wasm itself refuses.
    const isMin = b.and(b.eq(dividend, b.i64(-(1n << 63n))), b.eq(divisor, b.i64(-1)));
    b.if(isMin, () => b.raise(VEC_DE));
  }
  const suffix = isSigned ? 's' : 'u';
  // Division must stay behind the checks: it goes through a variable, which is ordered.
  const quotient = b.get(b.variable(b.op(`i64.div_${suffix}`, dividend, divisor)));
  const remainder = b.get(b.variable(b.op(`i64.rem_${suffix}`, dividend, divisor)));
  const cut = isSigned ? b.signExtend64(quotient, width) : b.and(quotient, b.i64((1n << BigInt(width)) - 1n));
  b.if(b.ne(cut, quotient), () => b.raise(VEC_DE));
  if (width === 8) {
    c.setGpr(RAX, 8, b.wrap(quotient));
    b.put('i32.store8', { kind: 'fixed', offset: st.gprOffset(RAX) + 1 }, b.wrap(remainder));
  } else {
    c.setGpr(RAX, width, b.wrap(quotient));
    c.setGpr(RDX, width, b.wrap(remainder));
  }
}

/** 128 by 64 bits. Compilers only use dividends that are extended from 64 bits; the rest goes to a helper. */
function divideWide(c: LiftContext, isSigned: boolean): void {
  const { b } = c;
  const divisor = c.read(0);
  const low = c.gpr(RAX, 64);
  const high = c.gpr(RDX, 64);
  let isNarrow = b.and(b.eq(high, isSigned ? b.shrS(low, b.i64(63)) : b.i64(0)), b.ne(divisor, b.i64(0)));
  if (isSigned) isNarrow = b.and(isNarrow, b.ne(divisor, b.i64(-1)));
  const suffix = isSigned ? 's' : 'u';
  b.if(
    isNarrow,
    () => {
      const quotient = b.get(b.variable(b.op(`i64.div_${suffix}`, low, divisor)));
      const remainder = b.get(b.variable(b.op(`i64.rem_${suffix}`, low, divisor)));
      c.setGpr(RAX, 64, quotient);
      c.setGpr(RDX, 64, remainder);
    },
    () => {
      const scratch = (at: number) => ({ kind: 'fixed', offset: st.scratch.offset + at }) as const;
      b.put('i64.store', scratch(0), low);
      b.put('i64.store', scratch(8), high);
      b.put('i64.store', scratch(16), divisor);
      c.callChecked(divideHelper, b.i32(isSigned ? 1 : 0));
      c.setGpr(RAX, 64, b.state('i64.load', scratch(0)));
      c.setGpr(RDX, 64, b.state('i64.load', scratch(8)));
    },
  );
}

function divide(mnemonic: string, number: number, isSigned: boolean): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`F6 /${number}`, 'r:Eb'), enc(`F7 /${number}`, 'r:Ev')],
    flags: { writes: 'oszapc', undefined: 'oszapc' },
    test: { setup: 'divide' },
    lift(c) {
      const width = c.width(0) as Width;
      if (width === 64) divideWide(c, isSigned);
      else divideNarrow(c, width, isSigned);
    },
  };
}

export const muldiv: InsnDef[] = [
  wideMultiply('mul', 4, false),
  wideMultiply('imul', 5, true),
  divide('div', 6, false),
  divide('idiv', 7, true),
  {
    mnemonic: 'imul',
    encodings: [enc('0F AF /r', 'rw:Gv', 'r:Ev')],
    flags: { writes: 'oszapc', undefined: 'szap' },
    lift(c) {
      imulInto(c, c.read(0), c.read(1));
    },
  },
  {
    mnemonic: 'imul',
    encodings: [enc('69 /r', 'w:Gv', 'r:Ev', 'r:sIz'), enc('6B /r', 'w:Gv', 'r:Ev', 'r:sIb')],
    flags: { writes: 'oszapc', undefined: 'szap' },
    lift(c) {
      imulInto(c, c.read(1), c.read(2));
    },
  },
];

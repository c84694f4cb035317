/** x87 loads, stores, exchanges and constants (SDM vol. 1, 8.3.3 and 8.3.4). */
import { loadBcd, storeBcd, storeBcdIndefinite } from './bcd.ts';
import { convert, toInteger } from './convert.ts';
import {
  loadF32,
  loadF64,
  loadI16,
  loadI32,
  loadI64,
  storeF32,
  storeF64,
  storeF80,
  storeI16,
  storeI32,
  storeI64,
} from './encoding.ts';
import {
  BINARY32,
  BINARY64,
  FpNumber,
  ROUND_ZERO,
  setDefaultNan,
  setPowerOfTwo,
  setZero,
  type Target,
} from './number.ts';
import { roundSignificand } from './round.ts';
import { FSW_C1, type X87 } from './x87-state.ts';

/**
 * Semantics of an instruction. `arg` is the offset of its memory operand, or the i of ST(i). `extra` is nonzero when
 * FCMOVcc's condition holds, or when a memory form has 16-bit operand size.
 */
export type X87Run = (fpu: X87, arg: number, extra: number) => void;
type Load = (dv: DataView, off: number, n: FpNumber) => void;
type Store = (dv: DataView, off: number, n: FpNumber) => void;

const a = new FpNumber();
const r = new FpNumber();

/** FLD m32fp, m64fp: DE for denormals; SNaNs become quiet with IE. */
function fldFloat(load: Load): X87Run {
  return (fpu, off) => {
    const { ctx } = fpu;
    if (!fpu.isEmpty(7)) {
      if (fpu.stackFault(true)) pushIndefinite(fpu);
      return;
    }
    load(fpu.dv, off, a);
    const { denormal } = a;
    a.denormal = 0;
    convert(a, r, ctx);
    const isWithheld = fpu.ctx.stopped;
    // An unmasked DE is left pending, but the number is pushed all the same.
    ctx.flags |= denormal;
    fpu.report();
    if (!isWithheld) fpu.push(r);
  };
}
export const fldF32 = fldFloat(loadF32);
export const fldF64 = fldFloat(loadF64);

function pushIndefinite(fpu: X87): void {
  fpu.top -= 1;
  fpu.writeIndefinite(0);
}

/** Copies ten bytes unchanged, whatever they encode. */
function copyRegister(fpu: X87, from: number, to: number): void {
  const { dv } = fpu;
  const lo = dv.getInt32(from, true);
  const hi = dv.getInt32(from + 4, true);
  dv.setUint16(to + 8, dv.getUint16(from + 8, true), true);
  dv.setInt32(to, lo, true);
  dv.setInt32(to + 4, hi, true);
}

/** FLD m80fp */
export const fldF80: X87Run = (fpu, off) => pushCopy(fpu, off);

function pushCopy(fpu: X87, from: number): void {
  fpu.setConditions(0, FSW_C1);
  if (!fpu.isEmpty(7)) {
    if (fpu.stackFault(true)) pushIndefinite(fpu);
    return;
  }
  fpu.top -= 1;
  copyRegister(fpu, from, fpu.slot(0));
  fpu.markValid(0);
}

/** FLD ST(i) */
export const fldRegister: X87Run = (fpu, i) => {
  if (fpu.isEmpty(i)) {
    if (fpu.stackFault(false)) pushIndefinite(fpu);
    return;
  }
  pushCopy(fpu, fpu.slot(i));
};

/** FILD */
function fild(load: Load): X87Run {
  return (fpu, off) => {
    fpu.setConditions(0, FSW_C1);
    load(fpu.dv, off, r);
    fpu.push(r);
  };
}
export const fildI16 = fild(loadI16);
export const fildI32 = fild(loadI32);
export const fildI64 = fild(loadI64);
export const fbld = fild(loadBcd);

/** FST, FSTP to memory. */
function fstFloat(store: Store, target: Target, pops: boolean): X87Run {
  return (fpu, off) => {
    const { ctx } = fpu;
    if (fpu.isEmpty(0)) {
      if (!fpu.stackFault(false)) return;
      setDefaultNan(r);
    } else {
      fpu.read(0, a);
      // Unlike other operations, stores do not report denormal operands.
      a.denormal = 0;
      ctx.target = target;
      convert(a, r, ctx);
      if (fpu.withholdsStore()) return;
    }
    store(fpu.dv, off, r);
    if (pops) fpu.pop();
  };
}
export const fstF32 = fstFloat(storeF32, BINARY32, false);
export const fstpF32 = fstFloat(storeF32, BINARY32, true);
export const fstF64 = fstFloat(storeF64, BINARY64, false);
export const fstpF64 = fstFloat(storeF64, BINARY64, true);

/** FSTP m80fp */
export const fstpF80: X87Run = (fpu, off) => {
  fpu.setConditions(0, FSW_C1);
  if (fpu.isEmpty(0)) {
    if (!fpu.stackFault(false)) return;
    setDefaultNan(r);
    storeF80(fpu.dv, off, r);
  } else {
    copyRegister(fpu, fpu.slot(0), off);
  }
  fpu.pop();
};

/** FST, FSTP to ST(i). */
function storeToRegister(pops: boolean): X87Run {
  return (fpu, i) => {
    fpu.setConditions(0, FSW_C1);
    if (fpu.isEmpty(0)) {
      if (!fpu.stackFault(false)) return;
      fpu.writeIndefinite(i);
    } else {
      copyRegister(fpu, fpu.slot(0), fpu.slot(i));
      fpu.markValid(i);
    }
    if (pops) fpu.pop();
  };
}

export const fstRegister = storeToRegister(false);
export const fstpRegister = storeToRegister(true);

/** D9 D8+i, undocumented: FSTP ST(i) that does not mind an empty ST(0). */
export const fstpAlias: X87Run = (fpu, i) => {
  if (!fpu.isEmpty(0)) fstpRegister(fpu, i, 0);
  else {
    fpu.setConditions(0, FSW_C1);
    fpu.pop();
  }
};

/** FIST, FISTP, and FISTTP, which truncates. */
function fist(store: Store, bits: 16 | 32 | 64, pops: boolean, truncates = false): X87Run {
  return (fpu, off) => {
    const { ctx } = fpu;
    const isFault = fpu.isEmpty(0);
    if (isFault) {
      if (!fpu.stackFault(false)) return;
      setDefaultNan(a);
    } else {
      fpu.read(0, a);
    }
    toInteger(a, bits, truncates ? ROUND_ZERO : ctx.rounding, r, ctx);
    if (!isFault && fpu.withholdsStore()) return;
    store(fpu.dv, off, r);
    if (pops) fpu.pop();
  };
}
export const fistI16 = fist(storeI16, 16, false);
export const fistpI16 = fist(storeI16, 16, true);
export const fistI32 = fist(storeI32, 32, false);
export const fistpI32 = fist(storeI32, 32, true);
export const fistpI64 = fist(storeI64, 64, true);
export const fisttpI16 = fist(storeI16, 16, true, true);
export const fisttpI32 = fist(storeI32, 32, true, true);
export const fisttpI64 = fist(storeI64, 64, true, true);

export const fbstp: X87Run = (fpu, off) => {
  if (fpu.isEmpty(0)) {
    if (!fpu.stackFault(false)) return;
    storeBcdIndefinite(fpu.dv, off);
  } else {
    fpu.read(0, a);
    storeBcd(fpu.dv, off, a, fpu.ctx);
    if (fpu.withholdsStore()) return;
  }
  fpu.pop();
};

/** FXCH: an empty register counts as the indefinite. */
export const fxch: X87Run = (fpu, i) => {
  fpu.setConditions(0, FSW_C1);
  if (fpu.isEmpty(0) || fpu.isEmpty(i)) {
    if (!fpu.stackFault(false)) return;
    if (fpu.isEmpty(0)) fpu.writeIndefinite(0);
    if (fpu.isEmpty(i)) fpu.writeIndefinite(i);
  }
  const { dv } = fpu;
  const x = fpu.slot(0);
  const y = fpu.slot(i);
  const lo = dv.getInt32(x, true);
  const hi = dv.getInt32(x + 4, true);
  const se = dv.getUint16(x + 8, true);
  copyRegister(fpu, y, x);
  dv.setInt32(y, lo, true);
  dv.setInt32(y + 4, hi, true);
  dv.setUint16(y + 8, se, true);
};

/** FCMOVcc; the caller has evaluated the condition. C1 stays as it was. */
export const fcmov: X87Run = (fpu, i, holds) => {
  if (fpu.isEmpty(0) || fpu.isEmpty(i)) {
    if (fpu.stackFault(false)) fpu.writeIndefinite(0);
  } else if (holds) {
    copyRegister(fpu, fpu.slot(i), fpu.slot(0));
  }
};

/** A constant, its significand given to 96 bits; rounded as RC says, without PE. */
function constant(exp: number, hi: number, lo: number, ext: number): X87Run {
  return (fpu) => {
    fpu.setConditions(0, FSW_C1);
    setPowerOfTwo(r, 0, exp);
    r.hi = hi | 0;
    r.lo = lo | 0;
    r.ext = ext | 0;
    roundSignificand(r, 64, fpu.ctx.rounding);
    fpu.push(r);
  };
}
export const fld1 = constant(0, 0x8000_0000, 0, 0);
export const fldl2t = constant(1, 0xd49a_784b, 0xcd1b_8afe, 0x492b_f6ff);
export const fldl2e = constant(0, 0xb8aa_3b29, 0x5c17_f0bb, 0xbe87_fed1);
export const fldpi = constant(1, 0xc90f_daa2, 0x2168_c234, 0xc4c6_628b);
export const fldlg2 = constant(-2, 0x9a20_9a84, 0xfbcf_f798, 0x8f89_59ac);
export const fldln2 = constant(-1, 0xb172_17f7, 0xd1cf_79ab, 0xc9e3_b398);
export const fldz: X87Run = (fpu) => {
  fpu.setConditions(0, FSW_C1);
  setZero(r, 0);
  fpu.push(r);
};

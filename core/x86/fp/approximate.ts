/**
 * RCPxx and RSQRTxx: approximations within 1.5·2^-12 that raise no exceptions and ignore MXCSR (SDM vol. 2). Processors
 * differ in the bits they give; here the result is the exact one rounded to binary32, the same on every host. Denormals
 * count as zero, and so does a tiny result.
 */
import { div, sqrt } from './div.ts';
import { quiet } from './nan.ts';
import {
  BINARY32,
  copyNumber,
  FINITE,
  FpContext,
  FpNumber,
  INFINITE,
  QNAN,
  setDefaultNan,
  setInfinite,
  setPowerOfTwo,
  setZero,
  ZERO,
} from './number.ts';

const ctx = new FpContext(false);
ctx.target = BINARY32;
ctx.ftz = true;
const one = new FpNumber();
setPowerOfTwo(one, 0, 0);
const root = new FpNumber();

/** 1/b */
export function reciprocal(b: FpNumber, r: FpNumber): void {
  if (b.kind >= QNAN) {
    copyNumber(b, r);
    quiet(r);
  } else if (b.kind === ZERO || b.denormal !== 0) {
    setInfinite(r, b.sign);
  } else if (b.kind === INFINITE) {
    setZero(r, b.sign);
  } else {
    div(one, b, r, ctx);
  }
}

/** 1/√b */
export function reciprocalRoot(b: FpNumber, r: FpNumber): void {
  if (b.kind <= INFINITE && b.sign && b.kind !== ZERO && b.denormal === 0) {
    setDefaultNan(r);
  } else if (b.kind !== FINITE) {
    reciprocal(b, r);
  } else {
    copyNumber(b, root);
    if (b.denormal === 0) sqrt(b, root, ctx);
    reciprocal(root, r);
  }
}

/**
 * Between memory and numbers: binary32, binary64 and the 80-bit extended format (SDM vol. 1, 4.2.2 and 8.2), and
 * two's complement integers. Loading is exact; storing expects a number that is already rounded to the format (round.ts).
 *
 * | format   | sign | exponent | fraction                         | bias  |
 * |----------|------|----------|----------------------------------|-------|
 * | binary16 | 15   | 14..10   | 9..0                             | 15    |
 * | binary32 | 31   | 30..23   | 22..0                            | 127   |
 * | binary64 | 63   | 62..52   | 51..0                            | 1023  |
 * | extended | 79   | 78..64   | 62..0, integer bit 63 explicit   | 16383 |
 */
import { normalise, setUnsigned, shiftRightJam } from './bits64.ts';
import { DE, FINITE, FpNumber, INFINITE, QNAN, SNAN, UNSUPPORTED, ZERO } from './number.ts';

const LEADING = 0x8000_0000 | 0;
const QUIET = 0x4000_0000;

function setFinite(n: FpNumber, exp: number, hi: number, lo: number): void {
  n.kind = FINITE;
  n.exp = exp;
  n.hi = hi;
  n.lo = lo;
  n.ext = 0;
  n.denormal = 0;
}

/** The number whose exponent field is zero: a zero or a denormal. */
function setSubnormal(n: FpNumber, emin: number, hi: number, lo: number): void {
  setFinite(n, emin, hi, lo);
  if ((hi | lo) === 0) {
    n.kind = ZERO;
    return;
  }
  normalise(n);
  n.denormal = DE;
}

/** The number whose exponent field is all ones; `hi:lo` has the integer bit set. */
function setSpecial(n: FpNumber, hi: number, lo: number): void {
  setFinite(n, 0, hi, lo);
  n.kind = ((hi << 1) | lo) === 0 ? INFINITE : hi & QUIET ? QNAN : SNAN;
}

export function loadF32(dv: DataView, off: number, n: FpNumber): void {
  const w = dv.getInt32(off, true);
  const e = (w >>> 23) & 0xff;
  n.sign = w >>> 31;
  if (e === 0) setSubnormal(n, -126, (w << 8) & 0x7fff_ffff, 0);
  else if (e === 0xff) setSpecial(n, LEADING | (w << 8), 0);
  else setFinite(n, e - 127, LEADING | (w << 8), 0);
}

/** Half floats: denormals are numbers like others to the instructions that load them. */
export function loadF16(dv: DataView, off: number, n: FpNumber): void {
  const w = dv.getUint16(off, true);
  const e = (w >>> 10) & 0x1f;
  n.sign = w >>> 15;
  if (e === 0) setSubnormal(n, -14, (w << 21) & 0x7fff_ffff, 0);
  else if (e === 0x1f) setSpecial(n, LEADING | (w << 21), 0);
  else setFinite(n, e - 15, LEADING | (w << 21), 0);
  n.denormal = 0;
}

export function storeF16(dv: DataView, off: number, n: FpNumber): void {
  let w = 0x7c00 | ((n.hi >>> 21) & 0x3ff);
  if (n.kind === ZERO) w = 0;
  else if (n.kind === FINITE) {
    const below = -14 - n.exp;
    w = below <= 0 ? ((n.exp + 15) << 10) | ((n.hi >>> 21) & 0x3ff) : n.hi >>> (21 + below);
  }
  dv.setUint16(off, (n.sign << 15) | w, true);
}

export function loadF64(dv: DataView, off: number, n: FpNumber): void {
  const low = dv.getInt32(off, true);
  const high = dv.getInt32(off + 4, true);
  const e = (high >>> 20) & 0x7ff;
  const hi = ((high << 11) & 0x7fff_ffff) | (low >>> 21);
  const lo = low << 11;
  n.sign = high >>> 31;
  if (e === 0) setSubnormal(n, -1022, hi, lo);
  else if (e === 0x7ff) setSpecial(n, LEADING | hi, lo);
  else setFinite(n, e - 1023, LEADING | hi, lo);
}

export function loadF80(dv: DataView, off: number, n: FpNumber): void {
  const lo = dv.getInt32(off, true);
  const hi = dv.getInt32(off + 4, true);
  const se = dv.getUint16(off + 8, true);
  const e = se & 0x7fff;
  n.sign = se >>> 15;
  if (e === 0) {
    setSubnormal(n, -16382, hi, lo);
    return;
  }
  if (e === 0x7fff) setSpecial(n, hi, lo);
  else setFinite(n, e - 16383, hi, lo);
  if (hi >= 0) n.kind = UNSUPPORTED;
}

const shifted = new FpNumber();

export function storeF32(dv: DataView, off: number, n: FpNumber): void {
  const sign = n.sign << 31;
  let w: number;
  if (n.kind === FINITE) {
    const below = -126 - n.exp;
    if (below <= 0) w = ((n.exp + 127) << 23) | ((n.hi >>> 8) & 0x7f_ffff);
    else w = n.hi >>> (8 + below);
  } else if (n.kind === ZERO) w = 0;
  else w = 0x7f80_0000 | ((n.hi >>> 8) & 0x7f_ffff);
  dv.setInt32(off, sign | w, true);
}

export function storeF64(dv: DataView, off: number, n: FpNumber): void {
  let high = n.sign << 31;
  let { hi, lo } = n;
  if (n.kind === FINITE) {
    if (n.exp >= -1022) {
      high |= (n.exp + 1023) << 20;
    } else {
      shiftRightJam(shifted, hi, lo, 0, -1022 - n.exp);
      ({ hi, lo } = shifted);
    }
  } else if (n.kind === ZERO) {
    hi = 0;
    lo = 0;
  } else {
    high |= 0x7ff0_0000;
  }
  dv.setInt32(off + 4, high | ((hi >>> 11) & 0xf_ffff), true);
  dv.setInt32(off, (hi << 21) | (lo >>> 11), true);
}

export function storeF80(dv: DataView, off: number, n: FpNumber): void {
  let se = n.sign << 15;
  let { hi, lo } = n;
  if (n.kind === FINITE) {
    if (n.exp >= -16382) {
      se |= n.exp + 16383;
    } else {
      shiftRightJam(shifted, hi, lo, 0, -16382 - n.exp);
      ({ hi, lo } = shifted);
    }
  } else if (n.kind === ZERO) {
    hi = 0;
    lo = 0;
  } else {
    se |= 0x7fff;
  }
  dv.setInt32(off, lo, true);
  dv.setInt32(off + 4, hi, true);
  dv.setUint16(off + 8, se, true);
}

export function loadI16(dv: DataView, off: number, n: FpNumber): void {
  const value = dv.getInt16(off, true);
  setUnsigned(n, value < 0 ? 1 : 0, 0, Math.abs(value));
}

export function loadI32(dv: DataView, off: number, n: FpNumber): void {
  const value = dv.getInt32(off, true);
  setUnsigned(n, value >>> 31, 0, value < 0 ? -value | 0 : value);
}

export function loadI64(dv: DataView, off: number, n: FpNumber): void {
  const lo = dv.getInt32(off, true);
  const hi = dv.getInt32(off + 4, true);
  if (hi < 0) setUnsigned(n, 1, lo === 0 ? -hi | 0 : ~hi, -lo | 0);
  else setUnsigned(n, 0, hi, lo);
}

/** Integer results carry their two's complement in `hi:lo` (convert.ts). */
export function storeI16(dv: DataView, off: number, n: FpNumber): void {
  dv.setInt16(off, n.lo, true);
}

export function storeI32(dv: DataView, off: number, n: FpNumber): void {
  dv.setInt32(off, n.lo, true);
}

export function storeI64(dv: DataView, off: number, n: FpNumber): void {
  dv.setInt32(off, n.lo, true);
  dv.setInt32(off + 4, n.hi, true);
}

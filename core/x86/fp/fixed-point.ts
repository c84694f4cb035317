/**
 * Elementary functions on fixed-point numbers of any width: a bigint `v` stands for v / 2^bits. Errors are a few dozen
 * units of the last place, so callers take a dozen bits more than they need. For the x87's transcendental instructions.
 */

/** Constants to 320 fraction bits. */
const CONSTANT_BITS = 320;
const LN2_320 = 0xb17217f7d1cf79abc9e3b39803f2f6af40f343267298b62d8a0d175b8baafa2be7b876206debac98n;
const LOG2E_320 = 0x171547652b82fe1777d0ffda0d23a7d11d6aef551bad2b4b1164a2cd9a342648fbc3887eeaa2ed9acn;
const PI_320 = 0x3243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89452821e638d01377n;

const atBits = (constant: bigint, bits: number): bigint => constant >> BigInt(CONSTANT_BITS - bits);
/** Natural logarithm of 2, for up to 320 bits. */
export const ln2 = (bits: number): bigint => atBits(LN2_320, bits);
/** Base-2 logarithm of e. */
export const log2e = (bits: number): bigint => atBits(LOG2E_320, bits);
export const pi = (bits: number): bigint => atBits(PI_320, bits);

/** e^t - 1, for |t| < 1 */
export function expm1(t: bigint, bits: number): bigint {
  const width = BigInt(bits);
  let sum = 0n;
  let term = t;
  for (let n = 2n; term !== 0n && term !== -1n; n++) {
    sum += term;
    term = ((term * t) >> width) / n;
  }
  return sum;
}

/** ln((1 + s) / (1 - s)) = 2·artanh(s), for |s| < 1/2 */
export function logOfRatio(s: bigint, bits: number): bigint {
  return oddSeries(s, (s * s) >> BigInt(bits), bits) << 1n;
}

/** s + s·k/3 + s·k²/5 + … */
function oddSeries(s: bigint, k: bigint, bits: number): bigint {
  const width = BigInt(bits);
  let sum = 0n;
  let power = s;
  for (let n = 1n; power !== 0n && power !== -1n; n += 2n) {
    sum += power / n;
    power = (power * k) >> width;
  }
  return sum;
}

/** sin t, for |t| ≤ π/4 */
export function sine(t: bigint, bits: number): bigint {
  return alternatingSeries(t, t, 2n, bits);
}
/** cos t - 1, for |t| ≤ π/4 */
export function cosineMinusOne(t: bigint, bits: number): bigint {
  const width = BigInt(bits);
  return alternatingSeries(t, -((t * t) >> (width + 1n)), 3n, bits);
}

/** first - first·t²/(n·(n+1)) + … */
function alternatingSeries(t: bigint, first: bigint, from: bigint, bits: number): bigint {
  const width = BigInt(bits);
  const square = (t * t) >> width;
  let sum = 0n;
  let term = first;
  for (let n = from; term !== 0n && term !== -1n; n += 2n) {
    sum += term;
    term = -((term * square) >> width) / (n * (n + 1n));
  }
  return sum;
}

const arctangents = new Map<number, bigint>();
/** Width of the remembered arctangents of multiples of 1/8. */
const TABLE_BITS = 200;

function arctangentOfEighths(j: number, bits: number): bigint {
  let value = arctangents.get(j);
  if (value === undefined) {
    // artan(j/8) = 2·artan(j / (8 + √(64 + j²))), twice; then the series converges well.
    let q = (BigInt(j) << BigInt(TABLE_BITS)) / 8n;
    for (let i = 0; i < 2; i++) q = halfArctangent(q);
    value = arctangentSeries(q, TABLE_BITS) << 2n;
    arctangents.set(j, value);
  }
  return value >> BigInt(TABLE_BITS - bits);
}

/** tan(artan(q)/2) = q / (1 + √(1 + q²)) at TABLE_BITS */
function halfArctangent(q: bigint): bigint {
  const width = BigInt(TABLE_BITS);
  const one = 1n << width;
  const root = squareRoot((one + ((q * q) >> width)) << width);
  return (q << width) / (one + root);
}

/** Integer part of √n, by Newton's method from above. */
function squareRoot(n: bigint): bigint {
  let x = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

function arctangentSeries(q: bigint, bits: number): bigint {
  return oddSeries(q, -((q * q) >> BigInt(bits)), bits);
}

/** arctan q, for 0 ≤ q ≤ 1; at most 200 bits unless q < 1/16. */
export function arctangent(q: bigint, bits: number): bigint {
  const width = BigInt(bits);
  const j = Number((q + (1n << (width - 4n))) >> (width - 3n));
  if (j === 0) return arctangentSeries(q, bits);
  // artan q = artan c + artan((q - c) / (1 + q·c)) with c = j/8.
  const eighths = BigInt(j);
  const rest = (((q << 3n) - (eighths << width)) << width) / ((8n << width) + q * eighths);
  return arctangentOfEighths(j, bits) + arctangentSeries(rest, bits);
}

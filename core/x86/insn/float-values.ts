/**
 * Questions about floats, as IR: whether wasm's own arithmetic gave what the CPU would give, with no exception but PE. They
 * are asked in branches (a condition of `fastOrExact` is a tree of `and` and `or`), so that a question costs a compare and a
 * jump, and the second half of an `or` nothing while the first holds.
 *
 * A float is *ordinary* if it is zero, or finite and above the smallest normal number by 2^-20 or more: the rest leaves it
 * open whether there was an underflow that rounded up. Operations on ordinary operands with an ordinary result raise PE or
 * nothing. Who translates many instructions at once may drop a question about a value that it was asked about before
 * (`ordinary` in core/ir/ir.ts).
 */
import type { Node } from '../../ir/ir.ts';
import * as st from '../../vcpu/state.ts';
import { SSE_FAST, SSE_PLAIN } from '../../vcpu/vcpu.ts';
import type { LiftContext } from '../lift-context.ts';

export type Suffix = 'ss' | 'sd' | 'ps' | 'pd';

/** Prefix, operands and wasm shape of each form. */
export const FORMS: Record<
  Suffix,
  { prefix: string; operands: [string, string]; shape: string; isPacked: boolean; isDouble: boolean }
> = {
  ss: { prefix: 'F3', operands: ['rw:Vss', 'r:Wss'], shape: 'f32', isPacked: false, isDouble: false },
  sd: { prefix: 'F2', operands: ['rw:Vsd', 'r:Wsd'], shape: 'f64', isPacked: false, isDouble: true },
  ps: { prefix: 'NP', operands: ['rw:Vx', 'r:Wx'], shape: 'f32x4', isPacked: true, isDouble: false },
  pd: { prefix: '66', operands: ['rw:Vx', 'r:Wx'], shape: 'f64x2', isPacked: true, isDouble: true },
};
export const ALL: readonly Suffix[] = ['ss', 'sd', 'ps', 'pd'];

/** Bit patterns of the smallest normal number and of infinity. */
const MIN_NORMAL = { f32: 0x00800000n, f64: 0x0010000000000000n };
const INFINITE = { f32: 0x7f800000n, f64: 0x7ff0000000000000n };

/** The upper word of a float, shifted left by one, is in [FIRST, LAST) if it is normal: see the file's head. */
const FIRST = { f32: 0x0100_0002, f64: 0x0020_0002 };
const LAST = { f32: 0xff00_0000, f64: 0xffe0_0000 };
/** Low bits of a significand that are zero if it has at most half as many bits as the format. */
const LOWER_HALF = { f32: 0xfff, f64: 0x7ff_ffff };

/** One form's values; conditions answer i32, 1 only if they hold in all lanes. */
export class Values {
  private readonly c: LiftContext;
  private readonly suffix: Suffix;
  private readonly isPacked: boolean;
  private readonly format: 'f32' | 'f64';
  constructor(c: LiftContext, suffix: Suffix) {
    this.c = c;
    this.suffix = suffix;
    this.isPacked = FORMS[suffix].isPacked;
    this.format = FORMS[suffix].isDouble ? 'f64' : 'f32';
  }

  op(name: string, ...args: Node[]): Node {
    return this.c.b.op(`${FORMS[this.suffix].shape}.${name}`, ...args);
  }
  constant(bits: { f32: bigint; f64: bigint } | bigint): Node {
    const { b } = this.c;
    const pattern = typeof bits === 'bigint' ? bits : bits[this.format];
    if (this.isPacked) {
      const pair = this.format === 'f64' ? pattern : pattern | (pattern << 32n);
      return b.v128(pair | (pair << 64n));
    }
    return this.format === 'f64' ? b.f64(pattern) : b.f32(Number(pattern));
  }
  private words(value: number): Node {
    const word = BigInt.asUintN(32, BigInt(value));
    return this.c.b.v128(word * 0x1_0000_0001_0000_0001_0000_0001n);
  }

  /** Lane masks or truths → 1 when all hold. */
  all(mask: Node): Node {
    if (!this.isPacked) return mask;
    return this.c.b.op(`${this.format === 'f64' ? 'i64x2' : 'i32x4'}.all_true`, mask);
  }
  /** 1 when no lane of a mask is set; only its sign bits count. */
  private none(mask: Node): Node {
    const { b } = this.c;
    return b.eqz(b.op(`${this.format === 'f64' ? 'i64x2' : 'i32x4'}.bitmask`, mask));
  }
  or(a: Node, x: Node): Node {
    return a.type === 'v128' ? this.c.b.op('v128.or', a, x) : this.c.b.or(a, x);
  }
  and(a: Node, x: Node): Node {
    return a.type === 'v128' ? this.c.b.op('v128.and', a, x) : this.c.b.and(a, x);
  }
  andTruths(a: Node, x: Node): Node {
    return this.c.b.and(a, x);
  }
  not(truth: Node): Node {
    return this.c.b.eqz(truth);
  }
  isZero(v: Node): Node {
    return this.op('eq', v, this.constant(0n));
  }

  /** The sign bits of lanes that are not normal, and what the others hold is of no account. */
  private notNormal(v: Node): Node {
    const { b } = this.c;
    // Signed comparison of numbers biased by 2^31.
    const biased = b.op('i32x4.add', b.op('i32x4.add', v, v), this.words(0x8000_0000 - FIRST[this.format]));
    return b.op('i32x4.gt_s', biased, this.words(0x7fff_ffff + LAST[this.format] - FIRST[this.format]));
  }
  private isNormal(v: Node): Node {
    const { b, format } = { b: this.c.b, format: this.format };
    if (this.isPacked) return this.none(this.notNormal(v));
    const doubled = b.add(b.shl(this.upperWord(v), b.i32(1)), b.i32(-FIRST[format]));
    return b.ltU(doubled, b.i32(LAST[format] - FIRST[format]));
  }
  private upperWord(v: Node): Node {
    const { b } = this.c;
    if (v.type === 'f32') return b.op('i32.reinterpret_f32', v);
    return b.wrap(b.shrU(b.op('i64.reinterpret_f64', v), b.i64(32)));
  }

  /** An ordinary value. What else than normal it may be is `zeros`: the lanes where it is known to be zero. */
  isOrdinary(v: Node, zeros?: Node): Node {
    const { b } = this.c;
    const allowed = zeros ?? this.isZero(v);
    const otherwise = this.isPacked ? this.none(b.op('v128.andnot', this.notNormal(v), allowed)) : allowed;
    return b.ordinary(v, this.isNormal(v), otherwise);
  }
  /** States what follows from its operands: that a value is ordinary. */
  surelyOrdinary(v: Node): Node {
    const { b } = this.c;
    return b.ordinary(v, b.i32(1), b.i32(0));
  }
  /** Ordinary or infinite. */
  isNumber(v: Node): Node {
    const { b } = this.c;
    const size = this.op('abs', v);
    const otherwise = this.isPacked
      ? this.all(this.or(this.op('ge', size, this.constant(MIN_NORMAL)), this.isZero(v)))
      : this.op('eq', size, this.constant(INFINITE));
    return b.or(this.isOrdinary(v), otherwise);
  }

  /**
   * The product r of ordinary numbers is inexact for sure; undefined for packed ones. A product has as many zeros at its end
   * as its factors have together, and 105 or 106 bits, of which 53 can be kept. That of two singles fits into a double.
   */
  hasLongProduct(a: Node, x: Node, r: Node): Node | undefined {
    const { b } = this.c;
    if (this.isPacked) return undefined;
    if (this.format === 'f32') {
      const wide = (v: Node): Node => b.op('f64.promote_f32', v);
      return b.op('f64.ne', b.op('f64.mul', wide(a), wide(x)), wide(r));
    }
    const zeros = (v: Node): Node => b.op('i64.ctz', b.or(b.op('i64.reinterpret_f64', v), b.i64(1n << 52n)));
    return b.ltU(b.add(zeros(a), zeros(x)), b.i64(52));
  }

  /** Both numbers have so few bits that their product, if it is ordinary, is exact. */
  haveHalfPrecision(a: Node, x: Node): Node {
    const { b } = this.c;
    const mask = LOWER_HALF[this.format];
    if (this.isPacked) {
      const low = this.format === 'f64' ? b.v128(BigInt(mask) * 0x1_0000_0000_0000_0001n) : this.words(mask);
      return b.eqz(b.op('v128.any_true', b.op('v128.and', b.op('v128.or', a, x), low)));
    }
    const word = (v: Node): Node =>
      v.type === 'f32' ? b.op('i32.reinterpret_f32', v) : b.wrap(b.op('i64.reinterpret_f64', v));
    return b.eqz(b.and(b.or(word(a), word(x)), b.i32(mask)));
  }
}

/** PE is sticky already, so that an inexact result changes nothing; all else in MXCSR is plain too. */
export function isInexactFine(c: LiftContext): Node {
  return c.b.and(c.field(st.sseFast), c.b.i32(SSE_FAST));
}
/** MXCSR is plain, but PE is not sticky yet. */
export function isPlainOnly(c: LiftContext): Node {
  return c.b.eq(c.field(st.sseFast), c.b.i32(SSE_PLAIN));
}
/** A result may be used as far as PE goes: it is sticky already, or MXCSR is plain and the result is exact. */
export function mayBeInexact(c: LiftContext, isExact: Node): Node {
  const { b } = c;
  const state = c.field(st.sseFast);
  return b.or(b.and(state, b.i32(SSE_FAST)), b.and(b.eq(state, b.i32(SSE_PLAIN)), isExact));
}

/** Deterministic random values for generated cases: xorshift128, and pools of values that bring out corner cases. */

export class Random {
  private a: number;
  private b = 0x9e3779b9;
  private c = 0x243f6a88;
  private d = 0xb7e15162;
  constructor(seed: number) {
    this.a = seed | 0;
    for (let i = 0; i < 16; i++) this.u32();
  }
  u32(): number {
    let t = this.a;
    this.a = this.b;
    this.b = this.c;
    this.c = this.d;
    t ^= t << 11;
    t ^= t >>> 8;
    this.d = this.d ^ (this.d >>> 19) ^ t;
    return this.d >>> 0;
  }
  below(limit: number): number {
    return this.u32() % limit;
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }
  /** Integers at the edges of every width, small ones, and random ones. */
  integer(): bigint {
    switch (this.below(6)) {
      case 0:
        return this.pick(EDGES);
      case 1:
        return BigInt.asUintN(64, BigInt(this.below(64)) - 16n);
      case 2:
        return BigInt.asUintN(64, (1n << BigInt(this.below(64))) - BigInt(this.below(2)));
      case 3:
        return this.u64() >> BigInt(this.below(64));
      default:
        return this.u64();
    }
  }
  /** Bit pattern of a double: normal of any size, special, denormal, integer. */
  double(): bigint {
    switch (this.below(8)) {
      case 0:
        return this.pick(DOUBLES);
      case 1:
        return (this.u64() & 0x800fffffffffffffn) >> BigInt(this.below(2));
      case 2:
        return doubleBits(this.below(2000) - 1000);
      case 3:
        return doubleBits((this.below(200000) - 100000) / 64);
      case 4:
        return (this.u64() & 0x801fffffffffffffn) | 0x3fe0000000000000n;
      case 5:
        return this.u64();
      default:
        return doubleBits((this.u32() / 65536 - 32768) * 2 ** (this.below(120) - 60));
    }
  }
  single(): number {
    switch (this.below(7)) {
      case 0:
        return this.pick(SINGLES);
      case 1:
        return this.u32() & 0x807fffff;
      case 2:
        return singleBits(this.below(2000) - 1000);
      case 3:
        return this.u32();
      default:
        return singleBits((this.u32() / 65536 - 32768) * 2 ** (this.below(40) - 20));
    }
  }
  /** 16 bytes that hold integers, floats or anything. */
  vector(): bigint {
    switch (this.below(4)) {
      case 0:
        return (this.integer() << 64n) | this.integer();
      case 1:
        return (this.double() << 64n) | this.double();
      case 2: {
        const lane = (): bigint => BigInt(this.single() >>> 0);
        return (lane() << 96n) | (lane() << 64n) | (lane() << 32n) | lane();
      }
      default:
        return (this.u64() << 64n) | this.u64();
    }
  }
  /** 80-bit extended value: mostly normal, sometimes special or invalid. */
  extended(): bigint {
    const sign = BigInt(this.below(2)) << 79n;
    switch (this.below(10)) {
      case 0:
        return sign | this.pick(EXTENDED);
      case 1:
        return sign | (this.u64() & 0x7fffffffffffffffn);
      case 2:
        return (this.u64() << 16n) | BigInt(this.below(65536));
      case 3: {
        const value = BigInt(1 + this.below(100000));
        const length = BigInt(value.toString(2).length);
        return sign | ((16382n + length) << 64n) | (value << (64n - length));
      }
      default:
        return sign | (BigInt(16383 - 70 + this.below(140)) << 64n) | (1n << 63n) | (this.u64() >> 1n);
    }
  }
}

const view = new DataView(new ArrayBuffer(8));
function doubleBits(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}
function singleBits(value: number): number {
  view.setFloat32(0, value);
  return view.getUint32(0);
}

const EDGES: readonly bigint[] = [8n, 16n, 32n, 64n].flatMap((bits) => {
  const top = 1n << (bits - 1n);
  return [0n, 1n, top, top - 1n, 2n * top - 1n, 2n * top - 2n].map((v) => BigInt.asUintN(64, v));
});
const DOUBLES: readonly bigint[] = [
  0n,
  0x8000000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x7ff8000000000000n,
  0xfff8000000000123n,
  0x7ff0000000000001n,
  0xfff4000000000000n,
  1n,
  0x000fffffffffffffn,
  0x0010000000000000n,
  0x7fefffffffffffffn,
  0x3ff0000000000000n,
  0xbff0000000000000n,
  0x41dfffffffc00000n,
  0xc1e0000000000000n,
  0x43e0000000000000n,
];
const SINGLES: readonly number[] = [
  0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00123, 0x7f800001, 0xffa00000, 1, 0x007fffff, 0x00800000,
  0x7f7fffff, 0x3f800000, 0xbf800000, 0x4f000000, 0xcf000000, 0x5f000000,
];
const EXTENDED: readonly bigint[] = [
  0n,
  (0x7fffn << 64n) | (1n << 63n),
  (0x7fffn << 64n) | (3n << 62n),
  (0x7fffn << 64n) | (1n << 63n) | 1n,
  (0x7fffn << 64n) | (5n << 61n) | 77n,
  (16383n << 64n) | (1n << 63n),
  (0x7ffen << 64n) | 0xffffffffffffffffn,
  (1n << 64n) | (1n << 63n),
  1n,
  (16383n << 64n) | 5n,
];

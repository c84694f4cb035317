import { describe, expect, it } from 'vitest';
import { checksum } from '../../../../core/base/checksum.ts';

/** The same in plain words. */
function reference(bytes: Uint8Array): bigint {
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  padded.set(bytes);
  let hash = BigInt(bytes.length);
  for (const word of new BigUint64Array(padded.buffer)) {
    hash = BigInt.asUintN(64, (hash ^ word) * 0x9e37_79b9_7f4a_7c15n);
    hash ^= hash >> 32n;
  }
  return hash;
}

const sample = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 151 + (i >> 8)) & 0xff);

describe('checksum', () => {
  it('is the documented function for every length around a word and a page', () => {
    const lengths = [0, 1, 7, 8, 9, 15, 16, 1000, 65535, 65536, 65537, 70000];
    expect(lengths.map((length) => checksum(sample(length)))).toEqual(
      lengths.map((length) => reference(sample(length))),
    );
  });

  it('tells apart what differs in one bit, in length or in order', () => {
    const bytes = sample(100);
    const others = [99, 0, 50].map((at) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
    const sums = [bytes, ...others, sample(99), new Uint8Array(100), new Uint8Array(99)].map(checksum);
    expect(new Set(sums).size).toBe(sums.length);
  });
});

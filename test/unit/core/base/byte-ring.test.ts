import { describe, expect, it } from 'vitest';
import { ByteRing } from '../../../../core/base/byte-ring.ts';

describe('ByteRing', () => {
  it('gives bytes back in order, however it wraps and grows', () => {
    const ring = new ByteRing(20_000);
    let put = 0;
    let taken = 0;
    let seed = 1;
    const next = (limit: number): number => {
      seed = (seed * 75 + 74) % 65537;
      return seed % limit;
    };
    let isOrdered = true;
    for (let round = 0; round < 500; round++) {
      const chunk = Uint8Array.from({ length: next(3000) }, () => put++ & 0xff);
      const accepted = ring.put(chunk);
      put -= chunk.length - accepted;
      const into = new Uint8Array(next(3000));
      const count = ring.take(into);
      for (const byte of into.subarray(0, count)) isOrdered &&= byte === (taken++ & 0xff);
    }
    expect([isOrdered, ring.used]).toEqual([true, put - taken]);
  });

  it('takes no more than its capacity, and peeks without taking', () => {
    const ring = new ByteRing(5);
    expect([ring.put(Uint8Array.of(1, 2, 3, 4, 5, 6)), ring.putByte(7), ring.free]).toEqual([5, false, 0]);
    const into = new Uint8Array(2);
    expect([ring.peek(into, 3), [...into], ring.used]).toEqual([2, [4, 5], 5]);
  });
});

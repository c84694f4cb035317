import { describe, expect, it } from 'vitest';
import { ENOSPC } from '../../../../../../core/kernel/abi/errno.ts';
import { FileContent } from '../../../../../../core/kernel/lib/ramfs/content.ts';
import { RamPool } from '../../../../../../core/kernel/lib/ramfs/pool.ts';

const LIMIT = 400_000;

/** Numbers that repeat with the seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function all(content: FileContent): Uint8Array {
  const bytes = new Uint8Array(content.size).fill(0xee);
  expect(content.read(bytes, 0)).toBe(content.size);
  return bytes;
}

describe('FileContent', () => {
  it.each([1, 2, 3])('holds what a plain array would hold, seed %i', (seed) => {
    const random = numbers(seed);
    const base = Uint8Array.from({ length: seed * 50_000 }, (_, i) => i * 7);
    const pool = new RamPool(10_000_000);
    const content = new FileContent(pool, base);
    let model = Uint8Array.from(base);
    const resized = (size: number): Uint8Array<ArrayBuffer> => {
      const next = new Uint8Array(size);
      next.set(model.subarray(0, size));
      return next;
    };
    for (let step = 0; step < 100; step++) {
      const at = random(LIMIT);
      const len = random(step % 3 === 0 ? 200_000 : 300);
      switch (random(4)) {
        case 0:
          expect(content.resize(at)).toBe(0);
          model = resized(at);
          break;
        case 1:
          expect(content.zero(at, len)).toBe(0);
          model.fill(0, at, at + len);
          break;
        case 2:
          expect(content.allocate(at, len)).toBe(0);
          break;
        default: {
          const bytes = Uint8Array.from({ length: len }, () => random(256));
          expect(content.write(bytes, at)).toBe(len);
          if (len > 0) model = resized(Math.max(model.length, at + len));
          model.set(bytes, at);
        }
      }
      expect(Buffer.compare(all(content), model)).toBe(0);
    }
    content.dispose();
    expect([pool.usedBytes, content.allocated]).toEqual([0, 0]);
  });

  it('writes what memory allows, and nothing when there is none', () => {
    const content = new FileContent(new RamPool(65536));
    expect(content.write(new Uint8Array(100_000), 0)).toBe(65536);
    expect(content.write(new Uint8Array(10), 70_000)).toBe(-ENOSPC);
    expect(content.size).toBe(65536);
    content.resize(0);
    expect(content.write(new Uint8Array(10), 70_000)).toBe(10);
  });

  it('does not count through holes', () => {
    const content = new FileContent(new RamPool(10_000_000));
    const far = 2 ** 46;
    expect(content.write(new Uint8Array(1), far)).toBe(1);
    expect([content.nextData(0), content.nextHole(0), content.nextHole(far)]).toEqual([far, 0, far + 1]);
    expect(content.zero(0, far + 1)).toBe(0);
    expect(content.resize(0)).toBe(0);
    expect(content.allocated).toBe(0);
  });

  it('finds data and holes', () => {
    const content = new FileContent(new RamPool(10_000_000));
    content.write(new Uint8Array(1), 200_000);
    content.resize(1_000_000);
    const [data, hole] = [content.nextData(0), content.nextHole(content.nextData(0))];
    expect(data).toBeLessThanOrEqual(200_000);
    expect(hole).toBeGreaterThan(200_000);
    expect([content.nextHole(0), content.nextData(hole)]).toEqual([0, 1_000_000]);
  });
});

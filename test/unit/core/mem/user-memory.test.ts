import { describe, expect, it } from 'vitest';
import { AddressSpace } from '../../../../core/mem/address-space.ts';
import { GUEST_TOP, PAGE_SIZE } from '../../../../core/mem/layout.ts';
import { UserFault, UserMemory } from '../../../../core/mem/user-memory.ts';

const GVA = 0x10_0000;
const END = GVA + 2 * PAGE_SIZE;

function create(): UserMemory {
  const space = new AddressSpace(16 * PAGE_SIZE);
  space.mapPages(GVA / PAGE_SIZE, 2, 3);
  return new UserMemory(space);
}

describe('UserMemory', () => {
  it('keeps values of every width, across pages and at any alignment', () => {
    const memory = create();
    const at = GVA + PAGE_SIZE - 3;
    memory.setU64(at, 0x8877665544332211n);
    expect([
      memory.getU64(at),
      memory.getU32(at),
      memory.getI32(at + 4),
      memory.getU16(at + 3),
      memory.getU8(at + 7),
    ]).toEqual([0x8877665544332211n, 0x44332211, 0x88776655 | 0, 0x5544, 0x88]);
  });

  it('keeps long values as numbers, with their sign', () => {
    const memory = create();
    const values = [
      0,
      1,
      -1,
      2 ** 31,
      -(2 ** 31),
      2 ** 32,
      -(2 ** 32) - 1,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
    ];
    const back = values.map((value) => {
      memory.setLong(GVA, value);
      expect(BigInt.asIntN(64, memory.getU64(GVA))).toBe(BigInt(value));
      return memory.getLong(GVA);
    });
    expect(back).toEqual(values);
  });

  it('faults on addresses that the guest may not access', () => {
    const memory = create();
    const accesses: (() => unknown)[] = [
      () => memory.getU8(END),
      () => memory.getU32(END - 3),
      () => memory.setU8(0, 1),
      () => memory.getU8(-1),
      () => memory.getU8(GUEST_TOP),
      () => memory.readBytes(GVA, 3 * PAGE_SIZE),
      () => memory.writeBytes(END - 1, Uint8Array.of(1, 2)),
      () => memory.view(GUEST_TOP + 1, 0, 'r'),
      () => memory.getU8(Number.NaN),
    ];
    for (const access of accesses) expect(access).toThrow(UserFault);
    expect(memory.space.raw(END - 1, 1)[0]).toBe(0);
  });

  it('tells how much of a range is accessible', () => {
    const memory = create();
    expect([
      memory.accessible(GVA, 100, 'w'),
      memory.accessible(END - 10, 100, 'r'),
      memory.accessible(END, 100, 'r'),
      memory.accessible(GVA - 10, 100, 'r'),
    ]).toEqual([100, 10, 0, 0]);
  });

  it('reads strings up to their NUL, over pages, no further', () => {
    const memory = create();
    const at = GVA + PAGE_SIZE - 3;
    memory.writeBytes(at, Uint8Array.of(0x68, 0xe9, 0x6c, 0x6c, 0x6f, 0));
    expect([memory.readCString(at), memory.readCString(at, 6), memory.readCString(at, 5)]).toEqual([
      'h\xe9llo',
      'h\xe9llo',
      undefined,
    ]);
    // The NUL is the last byte of the mapping; without it the string leaves it.
    memory.writeBytes(END - 2, Uint8Array.of(0x61, 0));
    expect(memory.readCString(END - 2)).toBe('a');
    memory.writeBytes(END - 1, Uint8Array.of(0x62));
    expect(() => memory.readCString(END - 2)).toThrow(UserFault);
  });

  it('copies what it reads', () => {
    const memory = create();
    memory.writeBytes(GVA, Uint8Array.of(1, 2, 3));
    const copy = memory.readBytes(GVA, 3);
    memory.fill(GVA, 3, 9);
    expect([[...copy], [...memory.view(GVA, 3, 'r')]]).toEqual([
      [1, 2, 3],
      [9, 9, 9],
    ]);
  });
});

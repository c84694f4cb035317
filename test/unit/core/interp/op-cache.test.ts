import { describe, expect, it } from 'vitest';
import { OpCache, pageOf } from '../../../../core/interp/op-cache.ts';
import { OP_HANDLER, OP_IP, OP_SIZE } from '../../../../core/ir/op-record.ts';
import { AddressSpace } from '../../../../core/mem/address-space.ts';
import { JUMP_CACHE, JUMP_CACHE_ENTRIES, PAGE_SIZE, PERM_CODE } from '../../../../core/mem/layout.ts';

const STALE = 99;
const LIVE = 7;
const CODE = 0x40_0000;

function setUp(): { space: AddressSpace; cache: OpCache; run: (ip: number, count: number) => number } {
  const space = new AddressSpace(1 << 20);
  const cache = new OpCache(space);
  space.mapPages(CODE / PAGE_SIZE, 4, 5, true);
  /** Records for instructions of four bytes from `ip` on. */
  const run = (ip: number, count: number): number => {
    let first = 0;
    for (let i = 0; i < count; i++) {
      const record = cache.allocate();
      first ||= record;
      space.u16[(record + OP_HANDLER) >> 1] = LIVE;
      space.u32[(record + OP_IP) >> 2] = ip + 4 * i;
      cache.insert(ip + 4 * i, record);
    }
    const end = first + count * OP_SIZE;
    for (let page = pageOf(ip); page <= pageOf(ip + 4 * count - 1); page++) cache.registerRun(page, first, end);
    return first;
  };
  return { space, cache, run };
}

describe('OpCache', () => {
  it('starts with a jump cache in which no address has an entry', () => {
    const { space } = setUp();
    const hits = [];
    for (let i = 0; i < JUMP_CACHE_ENTRIES; i++) {
      // An address is looked up in the entry that its low bits number.
      const key = space.u32[(JUMP_CACHE >> 2) + 2 * i]!;
      if (key % JUMP_CACHE_ENTRIES === i) hits.push(key);
    }
    expect(hits).toEqual([]);
  });

  it('finds what was inserted, also after it has grown', () => {
    const { cache } = setUp();
    for (let i = 0; i < 50_000; i++) cache.insert(CODE + 3 * i, 0x20_0000 + OP_SIZE * i);
    const wrong = [];
    for (let i = 0; i < 50_000; i++) if (cache.find(CODE + 3 * i) !== 0x20_0000 + OP_SIZE * i) wrong.push(i);
    expect([wrong, cache.find(CODE + 1), cache.find(1)]).toEqual([[], 0, 0]);
  });

  it('makes the records of a page stale, and marks the page as code until then', () => {
    const { space, cache, run } = setUp();
    const page = CODE / PAGE_SIZE;
    const here = run(CODE, 3);
    const elsewhere = run(CODE + PAGE_SIZE, 3);
    expect(space.perm(page) & PERM_CODE).toBe(PERM_CODE);
    cache.invalidate(page, 1, STALE);
    const handlers = (first: number): number[] => [0, 1, 2].map((i) => space.u16[(first + i * OP_SIZE) >> 1]!);
    expect([handlers(here), handlers(elsewhere)]).toEqual([
      [STALE, STALE, STALE],
      [LIVE, LIVE, LIVE],
    ]);
    expect([cache.find(CODE), cache.find(CODE + PAGE_SIZE)]).toEqual([0, elsewhere]);
  });

  it('makes a run stale when either of its pages changes', () => {
    for (const changed of [0, 1]) {
      const { space, cache, run } = setUp();
      const first = run(CODE + PAGE_SIZE - 8, 4);
      cache.invalidate(CODE / PAGE_SIZE + changed, 1, STALE);
      expect([space.u16[first >> 1], cache.find(CODE + PAGE_SIZE)]).toEqual([STALE, 0]);
    }
  });

  it('leaves newer records of the same address alone', () => {
    const { cache, run } = setUp();
    run(CODE, 1);
    cache.invalidate(CODE / PAGE_SIZE, 1, STALE);
    const again = run(CODE, 1);
    // The old run is forgotten: a change of another range does not touch the new one.
    cache.invalidate(CODE / PAGE_SIZE + 1, 3, STALE);
    expect(cache.find(CODE)).toBe(again);
  });

  it('takes ranges of any size', () => {
    const { cache, run } = setUp();
    run(CODE, 1);
    run(CODE + 3 * PAGE_SIZE, 1);
    cache.invalidate(CODE / PAGE_SIZE, 0x1000, STALE);
    expect([cache.find(CODE), cache.find(CODE + 3 * PAGE_SIZE)]).toEqual([0, 0]);
  });

  it('says when it is full, and forgets all in a flush, with the jump cache', () => {
    const { space, cache, run } = setUp();
    cache.limit(10);
    run(CODE, 8);
    cache.cacheJump(CODE, cache.find(CODE));
    const entry = (JUMP_CACHE >> 2) + (CODE & 0xffff) * 2;
    expect([cache.hasRoom(2), cache.hasRoom(3), space.u32[entry]]).toEqual([true, false, CODE]);
    const { generation } = cache;
    cache.flush();
    expect([cache.hasRoom(10), cache.find(CODE), cache.generation - generation, cache.bytesUsed]).toEqual([
      true,
      0,
      1,
      0,
    ]);
    expect(space.u32[entry]).not.toBe(CODE);
  });

  it('keeps the jump cache apart by the low 16 bits of the address', () => {
    const { space, cache } = setUp();
    cache.cacheJump(0x1_2345, 0x20_0000);
    cache.cacheJump(0x2_2345, 0x20_0020);
    const entry = (JUMP_CACHE >> 2) + 0x2345 * 2;
    expect([space.u32[entry], space.u32[entry + 1]]).toEqual([0x2_2345, 0x20_0020]);
  });
});

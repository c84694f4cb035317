import { describe, expect, it } from 'vitest';
import { AddressSpace } from '../../../../core/mem/address-space.ts';
import {
  GUEST_BASE,
  GUEST_TOP,
  PAGE_SIZE,
  PERM_CODE,
  PERM_EXEC,
  PERM_MAPPED,
  PERM_MAYWRITE,
  PERM_READ,
  PERM_RESIDENT,
  PERM_TRACKED,
  PERM_WRITE,
} from '../../../../core/mem/layout.ts';

const READ = 1;
const WRITE = 2;
const EXEC = 4;
const PAGE = 0x100;
const GVA = PAGE * PAGE_SIZE;

/** An address space that may have `pages` pages resident. */
const create = (pages: number): AddressSpace => new AddressSpace(pages * PAGE_SIZE);

describe('residency', () => {
  it('is counted at the first store, once', () => {
    const space = create(10);
    space.mapPages(PAGE, 4, READ | WRITE);
    expect([space.residentPages, space.perm(PAGE) & PERM_WRITE]).toEqual([0, 0]);
    expect([space.resolve(PAGE, 'r'), space.residentPages]).toEqual(['ok', 0]);
    expect([space.resolve(PAGE, 'w'), space.residentPages, space.perm(PAGE) & PERM_WRITE]).toEqual([
      'ok',
      1,
      PERM_WRITE,
    ]);
    expect([space.resolve(PAGE, 'w'), space.residentPages]).toEqual(['ok', 1]);
  });

  it('counts at once what is mapped with its content, and refuses what does not fit', () => {
    const space = create(10);
    expect([space.mapPages(PAGE, 8, READ, true), space.residentPages]).toEqual([true, 8]);
    expect([space.mapPages(PAGE + 8, 3, READ, true), space.residentPages, space.perm(PAGE + 8)]).toEqual([false, 8, 0]);
    expect([space.mapPages(PAGE + 8, 2, READ, true), space.residentPages]).toEqual([true, 10]);
  });

  it('ends with `oom` at the first store beyond the limit', () => {
    const space = create(2);
    space.mapPages(PAGE, 3, READ | WRITE);
    expect([0, 1, 2].map((i) => space.resolve(PAGE + i, 'w'))).toEqual(['ok', 'ok', 'oom']);
    expect([space.residentPages, space.perm(PAGE + 2) & (PERM_RESIDENT | PERM_WRITE)]).toEqual([2, 0]);
    // What goes away makes room.
    space.unmapPages(PAGE, 1);
    expect([space.resolve(PAGE + 2, 'w'), space.residentPages]).toEqual(['ok', 2]);
  });

  it('stops populating at the limit', () => {
    const space = create(3);
    space.mapPages(PAGE, 4, READ | WRITE);
    expect([space.populatePages(PAGE, 4), space.residentPages]).toEqual([false, 3]);
    expect(space.perm(PAGE) & PERM_WRITE).toBe(PERM_WRITE);
  });

  it('ends when pages are discarded or unmapped, and the content is zero then', () => {
    const space = create(10);
    space.mapPages(PAGE, 2, READ | WRITE, true);
    space.raw(GVA, 2 * PAGE_SIZE).fill(0xaa);
    space.discardPages(PAGE, 1);
    expect([space.residentPages, space.raw(GVA, 1)[0], space.raw(GVA + PAGE_SIZE, 1)[0]]).toEqual([1, 0, 0xaa]);
    expect(space.perm(PAGE)).toBe(PERM_MAPPED | PERM_READ | PERM_MAYWRITE);
    space.unmapPages(PAGE, 2);
    expect([space.residentPages, space.raw(GVA + PAGE_SIZE, 1)[0], space.perm(PAGE + 1)]).toEqual([0, 0, 0]);
    expect(space.peakResidentPages).toBe(2);
  });

  it('moves with the pages', () => {
    const space = create(10);
    space.mapPages(PAGE, 3, READ | WRITE);
    space.resolve(PAGE + 1, 'w');
    space.raw(GVA + PAGE_SIZE, 4).set([1, 2, 3, 4]);
    const to = PAGE + 0x40;
    space.ensure((to + 3) * PAGE_SIZE);
    space.movePages(PAGE, 3, to);
    expect([...space.raw((to + 1) * PAGE_SIZE, 4)]).toEqual([1, 2, 3, 4]);
    expect([space.residentPages, space.perm(PAGE + 1), space.raw(GVA + PAGE_SIZE, 1)[0]]).toEqual([1, 0, 0]);
    expect([0, 1, 2].map((i) => space.perm(to + i) & PERM_RESIDENT)).toEqual([0, PERM_RESIDENT, 0]);
  });

  it('follows permission bytes that the owner sets', () => {
    const space = create(10);
    space.mapPages(PAGE, 1, READ);
    space.setPerm(PAGE, space.perm(PAGE) | PERM_RESIDENT);
    expect(space.residentPages).toBe(1);
    space.setPerm(PAGE, PERM_MAPPED);
    expect(space.residentPages).toBe(0);
  });
});

describe('rights', () => {
  it('are those of the mapping: what can be written or executed can be read', () => {
    const space = create(10);
    const allowed = (prot: number): string => {
      space.mapPages(PAGE, 1, prot, true);
      const list = (['r', 'w', 'x'] as const).filter((access) => space.resolve(PAGE, access) === 'ok').join('');
      space.unmapPages(PAGE, 1);
      return list;
    };
    expect([0, READ, WRITE, READ | WRITE, EXEC, READ | EXEC, 7].map(allowed)).toEqual([
      '',
      'r',
      'rw',
      'rw',
      'rx',
      'rx',
      'rwx',
    ]);
  });

  it('tell unmapped pages from forbidden ones', () => {
    const space = create(10);
    space.mapPages(PAGE, 1, READ);
    space.mapPages(PAGE + 1, 1, 0);
    expect([space.resolve(PAGE, 'w'), space.resolve(PAGE + 1, 'r'), space.resolve(PAGE + 2, 'r')]).toEqual([
      'accerr',
      'accerr',
      'maperr',
    ]);
    expect(space.resolve(GUEST_TOP / PAGE_SIZE, 'r')).toBe('maperr');
  });

  it('change without touching content or residency', () => {
    const space = create(10);
    space.mapPages(PAGE, 2, READ | WRITE);
    space.resolve(PAGE, 'w');
    space.raw(GVA, 1)[0] = 5;
    space.protectPages(PAGE, 2, 0);
    expect([space.perm(PAGE), space.perm(PAGE + 1)]).toEqual([PERM_MAPPED | PERM_RESIDENT, PERM_MAPPED]);
    space.protectPages(PAGE, 2, READ | WRITE);
    expect([space.perm(PAGE) & PERM_WRITE, space.perm(PAGE + 1) & PERM_WRITE]).toEqual([PERM_WRITE, 0]);
    expect([space.raw(GVA, 1)[0], space.residentPages]).toEqual([5, 1]);
  });

  it('cost no memory while there are none: reservations may lie beyond the end', () => {
    const space = create(10);
    const before = space.memory.buffer.byteLength;
    const far = (GUEST_TOP - (1 << 30)) / PAGE_SIZE;
    expect(space.mapPages(far, (1 << 29) / PAGE_SIZE, 0)).toBe(true);
    expect(space.memory.buffer.byteLength).toBe(before);
    expect(space.resolve(far, 'w')).toBe('accerr');
  });

  it('make the memory grow when they come, and the views with it', () => {
    const space = create(10);
    const far = 0x1000_0000 / PAGE_SIZE;
    expect(space.mapPages(far, 1, READ | WRITE)).toBe(true);
    expect(space.u8.length).toBe(space.memory.buffer.byteLength);
    expect(space.u8.length).toBeGreaterThanOrEqual(GUEST_BASE + 0x1000_0000 + PAGE_SIZE);
  });
});

describe('code pages', () => {
  it('send their next store to the slow path, and the news to the engine', () => {
    const space = create(10);
    const changes: number[][] = [];
    space.onCodeChanged = (first, count) => changes.push([first, count]);
    space.mapPages(PAGE, 2, 7, true);
    space.markCode(PAGE);
    expect(space.perm(PAGE) & (PERM_CODE | PERM_WRITE)).toBe(PERM_CODE);
    expect([space.resolve(PAGE, 'x'), space.resolve(PAGE, 'r'), changes]).toEqual(['ok', 'ok', []]);
    expect(space.resolve(PAGE, 'w')).toBe('ok');
    expect([changes, space.perm(PAGE) & (PERM_CODE | PERM_WRITE)]).toEqual([[[PAGE, 1]], PERM_WRITE]);
  });

  it('are told of when rights change or pages go away', () => {
    const space = create(10);
    const changes: number[][] = [];
    space.onCodeChanged = (first, count) => changes.push([first, count]);
    space.mapPages(PAGE, 3, READ | EXEC, true);
    for (const drop of [
      () => space.protectPages(PAGE, 3, READ),
      () => space.discardPages(PAGE, 3),
      () => space.movePages(PAGE, 3, PAGE + 8),
    ]) {
      space.markCode(PAGE + 1);
      drop();
    }
    space.markCode(PAGE + 8);
    space.unmapPages(PAGE + 8, 3);
    expect(changes).toEqual([
      [PAGE, 3],
      [PAGE, 3],
      [PAGE, 3],
      [PAGE + 8, 3],
    ]);
    // Pages without code are no news.
    space.mapPages(PAGE, 1, 7, true);
    space.protectPages(PAGE, 1, READ);
    expect(changes.length).toBe(4);
  });

  it('do not become writable again by being populated', () => {
    const space = create(10);
    space.mapPages(PAGE, 1, 7);
    space.markCode(PAGE);
    space.populatePages(PAGE, 1);
    expect(space.perm(PAGE) & (PERM_WRITE | PERM_CODE | PERM_EXEC)).toBe(PERM_CODE | PERM_EXEC);
  });
});

describe('the owner of the mappings', () => {
  it('is asked about what the permission byte refuses, and may help', () => {
    const space = create(10);
    const asked: unknown[] = [];
    space.onFault = (page, access, cause) => {
      asked.push([page - PAGE, access, cause]);
      if (cause !== 'maperr') return cause;
      space.mapPages(page, 1, READ | WRITE, true);
      return 'ok';
    };
    space.mapPages(PAGE, 1, READ);
    expect([space.resolve(PAGE, 'w'), space.resolve(PAGE + 1, 'w'), space.resolve(PAGE + 1, 'w')]).toEqual([
      'accerr',
      'ok',
      'ok',
    ]);
    expect(asked).toEqual([
      [0, 'w', 'accerr'],
      [1, 'w', 'maperr'],
    ]);
  });

  it('is asked about every access to a tracked page that its fast bits do not allow', () => {
    const space = create(10);
    space.mapPages(PAGE, 1, READ | WRITE);
    space.setPerm(PAGE, PERM_MAPPED | PERM_MAYWRITE | PERM_READ | PERM_TRACKED);
    space.onFault = () => 'buserr';
    expect([space.resolve(PAGE, 'r'), space.resolve(PAGE, 'w')]).toEqual(['ok', 'buserr']);
  });
});

describe('probe', () => {
  it('makes a range ready, or names the first address that does not allow it', () => {
    const space = create(10);
    space.mapPages(PAGE, 2, READ | WRITE);
    space.mapPages(PAGE + 2, 1, READ);
    expect(space.probe(GVA + 100, 2 * PAGE_SIZE - 100, 'w')).toBe(-1);
    expect(space.residentPages).toBe(2);
    expect(space.probe(GVA + 100, 2 * PAGE_SIZE, 'w')).toBe(GVA + 2 * PAGE_SIZE);
    expect(space.probe(GVA + 100, 2 * PAGE_SIZE, 'r')).toBe(-1);
    expect(space.probe(GVA - 50, 100, 'r')).toBe(GVA - 50);
    expect(space.probe(GVA + 3 * PAGE_SIZE - 1, 1, 'r')).toBe(-1);
    expect(space.probe(GVA, 1, 'x')).toBe(GVA);
  });

  it('always allows nothing at all, and knows the ends of the space', () => {
    const space = create(10);
    expect([space.probe(0, 0, 'w'), space.probe(GUEST_TOP + 5, 0, 'r')]).toEqual([-1, -1]);
    expect([space.probe(-1, 1, 'r'), space.probe(GUEST_TOP, 1, 'r'), space.probe(GUEST_TOP - 1, 2, 'r')]).toEqual([
      // Not -1, which stands for success.
      -2,
      GUEST_TOP,
      GUEST_TOP,
    ]);
    expect(space.probe(Number.NaN, 1, 'r')).toBeNaN();
  });
});

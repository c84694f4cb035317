import { describe, expect, it } from 'vitest';
import { ENOMEM } from '../../../../../core/kernel/abi/errno.ts';
import { RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK } from '../../../../../core/kernel/abi/resource.ts';
import { SysError } from '../../../../../core/kernel/errors.ts';
import { Mm } from '../../../../../core/kernel/mm/mm.ts';
import { VM_GROWSDOWN, VM_MAYEXEC, VM_MAYWRITE, VM_NORESERVE } from '../../../../../core/kernel/mm/vma.ts';
import { AddressSpace } from '../../../../../core/mem/address-space.ts';
import { GUEST_TOP } from '../../../../../core/mem/layout.ts';
import type { Engine } from '../../../../../core/vcpu/engine.ts';

const P = 4096;
const MIB = 1024 * 1024;
const RW = 3;
const MAY = VM_MAYWRITE | VM_MAYEXEC;

function makeMm(limitMiB = 64, limits: Record<number, number> = {}): Mm {
  const mm = new Mm(new AddressSpace(limitMiB * MIB), () => ({}) as Engine);
  mm.limits = { soft: (resource) => limits[resource] ?? (resource === RLIMIT_STACK ? 8 * MIB : Infinity) };
  mm.layOut(0x40_0000);
  return mm;
}

function anonymous(mm: Mm, len: number, prot = RW, flags = MAY, address = 0): number {
  return mm.map({ address, len, prot, flags });
}

function errnoOf(run: () => unknown): number {
  try {
    run();
    return 0;
  } catch (error) {
    if (error instanceof SysError) return error.errno;
    throw error;
  }
}

/** VMAs as start, end and rights, relative to `base`. */
const shape = (mm: Mm, base: number): string[] =>
  [...mm.vmas].map((vma) => `${(vma.start - base) / P}-${(vma.end - base) / P}:${vma.prot}`);

describe('placement', () => {
  it('fills the mmap area bottom-up and uses holes again', () => {
    const mm = makeMm();
    const first = anonymous(mm, 4 * P);
    const second = anonymous(mm, 4 * P);
    mm.unmap(first, first + 2 * P);
    expect([first, second, anonymous(mm, 3 * P), anonymous(mm, 2 * P)]).toEqual([
      mm.mmapBase,
      first + 4 * P,
      first + 8 * P,
      first,
    ]);
  });

  it('takes a hint that is free, and ignores one that does not fit', () => {
    const mm = makeMm();
    expect([anonymous(mm, P, RW, MAY, 0x5000_0000), anonymous(mm, P, RW, MAY, 0xc0_0000_0000)]).toEqual([
      0x5000_0000,
      mm.mmapBase,
    ]);
    expect(anonymous(mm, P, RW, MAY, 0x5000_0000)).toBe(mm.mmapBase + P);
  });

  it('merges neighbours that say the same and splits on protection', () => {
    const mm = makeMm();
    const base = anonymous(mm, 2 * P);
    anonymous(mm, 2 * P);
    const merged = shape(mm, base);
    mm.protect(base + P, base + 2 * P, 1);
    const split = shape(mm, base);
    mm.protect(base + P, base + 2 * P, RW);
    expect([merged, split, shape(mm, base)]).toEqual([['0-4:3'], ['0-1:3', '1-2:1', '2-4:3'], ['0-4:3']]);
  });
});

describe('reservations', () => {
  it('do not grow the wasm memory until they get rights', () => {
    const mm = makeMm();
    const before = mm.space.memory.buffer.byteLength;
    const at = anonymous(mm, 2048 * MIB, 0, MAY | VM_NORESERVE);
    const reserved = mm.space.memory.buffer.byteLength;
    mm.protect(at + 2000 * MIB, at + 2000 * MIB + P, RW);
    mm.user.setU32(at + 2000 * MIB, 42);
    expect([reserved, mm.user.getU32(at + 2000 * MIB), mm.space.residentPages]).toEqual([before, 42, 1]);
    expect(mm.space.memory.buffer.byteLength).toBeGreaterThan(2000 * MIB);
  });

  it('are refused when the address space has no room', () => {
    const mm = makeMm();
    expect(errnoOf(() => anonymous(mm, GUEST_TOP - 0xf000, 0))).toBe(ENOMEM);
  });
});

describe('memory limits', () => {
  it('refuse what the VM does not have free, but not NORESERVE', () => {
    const mm = makeMm(64);
    const refused = errnoOf(() => anonymous(mm, 65 * MIB));
    const at = anonymous(mm, 40 * MIB);
    mm.user.fill(at, 40 * MIB, 1);
    expect([refused, errnoOf(() => anonymous(mm, 30 * MIB)), errnoOf(() => anonymous(mm, 20 * MIB))]).toEqual([
      ENOMEM,
      ENOMEM,
      0,
    ]);
    expect(errnoOf(() => anonymous(mm, 100 * MIB, RW, MAY | VM_NORESERVE))).toBe(0);
  });

  it('report memory that ran out at the first store', () => {
    const mm = makeMm(1);
    const at = anonymous(mm, 16 * MIB, RW, MAY | VM_NORESERVE);
    mm.user.fill(at, MIB, 1);
    expect([mm.handleFault(at + MIB, 'w'), mm.handleFault(at, 'w')]).toEqual(['oom', 'ok']);
    mm.unmap(at, at + P);
    expect(mm.handleFault(at + MIB, 'w')).toBe('ok');
  });

  it('honour RLIMIT_AS and RLIMIT_DATA', () => {
    const space = makeMm(64, { [RLIMIT_AS]: 8 * P });
    anonymous(space, 8 * P, 1);
    const data = makeMm(64, { [RLIMIT_DATA]: 8 * P });
    anonymous(data, 80 * P, 1);
    expect([
      errnoOf(() => anonymous(space, P, 1)),
      errnoOf(() => anonymous(data, 9 * P)),
      errnoOf(() => data.protect(data.mmapBase, data.mmapBase + 9 * P, RW)),
      errnoOf(() => data.protect(data.mmapBase, data.mmapBase + 8 * P, RW)),
    ]).toEqual([ENOMEM, ENOMEM, ENOMEM, 0]);
  });
});

describe('brk', () => {
  it('moves the break both ways; memory given back is zero again', () => {
    const mm = makeMm();
    const start = mm.brkStart;
    mm.setBreak(start + 3 * P + 100);
    mm.user.setU32(start + 2 * P, 7);
    const high = mm.brk;
    mm.setBreak(start + P);
    mm.setBreak(start + 3 * P);
    expect([high - start, mm.user.getU32(start + 2 * P), [...mm.vmas].map((vma) => vma.name)]).toEqual([
      3 * P + 100,
      0,
      ['[heap]'],
    ]);
  });

  it('answers the old break below the start, at a mapping, and beyond memory', () => {
    const mm = makeMm();
    const start = mm.setBreak(mm.brkStart + P);
    anonymous(mm, P, RW, MAY, start + 8 * P);
    expect([mm.setBreak(0), mm.setBreak(start + 8 * P), mm.setBreak(start + 6 * P)]).toEqual([
      start,
      start,
      start + 6 * P,
    ]);
  });
});

describe('the stack', () => {
  function withStack(limits: Record<number, number> = {}): Mm {
    const mm = makeMm(64, limits);
    const len = 4 * P;
    mm.map({ address: mm.stackTop - len, len, prot: RW, flags: MAY | VM_GROWSDOWN, fixed: 'replace', name: '[stack]' });
    return mm;
  }

  it('grows down to the page that is touched, for the guest and for the kernel', () => {
    const mm = withStack();
    const top = mm.stackTop;
    const fault = mm.handleFault(top - 10 * P + 8, 'w');
    mm.user.setU32(top - 20 * P, 5);
    expect([fault, shape(mm, top)]).toEqual(['ok', ['-20-0:3']]);
  });

  it('stops at RLIMIT_STACK and at the guard gap above another mapping', () => {
    const mm = withStack({ [RLIMIT_STACK]: 4 * MIB });
    const top = mm.stackTop;
    anonymous(mm, P, RW, MAY, top - 3 * MIB);
    expect([
      mm.handleFault(top - 5 * MIB, 'w'),
      mm.handleFault(top - 3 * MIB + 256 * P, 'w'),
      mm.handleFault(top - 3 * MIB + 257 * P, 'w'),
    ]).toEqual(['maperr', 'maperr', 'ok']);
  });

  it('keeps other mappings out of the room below it', () => {
    const mm = withStack();
    expect(anonymous(mm, 2 * MIB)).toBe(mm.stackTop);
  });
});

describe('faults', () => {
  it('tell unmapped from forbidden', () => {
    const mm = makeMm();
    const at = anonymous(mm, P, 1);
    const none = anonymous(mm, P, 0);
    expect([
      mm.handleFault(0, 'r'),
      mm.handleFault(at, 'w'),
      mm.handleFault(at, 'x'),
      mm.handleFault(none, 'r'),
      mm.handleFault(2 ** 47, 'r'),
    ]).toEqual(['maperr', 'accerr', 'accerr', 'accerr', 'maperr']);
  });
});

describe('clear', () => {
  it('leaves nothing mapped or resident', () => {
    const mm = makeMm();
    const at = anonymous(mm, 4 * P);
    mm.user.fill(at, 4 * P, 9);
    mm.clear();
    expect([mm.vmas.count, mm.space.residentPages, mm.handleFault(at, 'r'), mm.brk]).toEqual([0, 0, 'maperr', 0]);
  });
});

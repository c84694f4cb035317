/**
 * Virtual memory areas: what each range of a process's address space is, as /proc/PID/maps shows it. The list is sorted,
 * without overlaps; neighbours that say the same are one VMA. Changing a VMA does not touch pages: mm.ts does that.
 */
import type { Backing } from './backing.ts';

export const VM_SHARED = 1;
export const VM_GROWSDOWN = 2;
export const VM_NORESERVE = 4;
export const VM_LOCKED = 8;
export const VM_LOCKONFAULT = 0x10;
/** mprotect may allow stores: not for a shared mapping of a file opened read-only. */
export const VM_MAYWRITE = 0x20;
/** mprotect may allow fetching: not for files of a noexec mount. */
export const VM_MAYEXEC = 0x40;
export const VM_DONTFORK = 0x80;
export const VM_WIPEONFORK = 0x100;
export const VM_DONTDUMP = 0x200;
export const VM_HUGEPAGE = 0x400;
export const VM_NOHUGEPAGE = 0x800;
export const VM_MERGEABLE = 0x1000;
export const VM_RANDOM = 0x2000;
export const VM_SEQUENTIAL = 0x4000;
/** Content is read at the first access, not when it is mapped. */
export const VM_LAZY = 0x8000;

export class Vma {
  /** First address and one past the last, page aligned. */
  start: number;
  end: number;
  /** PROT_* bits. */
  prot: number;
  /** VM_* bits. */
  flags: number;
  /** Undefined for anonymous memory. The VMA owns one reference. */
  backing: Backing | undefined;
  /** Offset in the backing of `start`. */
  offset: number;
  /** `[heap]`, `[stack]`, `[vdso]`, or empty. */
  name: string;

  constructor(init: Omit<Vma, 'pathname'>) {
    this.start = init.start;
    this.end = init.end;
    this.prot = init.prot;
    this.flags = init.flags;
    this.backing = init.backing;
    this.offset = init.offset;
    this.name = init.name;
  }

  /** Last column of /proc/PID/maps. */
  get pathname(): string {
    return this.name !== '' ? this.name : (this.backing?.describe() ?? '');
  }
}

function canMerge(a: Vma, b: Vma): boolean {
  return (
    a.end === b.start &&
    a.prot === b.prot &&
    a.flags === b.flags &&
    a.name === b.name &&
    (a.backing === undefined
      ? b.backing === undefined
      : a.backing.isSame(b.backing) && a.offset + (a.end - a.start) === b.offset)
  );
}

export class VmaList {
  private list: Vma[] = [];

  get count(): number {
    return this.list.length;
  }
  [Symbol.iterator](): IterableIterator<Vma> {
    return this.list[Symbol.iterator]();
  }

  /** Index of the first VMA that ends above `gva`; `count` when there is none. */
  private indexOf(gva: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.list[middle]!.end > gva) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The first VMA that ends above `gva` (it may start above it too). */
  find(gva: number): Vma | undefined {
    return this.list[this.indexOf(gva)];
  }
  /** The VMA that holds `gva`. */
  at(gva: number): Vma | undefined {
    const vma = this.find(gva);
    return vma !== undefined && vma.start <= gva ? vma : undefined;
  }
  /** The last VMA that ends at or below `gva`. */
  before(gva: number): Vma | undefined {
    return this.list[this.indexOf(gva) - 1];
  }
  isFree(start: number, end: number): boolean {
    const vma = this.find(start);
    return vma === undefined || vma.start >= end;
  }
  /** VMAs that overlap `[start, end)`, in order, as they are. */
  overlapping(start: number, end: number): Vma[] {
    const first = this.indexOf(start);
    let last = first;
    while (last < this.list.length && this.list[last]!.start < end) last++;
    return this.list.slice(first, last);
  }
  /** True when every address of `[start, end)` belongs to a VMA. */
  covers(start: number, end: number): boolean {
    let at = start;
    for (const vma of this.overlapping(start, end)) {
      if (vma.start > at) return false;
      at = vma.end;
    }
    return at >= end;
  }

  /** Makes `gva` a border between VMAs. */
  private splitAt(gva: number): void {
    const index = this.indexOf(gva);
    const vma = this.list[index];
    if (vma === undefined || vma.start >= gva) return;
    const upper = new Vma({ ...vma, start: gva, offset: vma.offset + (gva - vma.start) });
    upper.backing?.retain();
    vma.end = gva;
    this.list.splice(index + 1, 0, upper);
  }

  /** VMAs that make up the mapped part of `[start, end)` exactly, after splitting; call `merge` after changing them. */
  split(start: number, end: number): Vma[] {
    this.splitAt(start);
    this.splitAt(end);
    return this.overlapping(start, end);
  }

  /** Takes what lies in `[start, end)` out of the list; the caller now owns the VMAs' references. */
  cut(start: number, end: number): Vma[] {
    const removed = this.split(start, end);
    if (removed.length > 0) this.list.splice(this.indexOf(start), removed.length);
    return removed;
  }

  /** Adds a VMA to a free range, merged with its neighbours. */
  insert(vma: Vma): void {
    this.list.splice(this.indexOf(vma.start), 0, vma);
    this.merge(vma.start, vma.end);
  }

  /** Merges equal neighbours around and within `[start, end)`. */
  merge(start: number, end: number): void {
    let index = Math.max(1, this.indexOf(start));
    while (index < this.list.length && this.list[index]!.start <= end) {
      const before = this.list[index - 1]!;
      const vma = this.list[index]!;
      if (canMerge(before, vma)) {
        before.end = vma.end;
        vma.backing?.drop();
        this.list.splice(index, 1);
      } else {
        index++;
      }
    }
  }

  /**
   * Lowest free range of `len` bytes within `[low, high)`, or undefined. Below a growing stack `guard` bytes stay free.
   */
  findGap(len: number, low: number, high: number, guard: number): number | undefined {
    let start = low;
    for (let i = this.indexOf(low); i < this.list.length; i++) {
      const vma = this.list[i]!;
      const limit = vma.flags & VM_GROWSDOWN ? vma.start - guard : vma.start;
      if (Math.min(limit, high) - start >= len) return start;
      start = Math.max(start, vma.end);
    }
    return high - start >= len ? start : undefined;
  }
}

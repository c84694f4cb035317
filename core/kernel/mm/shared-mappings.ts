/**
 * MAP_SHARED mappings of files, kept coherent with the file and with each other.
 *
 * In a flat memory two mappings of one file page are two copies. The rule that makes them one: at any time a file page
 * is either clean (every loaded copy equals the file) or dirty in exactly one mapping, whose page alone has WRITE; copies
 * elsewhere are then unloaded. A store to a clean page and an access to an unloaded one come through
 * `AddressSpace.onFault`, which writes the dirty copy back and moves the right to store. So guests see true sharing, page
 * by page, within one process and between processes.
 *
 * Reads and writes of the file by system calls must call `syncToFile` before and `refreshFromFile` after.
 */
import { PAGE_SIZE, PERM_CODE, PERM_RESIDENT, PERM_WRITE } from '../../mem/layout.ts';
import { service } from '../kernel.ts';
import type { FileSystem, Inode } from '../vfs/inode.ts';
import { fileOffset, loadedPerm, loadFilePages, unloadFilePages } from './file-pages.ts';
import type { Mm } from './mm.ts';
import { VM_LAZY, type Vma } from './vma.ts';

/** One file that has shared mappings. */
export class SharedFile {
  /** Dirty pages (guest page numbers) of each address space that maps the file. */
  private readonly dirty = new Map<Mm, Set<number>>();
  private readonly release: () => void;
  private mappings = 0;

  /** `release` is called when the last mapping goes. */
  constructor(release: () => void) {
    this.release = release;
  }

  attach(): this {
    this.mappings++;
    return this;
  }
  detach(): void {
    if (--this.mappings === 0) this.release();
  }
  addUser(mm: Mm): void {
    if (!this.dirty.has(mm)) this.dirty.set(mm, new Set());
  }
  isDirty(mm: Mm, page: number): boolean {
    return this.dirty.get(mm)?.has(page) === true;
  }

  /** Calls `visit` for each part of a VMA that shows bytes of `[offset, endOffset)`; addresses are page aligned. */
  private forEachPart(
    offset: number,
    endOffset: number,
    visit: (mm: Mm, vma: Vma, start: number, end: number) => void,
  ): void {
    const first = Math.floor(offset / PAGE_SIZE) * PAGE_SIZE;
    const last = Math.ceil(endOffset / PAGE_SIZE) * PAGE_SIZE;
    for (const mm of this.dirty.keys()) {
      for (const vma of mm.vmas) {
        if (vma.backing?.shared !== this) continue;
        const start = Math.max(vma.start, vma.start + first - vma.offset);
        const end = Math.min(vma.end, vma.start + last - vma.offset);
        if (start < end) visit(mm, vma, start, end);
      }
    }
  }

  /** Writes dirty pages that show bytes of `[offset, endOffset)` to the file: they are clean then. 0 or -errno. */
  flush(offset: number, endOffset: number): number {
    let answer = 0;
    for (const [mm, pages] of this.dirty) {
      if (pages.size === 0) continue;
      for (const page of [...pages]) {
        const vma = mm.vmas.at(page * PAGE_SIZE)!;
        const at = fileOffset(vma, page);
        if (at + PAGE_SIZE > offset && at < endOffset) answer = this.writeBack(mm, vma, page) || answer;
      }
    }
    return answer;
  }
  /** Writes the dirty pages of `[start, end)` of one address space back. 0 or -errno. */
  flushRange(mm: Mm, start: number, end: number): number {
    let answer = 0;
    for (const page of [...(this.dirty.get(mm) ?? [])]) {
      const gva = page * PAGE_SIZE;
      if (gva >= start && gva < end) answer = this.writeBack(mm, mm.vmas.at(gva)!, page) || answer;
    }
    return answer;
  }

  private writeBack(mm: Mm, vma: Vma, page: number): number {
    this.dirty.get(mm)!.delete(page);
    mm.space.setPerm(page, mm.space.perm(page) & ~PERM_WRITE);
    const backing = vma.backing!;
    const at = fileOffset(vma, page);
    const len = Math.min(PAGE_SIZE, backing.size() - at);
    if (len <= 0) return 0;
    return Math.min(0, backing.write(mm.space.raw(page * PAGE_SIZE, len), at));
  }

  /** A loaded page is about to be stored to: it alone may show the new content. */
  makeDirty(mm: Mm, vma: Vma, page: number): void {
    const at = fileOffset(vma, page);
    this.forEachPart(at, at + 1, (otherMm, _other, start) => {
      if (otherMm === mm && start === page * PAGE_SIZE) return;
      otherMm.space.needsLoadChecks = true;
      unloadFilePages(otherMm, start, start + PAGE_SIZE);
    });
    this.dirty.get(mm)!.add(page);
    mm.space.setPerm(page, loadedPerm(vma, true));
  }

  /** The file changed in `[offset, endOffset)`, or its end moved to within: loaded pages are read again. */
  refresh(offset: number, endOffset: number): void {
    this.forEachPart(offset, endOffset, (mm, vma, start, end) => {
      const { space } = mm;
      const size = vma.backing!.size();
      for (let page = start / PAGE_SIZE; page < end / PAGE_SIZE; page++) {
        const perm = space.perm(page);
        const at = fileOffset(vma, page);
        if (at >= size) {
          this.dirty.get(mm)!.delete(page);
          if (perm & PERM_RESIDENT) unloadFilePages(mm, page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
        } else if (perm & PERM_RESIDENT) {
          if (perm & PERM_CODE) space.onCodeChanged(page, 1);
          vma.backing!.fill(space.raw(page * PAGE_SIZE, PAGE_SIZE), at);
        }
      }
      if (!(vma.flags & VM_LAZY)) loadFilePages(mm, vma, start, end);
    });
  }

  /** The address space ends. */
  removeUser(mm: Mm): void {
    this.dirty.delete(mm);
  }
}

/** All files with shared mappings, of one kernel. */
export class SharedMappings {
  private readonly files = new Map<FileSystem, Map<number, SharedFile>>();
  private readonly inodeNumbers = new WeakMap<Inode, number>();
  /** Set while pages are written back, when the hooks below have nothing to add. */
  private isBusy = false;

  private numberOf(inode: Inode): number {
    let ino = this.inodeNumbers.get(inode);
    if (ino === undefined) {
      ino = inode.stat().ino;
      this.inodeNumbers.set(inode, ino);
    }
    return ino;
  }

  /** The file's record with one mapping more; the caller's backing detaches it. */
  attach(inode: Inode): SharedFile {
    const ino = this.numberOf(inode);
    const { fs } = inode;
    let numbers = this.files.get(fs);
    if (numbers === undefined) {
      numbers = new Map();
      this.files.set(fs, numbers);
    }
    let file = numbers.get(ino);
    if (file === undefined) {
      file = new SharedFile(() => {
        numbers.delete(ino);
        if (numbers.size === 0) this.files.delete(fs);
      });
      numbers.set(ino, file);
    }
    return file.attach();
  }

  private lookup(inode: Inode): SharedFile | undefined {
    if (this.files.size === 0) return undefined;
    return this.files.get(inode.fs)?.get(this.numberOf(inode));
  }

  /** Call before the file is read, written, truncated or synced: what guests stored to mappings reaches the file. */
  syncToFile(inode: Inode): number {
    const file = this.isBusy ? undefined : this.lookup(inode);
    return file === undefined ? 0 : this.whileBusy(() => file.flush(0, Number.POSITIVE_INFINITY));
  }

  /** Call after `len` bytes at `offset` of the file changed; after truncate with the new size and Infinity. */
  refreshFromFile(inode: Inode, offset: number, len: number): void {
    const file = this.isBusy ? undefined : this.lookup(inode);
    if (file !== undefined) this.whileBusy(() => file.refresh(offset, offset + len));
  }

  private whileBusy<T>(action: () => T): T {
    this.isBusy = true;
    try {
      return action();
    } finally {
      this.isBusy = false;
    }
  }
}

export const sharedMappings = service('shared-mappings', () => new SharedMappings());

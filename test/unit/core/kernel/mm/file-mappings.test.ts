import { describe, expect, it } from 'vitest';
import { O_CREAT, O_RDWR } from '../../../../../core/kernel/abi/fcntl.ts';
import { madvise } from '../../../../../core/kernel/lib/posix-mmap/madvise.ts';
import { mmap, mprotect, mremap, munmap } from '../../../../../core/kernel/lib/posix-mmap/mmap.ts';
import { mincore, msync } from '../../../../../core/kernel/lib/posix-mmap/sync.ts';
import { sharedMappings } from '../../../../../core/kernel/mm/shared-mappings.ts';
import { readFile, writeBytes } from '../../../../../core/kernel/vfs/io.ts';
import { openPath } from '../../../../../core/kernel/vfs/open.ts';
import type { OpenFile } from '../../../../../core/kernel/vfs/open-file.ts';
import { SCRATCH, TestGuest } from '../../../../support/guest-kernel.ts';

const P = 4096;
const SHARED = 1;
const PRIVATE = 2;

/** A guest with a file of `size` bytes, each the number of its page plus one. */
class FileGuest extends TestGuest {
  readonly file: OpenFile;
  readonly fd: number;
  constructor(size: number) {
    super();
    this.file = openPath(this.task, -100, '/file', O_RDWR | O_CREAT, 0o644);
    this.fd = this.task.process.fds.install(this.file);
    this.file.write(
      Uint8Array.from({ length: size }, (_, i) => Math.floor(i / P) + 1),
      0,
    );
  }
  map(len: number, type: number, prot = 3, offset = 0): number {
    return this.call(mmap, 0, len, prot, type, this.fd, offset);
  }
  byte(gva: number): number {
    return this.task.memory.getU8(gva);
  }
  set(gva: number, value: number): void {
    this.task.memory.setU8(gva, value);
  }
  /** Byte of the file as read(2) gives it. */
  read(offset: number): number {
    readFile(this.task, this.file, SCRATCH, 1, offset);
    return this.byte(SCRATCH);
  }
  fault(gva: number, access: 'r' | 'w' = 'r'): string {
    return this.process.mm.handleFault(gva, access);
  }
}

describe('private file mappings', () => {
  it('show the file, keep changes to themselves, and end with SIGBUS', () => {
    const guest = new FileGuest(P + 100);
    const at = guest.map(4 * P, PRIVATE);
    guest.set(at, 99);
    expect([guest.byte(at), guest.byte(at + P + 99), guest.byte(at + P + 100), guest.read(0)]).toEqual([99, 2, 0, 1]);
    expect([guest.fault(at + 2 * P), guest.fault(at + 4 * P)]).toEqual(['buserr', 'maperr']);
  });

  it('forget changes on MADV_DONTNEED, and are read when PROT_NONE ends', () => {
    const guest = new FileGuest(2 * P);
    const at = guest.map(2 * P, PRIVATE);
    guest.set(at, 99);
    guest.call(madvise, at, P, 4);
    const hidden = guest.map(2 * P, PRIVATE, 0);
    const resident = guest.process.mm.space.residentPages;
    guest.call(mprotect, hidden + P, P, 1);
    expect([guest.byte(at), guest.byte(hidden + P), guest.fault(hidden)]).toEqual([1, 2, 'accerr']);
    expect(guest.process.mm.space.residentPages - resident).toBe(1);
  });
});

describe('shared file mappings', () => {
  it('pass stores to the file when it is read, and writes of the file to the mapping', () => {
    const guest = new FileGuest(3 * P);
    const at = guest.map(3 * P, SHARED);
    guest.set(at + P, 77);
    const seen = guest.read(P);
    writeBytes(guest.task, guest.file, Uint8Array.of(55), 2 * P);
    expect([seen, guest.byte(at + 2 * P), guest.byte(at + P), guest.read(2 * P)]).toEqual([77, 55, 77, 55]);
  });

  it('write back on msync and munmap, not beyond the end of the file', () => {
    const guest = new FileGuest(100);
    const at = guest.map(P, SHARED);
    guest.set(at + 5, 50);
    guest.set(at + 200, 51);
    guest.call(msync, at, P, 4);
    const into = new Uint8Array(10);
    guest.file.read(into, 0);
    guest.set(at + 6, 60);
    guest.call(munmap, at, P);
    const after = new Uint8Array(300);
    const count = guest.file.read(after, 0);
    expect([into[5], into[6], after[6], count]).toEqual([50, 1, 60, 100]);
  });

  it('are one memory, page by page', () => {
    const guest = new FileGuest(2 * P);
    const a = guest.map(2 * P, SHARED);
    const b = guest.map(2 * P, SHARED);
    guest.set(a, 10);
    const first = guest.byte(b);
    guest.set(b + 1, 20);
    const second = guest.byte(a + 1);
    guest.set(a + 2, 30);
    guest.set(b + P, 40);
    expect([first, second, guest.byte(b + 2), guest.byte(b), guest.byte(a + P)]).toEqual([10, 20, 30, 10, 40]);
    expect(guest.process.mm.space.needsLoadChecks).toBe(true);
  });

  it('keep what was stored through protection changes and moves', () => {
    const guest = new FileGuest(2 * P);
    const at = guest.map(2 * P, SHARED);
    guest.set(at, 10);
    guest.call(mprotect, at, 2 * P, 0);
    guest.call(mprotect, at, 2 * P, 3);
    const kept = guest.byte(at);
    guest.set(at + P, 11);
    const moved = guest.call(mremap, at, 2 * P, 2 * P, 3, at + 64 * P);
    guest.set(moved + 1, 12);
    guest.call(munmap, moved, 2 * P);
    expect([kept, guest.read(0), guest.read(P), guest.read(1)]).toEqual([10, 10, 11, 12]);
  });

  it('follow the size of the file', () => {
    const guest = new FileGuest(3 * P);
    const at = guest.map(3 * P, SHARED);
    const { inode } = guest.file;
    guest.set(at + 5, 44);
    sharedMappings(guest.kernel).syncToFile(inode!);
    guest.file.truncate(100);
    sharedMappings(guest.kernel).refreshFromFile(inode!, 100, Number.POSITIVE_INFINITY);
    const cut = [guest.byte(at + 5), guest.byte(at + 100), guest.fault(at + P)];
    guest.file.truncate(2 * P);
    expect([cut, guest.byte(at + P), guest.fault(at + 2 * P)]).toEqual([[44, 0, 'buserr'], 0, 'buserr']);
  });

  it('give pages back with MADV_REMOVE, in the file too', () => {
    const guest = new FileGuest(2 * P);
    const at = guest.map(2 * P, SHARED, 1);
    expect([guest.call(madvise, at, P, 9), guest.byte(at), guest.read(0), guest.byte(at + P)]).toEqual([0, 0, 0, 2]);
  });

  it('read large files on demand', () => {
    const guest = new FileGuest(P);
    const size = 200 * 1024 * 1024;
    guest.file.truncate(size);
    const at = guest.map(size, SHARED);
    const before = guest.process.mm.space.residentPages;
    guest.set(at + size - P, 7);
    const first = guest.byte(at);
    const loaded = guest.process.mm.space.residentPages - before;
    expect([first, guest.read(size - P), loaded]).toEqual([1, 7, 17]);
  });

  it('duplicate with an old size of 0', () => {
    const guest = new FileGuest(P);
    const at = guest.map(P, SHARED);
    const copy = guest.call(mremap, at, 0, P, 1, 0);
    guest.set(copy, 9);
    expect([copy === at, guest.byte(at)]).toEqual([false, 9]);
  });

  it('let go of the file', () => {
    const guest = new FileGuest(P);
    const at = guest.map(P, SHARED);
    guest.map(P, PRIVATE);
    guest.process.fds.close(guest.fd);
    guest.set(at, 5);
    guest.process.mm.clear();
    const again = openPath(guest.task, -100, '/file', 0);
    const into = new Uint8Array(1);
    again.read(into, 0);
    expect(into[0]).toBe(5);
  });
});

describe('mremap', () => {
  it('grows in place, moves with content, and shrinks', () => {
    const guest = new TestGuest();
    const at = guest.call(mmap, 0, 2 * P, 3, 0x22, -1, 0);
    guest.task.memory.setU8(at + P, 8);
    const grown = guest.call(mremap, at, 2 * P, 4 * P, 1, 0);
    const other = guest.call(mmap, at + 4 * P, P, 1, 0x22, -1, 0);
    const moved = guest.call(mremap, at, 4 * P, 8 * P, 1, 0);
    expect([grown === at, other === at + 4 * P, moved === at, guest.task.memory.getU8(moved + P)]).toEqual([
      true,
      true,
      false,
      8,
    ]);
    expect([guest.process.mm.vmas.at(at), guest.call(mremap, moved, 8 * P, P, 0, 0)]).toEqual([undefined, moved]);
    expect(guest.process.mm.vmas.at(moved + P)).toBe(undefined);
  });

  it('moves within one mapping, and several mappings at once', () => {
    const guest = new TestGuest();
    const at = guest.call(mmap, 0, 8 * P, 3, 0x22, -1, 0);
    guest.task.memory.setU8(at + 6 * P, 8);
    const moved = guest.call(mremap, at + 6 * P, P, P, 3, at + P);
    guest.call(mprotect, at + P, P, 1);
    const both = guest.call(mremap, at, 3 * P, 3 * P, 3, at + 32 * P);
    expect([moved - at, both - at, guest.task.memory.getU8(both + P)]).toEqual([P, 32 * P, 8]);
    expect([...guest.process.mm.vmas].slice(-3).map((vma) => (vma.start - both) / P)).toEqual([0, 1, 2]);
  });

  it('leaves empty memory behind with DONTUNMAP', () => {
    const guest = new TestGuest();
    const at = guest.call(mmap, 0, P, 3, 0x22, -1, 0);
    guest.task.memory.setU8(at, 8);
    const moved = guest.call(mremap, at, P, P, 5, 0);
    expect([guest.task.memory.getU8(at), guest.task.memory.getU8(moved)]).toEqual([0, 8]);
  });
});

describe('mincore', () => {
  it('shows which pages are resident', () => {
    const guest = new TestGuest();
    const at = guest.call(mmap, 0, 3 * P, 3, 0x22, -1, 0);
    guest.task.memory.setU8(at + P, 1);
    guest.call(mincore, at, 3 * P, SCRATCH);
    expect([...guest.task.memory.readBytes(SCRATCH, 3)]).toEqual([0, 1, 0]);
  });
});

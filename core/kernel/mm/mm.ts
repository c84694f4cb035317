/**
 * The memory of one process: its address space, the VMAs in it, the heap and the place of the stack. See mmap(2),
 * brk(2). Functions take page-aligned ranges below GUEST_TOP; the system calls check what guests pass.
 *
 * Layout, lowest first, so that the wasm memory stays small (it is as long as the highest address in use):
 *
 *   program (0x400000 typical) | brk area | main stack, growing down | mmap area, filled bottom-up ... GUEST_TOP
 *
 * Differences from Linux: mmap goes bottom-up and nothing is randomised. Content of files is read when it is mapped
 * (file-pages.ts). An allocation larger than the VM's free memory is refused (vm.overcommit_memory 0 refuses those
 * larger than the total).
 */
import { type Access, AddressSpace, type FaultCause } from '../../mem/address-space.ts';
import { GUEST_TOP, MMAP_MIN_ADDR, PAGE_SIZE, PERM_TRACKED } from '../../mem/layout.ts';
import { UserMemory } from '../../mem/user-memory.ts';
import type { Engine } from '../../vcpu/engine.ts';
import { Vcpu } from '../../vcpu/vcpu.ts';
import { EACCES, EAGAIN, EEXIST, ENOMEM } from '../abi/errno.ts';
import { MAX_MAP_COUNT, PROT_EXEC, PROT_WRITE } from '../abi/mman.ts';
import { RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK } from '../abi/resource.ts';
import { fail } from '../errors.ts';
import type { Backing } from './backing.ts';
import { EAGER_BYTES, faultFilePage, loadFilePages } from './file-pages.ts';
import { type ImageLayout, noImage } from './image-layout.ts';
import { defaultMemoryLimits, type MemoryLimits } from './limits.ts';
import {
  VM_GROWSDOWN,
  VM_LAZY,
  VM_LOCKED,
  VM_MAYEXEC,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_SHARED,
  Vma,
  VmaList,
} from './vma.ts';

/** Free space kept below a growing stack (Linux: stack_guard_gap). */
export const STACK_GUARD = 256 * PAGE_SIZE;
/** Addresses kept free for brk above the program. */
const BRK_ROOM = 256 * 1024 * 1024;
/** Addresses kept free for the main stack, whatever RLIMIT_STACK says; programs may raise it for themselves. */
const STACK_ROOM_MIN = 64 * 1024 * 1024;
const STACK_ROOM_MAX = 256 * 1024 * 1024;
/** Where mmaps go when the program lies too high for them above it. */
const LOW_MMAP_BASE = 0x1000_0000;

export const pageUp = (value: number): number => Math.ceil(value / PAGE_SIZE) * PAGE_SIZE;
export const pageDown = (value: number): number => Math.floor(value / PAGE_SIZE) * PAGE_SIZE;

export interface MapRequest {
  /** Where: a hint, unless `fixed`. Page aligned; 0 for no wish. */
  address: number;
  /** Page aligned, not 0. */
  len: number;
  /** PROT_READ, PROT_WRITE, PROT_EXEC. */
  prot: number;
  /** VM_* bits. */
  flags: number;
  fixed?: 'replace' | 'noreplace' | undefined;
  /** `map` takes over the caller's reference, also when it fails. */
  backing?: Backing | undefined;
  offset?: number;
  name?: string;
  /** Highest end of a range that `map` chooses (MAP_32BIT). */
  below?: number;
}

export class Mm {
  readonly space: AddressSpace;
  readonly user: UserMemory;
  readonly vcpu: Vcpu;
  readonly engine: Engine;
  readonly vmas = new VmaList();
  limits: MemoryLimits = defaultMemoryLimits;
  image: ImageLayout = noImage;
  /** First address of the brk area, and the current break. */
  brkStart = 0;
  brk = 0;
  /** Lowest address of mmaps that leave the place to the kernel. */
  mmapBase = LOW_MMAP_BASE;
  /** One past the highest address of the main stack. */
  stackTop = 0;
  /** VM_* bits of mlockall(MCL_FUTURE). */
  futureLock = 0;

  private readonly createEngine: (space: AddressSpace) => Engine;

  constructor(space: AddressSpace, createEngine: (space: AddressSpace) => Engine) {
    this.createEngine = createEngine;
    this.space = space;
    this.user = new UserMemory(space);
    this.vcpu = new Vcpu(space);
    this.engine = createEngine(space);
    space.onFault = (page, access, cause) => this.onFault(page, access, cause);
  }

  /** Bytes in VMAs (VmSize). */
  get mappedBytes(): number {
    let total = 0;
    for (const vma of this.vmas) total += vma.end - vma.start;
    return total;
  }
  /** Bytes in private writable VMAs but the stack (VmData). */
  get dataBytes(): number {
    return this.sumOf((vma) => isData(vma));
  }
  get lockedBytes(): number {
    return this.sumOf((vma) => (vma.flags & VM_LOCKED) !== 0);
  }
  get residentBytes(): number {
    return this.space.residentPages * PAGE_SIZE;
  }
  /** VmHWM. */
  get peakResidentBytes(): number {
    return Math.max(this.space.peakResidentPages, this.space.residentPages) * PAGE_SIZE;
  }
  private sumOf(select: (vma: Vma) => boolean): number {
    let total = 0;
    for (const vma of this.vmas) if (select(vma)) total += vma.end - vma.start;
    return total;
  }

  /** Lays out brk area, stack and mmap area around a program that ends at `imageEnd`. */
  layOut(imageEnd: number): void {
    const stackRoom = pageUp(Math.min(Math.max(this.limits.soft(RLIMIT_STACK), STACK_ROOM_MIN), STACK_ROOM_MAX));
    this.brkStart = this.brk = pageUp(imageEnd);
    const above = this.brkStart + BRK_ROOM;
    const isHigh = above + stackRoom > GUEST_TOP / 2;
    const base = isHigh ? LOW_MMAP_BASE : above;
    const room = stackRoom + STACK_GUARD;
    this.stackTop = (this.vmas.findGap(room, base, GUEST_TOP, STACK_GUARD) ?? fail(ENOMEM)) + room;
    this.mmapBase = this.stackTop;
  }

  /** Where a mapping of `len` bytes goes when its place is left to the kernel; ENOMEM when there is none. */
  findFree(len: number, below = GUEST_TOP): number {
    const { vmas } = this;
    return (
      vmas.findGap(len, this.mmapBase, below, STACK_GUARD) ??
      vmas.findGap(len, MMAP_MIN_ADDR, below, STACK_GUARD) ??
      fail(ENOMEM)
    );
  }

  private place(request: MapRequest): number {
    const { address, len } = request;
    const end = address + len;
    if (request.fixed !== undefined) {
      if (end > GUEST_TOP) fail(ENOMEM);
      if (request.fixed === 'noreplace' && !this.vmas.isFree(address, end)) fail(EEXIST);
      return address;
    }
    if (address >= MMAP_MIN_ADDR && end <= Math.min(GUEST_TOP, request.below ?? GUEST_TOP)) {
      const next = this.vmas.find(address);
      const guard = next !== undefined && next.flags & VM_GROWSDOWN ? STACK_GUARD : 0;
      if (next === undefined || end + guard <= next.start) return address;
    }
    return this.findFree(len, request.below);
  }

  /** ENOMEM when mapping `bytes` more exceeds RLIMIT_AS. */
  checkAddressSpace(bytes: number): void {
    const limit = this.limits.soft(RLIMIT_AS);
    if (limit !== Number.POSITIVE_INFINITY && this.mappedBytes + bytes > limit) fail(ENOMEM);
  }

  /** ENOMEM when `bytes` more of such memory exceed RLIMIT_DATA or, unless it is VM_NORESERVE, what the VM has free. */
  checkMemory(bytes: number, prot: number, flags: number): void {
    if ((prot & PROT_WRITE) === 0 || flags & (VM_SHARED | VM_GROWSDOWN)) return;
    const dataLimit = this.limits.soft(RLIMIT_DATA);
    if (dataLimit !== Number.POSITIVE_INFINITY && this.dataBytes + bytes > dataLimit) fail(ENOMEM);
    if (flags & VM_NORESERVE) return;
    const { space } = this;
    if (bytes / PAGE_SIZE > space.limitPages - space.residentPages) fail(ENOMEM);
  }

  /** Maps a range and returns its address; throws SysError. Replaces what was there when fixed. */
  map(request: MapRequest): number {
    const { len, prot, backing } = request;
    try {
      if (this.vmas.count >= MAX_MAP_COUNT) fail(ENOMEM);
      const address = this.place(request);
      const replaced = request.fixed === 'replace' ? this.bytesWithin(address, address + len) : 0;
      this.checkAddressSpace(len - replaced);
      this.checkMemory(len - replaced, prot, request.flags);
      if (replaced > 0) this.unmap(address, address + len);
      const vma = new Vma({
        start: address,
        end: address + len,
        prot,
        flags: request.flags | this.futureLock,
        backing: backing?.retain(),
        offset: request.offset ?? 0,
        name: request.name ?? '',
      });
      this.add(vma);
      return address;
    } finally {
      backing?.drop();
    }
  }

  /** Makes a VMA of a free range part of the address space, and its content available; throws SysError. */
  add(vma: Vma): void {
    const { space, vmas } = this;
    const first = vma.start / PAGE_SIZE;
    const count = (vma.end - vma.start) / PAGE_SIZE;
    if (vma.backing === undefined) {
      if (!space.mapPages(first, count, vma.prot)) fail(ENOMEM);
      vmas.insert(vma);
      return;
    }
    const content = Math.min(vma.end - vma.start, vma.backing.size() - vma.offset);
    if (content > EAGER_BYTES) {
      vma.flags |= VM_LAZY;
      space.needsLoadChecks = true;
    }
    vma.backing.shared?.addUser(this);
    space.mapPages(first, count, 0);
    const answer = loadFilePages(this, vma, vma.start, vma.end);
    if (answer < 0) {
      space.unmapPages(first, count);
      vma.backing.drop();
      fail(-answer === ENOMEM ? ENOMEM : -answer);
    }
    vmas.insert(vma);
  }

  private bytesWithin(start: number, end: number): number {
    let total = 0;
    for (const vma of this.vmas.overlapping(start, end)) total += Math.min(vma.end, end) - Math.max(vma.start, start);
    return total;
  }

  /** Unmaps whatever lies in `[start, end)`; stores to shared files are written back. */
  unmap(start: number, end: number): void {
    for (const vma of this.vmas.overlapping(start, end)) vma.backing?.shared?.flushRange(this, start, end);
    for (const vma of this.vmas.cut(start, end)) {
      this.space.unmapPages(vma.start / PAGE_SIZE, (vma.end - vma.start) / PAGE_SIZE);
      vma.backing?.drop();
    }
  }

  /**
   * Changes the rights of `[start, end)`. Throws ENOMEM at the first hole, EACCES where the mapping can't have them;
   * what lies below is changed by then, as on Linux.
   */
  protect(start: number, end: number, prot: number): void {
    try {
      this.protectParts(start, end, prot);
    } finally {
      this.vmas.merge(start, end);
    }
  }

  private protectParts(start: number, end: number, prot: number): void {
    let at = start;
    for (const whole of this.vmas.overlapping(start, end)) {
      if (whole.start > at) fail(ENOMEM);
      at = Math.min(whole.end, end);
      const from = Math.max(whole.start, start);
      this.checkProtection(whole, at - from, prot);
      if (whole.prot === prot) continue;
      for (const vma of this.vmas.split(from, at)) {
        vma.prot = prot;
        this.applyProtection(vma);
      }
    }
    if (at < end) fail(ENOMEM);
  }

  private checkProtection(vma: Vma, len: number, prot: number): void {
    if (prot & PROT_WRITE && !(vma.flags & VM_MAYWRITE)) fail(EACCES);
    if (prot & PROT_EXEC && !(vma.flags & VM_MAYEXEC)) fail(EACCES);
    if (!isData(vma)) this.checkMemory(len, prot, vma.flags);
  }

  private applyProtection(vma: Vma): void {
    const answer =
      vma.backing !== undefined
        ? loadFilePages(this, vma, vma.start, vma.end)
        : this.space.protectPages(vma.start / PAGE_SIZE, (vma.end - vma.start) / PAGE_SIZE, vma.prot)
          ? 0
          : -ENOMEM;
    if (answer < 0) fail(ENOMEM);
  }

  /** brk(2): the new break, or the old one when it can't be had. */
  setBreak(address: number): number {
    if (!(address >= this.brkStart && address < GUEST_TOP)) return this.brk;
    const oldEnd = pageUp(this.brk);
    const newEnd = pageUp(address);
    if (newEnd > oldEnd && !this.growHeap(oldEnd, newEnd)) return this.brk;
    if (newEnd < oldEnd) this.unmap(newEnd, oldEnd);
    this.brk = address;
    return address;
  }

  private growHeap(oldEnd: number, newEnd: number): boolean {
    const next = this.vmas.find(oldEnd);
    const guard = next !== undefined && next.flags & VM_GROWSDOWN ? STACK_GUARD : PAGE_SIZE;
    if (next !== undefined && newEnd + guard > next.start) return false;
    const { startData, endData } = this.image;
    if (newEnd - this.brkStart + (endData - startData) > this.limits.soft(RLIMIT_DATA)) return false;
    try {
      this.map({
        address: oldEnd,
        len: newEnd - oldEnd,
        prot: 3,
        flags: VM_MAYWRITE | VM_MAYEXEC,
        fixed: 'noreplace',
        name: '[heap]',
      });
    } catch {
      return false;
    }
    return true;
  }

  /**
   * An access that faulted: `ok` when it may be tried again (a stack grew, a page was read), else what the guest is told:
   * SIGSEGV with SEGV_MAPERR or SEGV_ACCERR, SIGBUS for `buserr`; after `oom` the process is killed.
   */
  handleFault(address: number, access: Access): FaultCause {
    return address >= 0 && address < GUEST_TOP ? this.space.resolve(Math.floor(address / PAGE_SIZE), access) : 'maperr';
  }

  /** An empty address space of the same kind: for execve of a process that shares this one (vfork). */
  createEmpty(): Mm {
    const { limitPages } = this.space;
    const mm = new Mm(new AddressSpace(limitPages * PAGE_SIZE), this.createEngine);
    mm.limits = this.limits;
    return mm;
  }

  private onFault(page: number, access: Access, cause: FaultCause): FaultCause {
    const vma = this.vmas.find(page * PAGE_SIZE);
    if (vma === undefined) return cause;
    if (vma.start > page * PAGE_SIZE) {
      if (!(vma.flags & VM_GROWSDOWN) || !this.growStack(vma, page * PAGE_SIZE)) return cause;
      return this.space.resolve(page, access);
    }
    if (vma.backing === undefined || !(this.space.perm(page) & PERM_TRACKED)) return cause;
    return faultFilePage(this, vma, page, access);
  }

  private growStack(vma: Vma, start: number): boolean {
    if (start < MMAP_MIN_ADDR || vma.end - start > this.limits.soft(RLIMIT_STACK)) return false;
    if (this.mappedBytes + (vma.start - start) > this.limits.soft(RLIMIT_AS)) return false;
    const before = this.vmas.before(vma.start);
    const needsGuard = before !== undefined && before.prot !== 0 && !(before.flags & VM_GROWSDOWN);
    if (before !== undefined && start < before.end + (needsGuard ? STACK_GUARD : 0)) return false;
    if (!this.space.mapPages(start / PAGE_SIZE, (vma.start - start) / PAGE_SIZE, vma.prot)) return false;
    vma.start = start;
    return true;
  }

  /** Makes pages of `[start, end)` resident as far as their rights and memory allow: 0, or -EAGAIN when it ran out. */
  populate(start: number, end: number): number {
    for (const vma of this.vmas.overlapping(start, end)) {
      const from = Math.max(start, vma.start);
      const to = Math.min(end, vma.end);
      if (vma.prot === 0) continue;
      if (vma.backing === undefined) {
        if (!this.space.populatePages(from / PAGE_SIZE, (to - from) / PAGE_SIZE)) return -EAGAIN;
      } else {
        for (let page = from / PAGE_SIZE; page < to / PAGE_SIZE; page++) this.space.resolve(page, 'r');
      }
    }
    return 0;
  }

  /** Empties the address space: for execve, and at the end of the process. */
  clear(): void {
    const sharers = new Set([...this.vmas].map((vma) => vma.backing?.shared));
    this.unmap(0, GUEST_TOP);
    for (const shared of sharers) shared?.removeUser(this);
    this.image = noImage;
    this.brkStart = this.brk = this.stackTop = 0;
    this.mmapBase = LOW_MMAP_BASE;
    this.futureLock = 0;
  }
}

function isData(vma: Vma): boolean {
  return (vma.prot & PROT_WRITE) !== 0 && (vma.flags & (VM_SHARED | VM_GROWSDOWN)) === 0;
}

/**
 * The memory of one process: a shared wasm memory and its permission table, page by page. It knows nothing of files or
 * of Linux; VMAs live one level up (vma.ts and the posix-mmap micro-library). Runs on the vCPU's thread.
 *
 * Invariants: a page without PERM_MAPPED holds zeros; a mapped page that is not RESIDENT holds zeros and has WRITE
 * clear, so that its first store comes through `resolve` and is counted. A page with READ, WRITE or EXEC lies within
 * the wasm memory; PROT_NONE reservations may lie beyond its end.
 */
import {
  GUEST_BASE,
  GUEST_TOP,
  PAGE_SHIFT,
  PAGE_SIZE,
  PERM_CODE,
  PERM_EXEC,
  PERM_MAPPED,
  PERM_MAYWRITE,
  PERM_READ,
  PERM_RESIDENT,
  PERM_TABLE,
  PERM_TRACKED,
  PERM_WRITE,
} from './layout.ts';

/** Access rights of a mapping, as PROT_*: 1 read, 2 write, 4 execute. */
export type Prot = number;
/** What an access needs. */
export type Access = 'r' | 'w' | 'x';
/**
 * `ok`, or why not: no mapping (SEGV_MAPERR), not allowed (SEGV_ACCERR), memory used up, beyond the end of a mapped
 * file (SIGBUS).
 */
export type FaultCause = 'ok' | 'maperr' | 'accerr' | 'oom' | 'buserr';

const WASM_PAGE = 65536;

export class AddressSpace {
  readonly memory: WebAssembly.Memory;
  /** Views of the whole memory; replaced when it grows, so never keep them across a call that may map memory. */
  u8: Uint8Array<SharedArrayBuffer> = undefined!;
  u16: Uint16Array<SharedArrayBuffer> = undefined!;
  u32: Uint32Array<SharedArrayBuffer> = undefined!;
  i32: Int32Array<SharedArrayBuffer> = undefined!;
  dv: DataView<SharedArrayBuffer> = undefined!;
  /** Pages counted against the limit. */
  residentPages = 0;
  /** Highest `residentPages` before any that went away. */
  peakResidentPages = 0;
  /** Called before pages that hold decoded instructions change or go away. */
  onCodeChanged: (firstPage: number, pageCount: number) => void = () => {};
  /**
   * Asked about an access that the permission byte refuses, and about every access to a TRACKED page that its fast bits
   * don't allow. The owner of the VMAs may make the page accessible (stack growth, shared files) and answer `ok`.
   */
  onFault: (page: number, access: Access, cause: FaultCause) => FaultCause = (_page, _access, cause) => cause;
  /** True once a load can fault for a reason of its own (pages read on demand, aliases): loads must be checked then. */
  needsLoadChecks = false;
  /** Page of the vDSO, where the kernel has put one. */
  vdsoPage = -1;
  /** Pages the VM may have resident. */
  limitPages: number;

  constructor(limitBytes: number) {
    this.limitPages = Math.floor(limitBytes / PAGE_SIZE);
    this.memory = new WebAssembly.Memory({ initial: GUEST_BASE / WASM_PAGE + 16, maximum: 65536, shared: true });
    this.refreshViews();
  }

  private refreshViews(): void {
    const buffer = this.memory.buffer as unknown as SharedArrayBuffer;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.dv = new DataView(buffer);
  }

  /** Grows the memory so that guest addresses below `endGva` exist; false when the host refuses. */
  ensure(endGva: number): boolean {
    const need = GUEST_BASE + endGva - this.memory.buffer.byteLength;
    if (need <= 0) return true;
    // Growing remakes the views, so grow in steps of at least 16 MiB.
    const pages = Math.min(
      Math.max(Math.ceil(need / WASM_PAGE), 256),
      65536 - this.memory.buffer.byteLength / WASM_PAGE,
    );
    try {
      this.memory.grow(pages);
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
    this.refreshViews();
    return true;
  }

  /** The permission byte of a page. */
  perm(page: number): number {
    return this.u8[PERM_TABLE + page]!;
  }

  /**
   * Maps pages with rights `prot`; they must be unmapped (zero) before. With `resident` their content is about to be
   * filled in by the caller and counts at once. False when the host or the VM's memory can't hold them. A reservation
   * (no rights, not resident) costs no memory, wherever it lies.
   */
  mapPages(firstPage: number, pageCount: number, prot: Prot, resident = false): boolean {
    if ((resident || prot & 7) && !this.ensure((firstPage + pageCount) * PAGE_SIZE)) return false;
    if (resident && this.residentPages + pageCount > this.limitPages) return false;
    if (resident) this.residentPages += pageCount;
    const bits = permBits(prot, resident);
    this.u8.fill(bits, PERM_TABLE + firstPage, PERM_TABLE + firstPage + pageCount);
    return true;
  }

  /** Changes the rights of mapped pages; content and residency stay. False when the host can't hold them. */
  protectPages(firstPage: number, pageCount: number, prot: Prot): boolean {
    if (prot & 7 && !this.ensure((firstPage + pageCount) * PAGE_SIZE)) return false;
    this.dropCode(firstPage, pageCount);
    const { u8 } = this;
    const bits = [permBits(prot, false), permBits(prot, true)] as const;
    for (let p = PERM_TABLE + firstPage, end = p + pageCount; p < end; p++) {
      u8[p] = bits[((u8[p]! & PERM_RESIDENT) >> 5) & 1]!;
    }
    return true;
  }

  /** Makes mapped pages count as resident, as a first store would; false when the VM's memory is used up on the way. */
  populatePages(firstPage: number, pageCount: number): boolean {
    for (let page = firstPage; page < firstPage + pageCount; page++) {
      const perm = this.u8[PERM_TABLE + page]!;
      if (perm & PERM_RESIDENT) continue;
      if (this.residentPages >= this.limitPages) return false;
      this.residentPages++;
      const write = perm & PERM_MAYWRITE && !(perm & PERM_CODE) ? PERM_WRITE : 0;
      this.u8[PERM_TABLE + page] = perm | PERM_RESIDENT | write;
    }
    return true;
  }

  /** Moves mapped pages, content and rights, to an unmapped range within the memory; the ranges must not overlap. */
  movePages(fromPage: number, pageCount: number, toPage: number): void {
    this.dropCode(fromPage, pageCount);
    const { u8 } = this;
    for (let i = 0; i < pageCount; i++) {
      const perm = u8[PERM_TABLE + fromPage + i]!;
      if (perm & PERM_RESIDENT) {
        const off = GUEST_BASE + (fromPage + i) * PAGE_SIZE;
        u8.copyWithin(GUEST_BASE + (toPage + i) * PAGE_SIZE, off, off + PAGE_SIZE);
        u8.fill(0, off, off + PAGE_SIZE);
      }
      u8[PERM_TABLE + toPage + i] = perm & ~PERM_CODE;
    }
    u8.fill(0, PERM_TABLE + fromPage, PERM_TABLE + fromPage + pageCount);
  }

  /** Sets the permission byte of one mapped page within the memory; keeps count of resident pages. */
  setPerm(page: number, perm: number): void {
    const before = this.u8[PERM_TABLE + page]!;
    if (before & PERM_CODE && !(perm & PERM_CODE)) this.onCodeChanged(page, 1);
    this.residentPages += ((perm & PERM_RESIDENT) - (before & PERM_RESIDENT)) / PERM_RESIDENT;
    this.u8[PERM_TABLE + page] = perm;
  }

  /** Unmaps pages and zeroes what they held. */
  unmapPages(firstPage: number, pageCount: number): void {
    this.discardPages(firstPage, pageCount);
    this.u8.fill(0, PERM_TABLE + firstPage, PERM_TABLE + firstPage + pageCount);
  }

  /** Makes mapped pages zero and not resident again (MADV_DONTNEED of anonymous memory); rights stay. */
  discardPages(firstPage: number, pageCount: number): void {
    this.dropCode(firstPage, pageCount);
    this.peakResidentPages = Math.max(this.peakResidentPages, this.residentPages);
    const { u8 } = this;
    for (let page = firstPage; page < firstPage + pageCount; page++) {
      const perm = u8[PERM_TABLE + page]!;
      if (!(perm & PERM_RESIDENT)) continue;
      const off = GUEST_BASE + page * PAGE_SIZE;
      u8.fill(0, off, off + PAGE_SIZE);
      this.residentPages--;
      u8[PERM_TABLE + page] = perm & ~(PERM_RESIDENT | PERM_WRITE);
    }
  }

  private dropCode(firstPage: number, pageCount: number): void {
    const { u8 } = this;
    for (let p = PERM_TABLE + firstPage, end = p + pageCount; p < end; p++) {
      if (u8[p]! & PERM_CODE) {
        this.onCodeChanged(firstPage, pageCount);
        return;
      }
    }
  }

  /** Marks a page as holding decoded instructions: its next store goes through `resolve`. */
  markCode(page: number): void {
    this.u8[PERM_TABLE + page] = (this.u8[PERM_TABLE + page]! | PERM_CODE) & ~PERM_WRITE;
  }

  /**
   * Makes one page ready for an access: the slow path of every emitted check and of the kernel's own accesses. A first
   * store makes the page resident; a store to a code page drops its decoded instructions.
   */
  resolve(page: number, access: Access): FaultCause {
    if (page >= GUEST_TOP / PAGE_SIZE) return 'maperr';
    const perm = this.u8[PERM_TABLE + page]!;
    if (!(perm & PERM_MAPPED)) return this.onFault(page, access, 'maperr');
    if (access === 'r' && perm & PERM_READ) return 'ok';
    if (access === 'x' && perm & PERM_EXEC) return 'ok';
    if (perm & PERM_TRACKED || access !== 'w' || !(perm & PERM_MAYWRITE)) return this.onFault(page, access, 'accerr');
    let next = perm | PERM_WRITE;
    if (perm & PERM_CODE) {
      this.onCodeChanged(page, 1);
      next &= ~PERM_CODE;
    }
    if (!(perm & PERM_RESIDENT)) {
      if (this.residentPages >= this.limitPages) return 'oom';
      this.residentPages++;
      next |= PERM_RESIDENT;
    }
    this.u8[PERM_TABLE + page] = next;
    return 'ok';
  }

  /**
   * Makes `[gva, gva+len)` ready for an access of the kernel. Returns -1, or the first address that does not allow it
   * (one below a negative `gva`).
   * `len` 0 is always allowed.
   */
  probe(gva: number, len: number, access: Access): number {
    if (len <= 0) return -1;
    // Pointers in guest structures are read as signed numbers, and -1 is taken.
    if (gva < 0) return gva - 1;
    if (!(gva >= 0 && gva + len <= GUEST_TOP)) return gva >= 0 && gva < GUEST_TOP ? GUEST_TOP : gva;
    const first = gva >>> PAGE_SHIFT;
    const last = (gva + len - 1) >>> PAGE_SHIFT;
    const fast = access === 'r' ? PERM_READ : access === 'w' ? PERM_WRITE : PERM_EXEC;
    for (let page = first; page <= last; page++) {
      if (this.u8[PERM_TABLE + page]! & fast) continue;
      if (this.resolve(page, access) !== 'ok') return Math.max(gva, page * PAGE_SIZE);
    }
    return -1;
  }

  /** The bytes of `[gva, gva+len)` without any check: for callers that mapped or probed them. */
  raw(gva: number, len: number): Uint8Array<SharedArrayBuffer> {
    return this.u8.subarray(GUEST_BASE + gva, GUEST_BASE + gva + len);
  }
}

function permBits(prot: Prot, resident: boolean): number {
  let bits = PERM_MAPPED;
  // x86 pages that can be written can be read; pages that can be executed can be read too (no protection keys here).
  if (prot & 7) bits |= PERM_READ;
  if (prot & 2) bits |= PERM_MAYWRITE;
  if (prot & 4) bits |= PERM_EXEC;
  if (resident) bits |= PERM_RESIDENT;
  if (resident && prot & 2) bits |= PERM_WRITE;
  return bits;
}

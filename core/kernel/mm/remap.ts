/** Resizing and moving mappings: mremap(2). The range it is about lies within one VMA. */
import { GUEST_TOP, MMAP_MIN_ADDR, PAGE_SIZE } from '../../mem/layout.ts';
import { EFAULT, EINVAL, ENOMEM, EPERM } from '../abi/errno.ts';
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from '../abi/mman.ts';
import { fail } from '../errors.ts';
import { type Mm, STACK_GUARD } from './mm.ts';
import { VM_GROWSDOWN, VM_SHARED, Vma } from './vma.ts';

export interface RemapRequest {
  /** Page aligned. */
  address: number;
  /** Page aligned; 0 asks for a second mapping of a shared object. */
  oldLen: number;
  /** Page aligned, not 0. */
  newLen: number;
  /** MREMAP_*, already checked for consistency. */
  flags: number;
  newAddress: number;
}

/** The address the mapping has now; throws SysError. */
export function remap(mm: Mm, request: RemapRequest): number {
  const { address, newLen, flags } = request;
  if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) return remapTo(mm, request);
  const vma = mm.vmas.at(address) ?? fail(EFAULT);
  if (request.oldLen >= newLen) {
    if (request.oldLen > newLen) mm.unmap(address + newLen, address + request.oldLen);
    return address;
  }
  checkResize(mm, vma, request);
  const end = address + request.oldLen;
  if (request.oldLen > 0 && end === vma.end && growInPlace(mm, vma, address + newLen)) return address;
  if (!(flags & MREMAP_MAYMOVE)) fail(ENOMEM);
  return move(mm, vma, request, mm.findFree(newLen));
}

/** MREMAP_FIXED and MREMAP_DONTUNMAP. */
function remapTo(mm: Mm, request: RemapRequest): number {
  const { address, newAddress, newLen, flags } = request;
  const oldLen = Math.min(request.oldLen, newLen);
  if (newAddress % PAGE_SIZE !== 0 || newLen > GUEST_TOP || newAddress > GUEST_TOP - newLen) fail(EINVAL);
  if (flags & MREMAP_FIXED && newAddress < MMAP_MIN_ADDR) fail(EPERM);
  if (newAddress < address + request.oldLen && address < newAddress + newLen) fail(EINVAL);
  const { end } = mm.vmas.at(address) ?? fail(EFAULT);
  if (flags & MREMAP_FIXED && request.oldLen === newLen && address + oldLen > end) return moveAll(mm, request);
  if (flags & MREMAP_FIXED) mm.unmap(newAddress, newAddress + newLen);
  if (request.oldLen > newLen) mm.unmap(address + newLen, address + request.oldLen);
  // Looked up again: the ranges may have been parts of one VMA.
  const vma = mm.vmas.at(address) ?? fail(EFAULT);
  const resized = { ...request, oldLen };
  checkResize(mm, vma, resized);
  if (flags & MREMAP_DONTUNMAP) {
    // What stays behind would have to show the same memory.
    if (vma.flags & VM_SHARED && vma.backing === undefined) fail(EINVAL);
    mm.checkAddressSpace(newLen);
  }
  const hintFits = newAddress !== 0 && mm.vmas.isFree(newAddress, newAddress + newLen);
  const target = flags & MREMAP_FIXED || hintFits ? newAddress : mm.findFree(newLen);
  return move(mm, vma, resized, target);
}

/** Several VMAs at once, to a place of the same size (since Linux 6.17). Holes between them touch nothing there. */
function moveAll(mm: Mm, { address, oldLen, newAddress, flags }: RemapRequest): number {
  for (const vma of mm.vmas.overlapping(address, address + oldLen)) {
    const start = Math.max(vma.start, address);
    const len = Math.min(vma.end, address + oldLen) - start;
    const target = newAddress + (start - address);
    mm.unmap(target, target + len);
    move(mm, vma, { address: start, oldLen: len, newLen: len, flags, newAddress: target }, target);
  }
  return newAddress;
}

function checkResize(mm: Mm, vma: Vma, { address, oldLen, newLen }: RemapRequest): void {
  // A second view of shared anonymous memory needs an object behind it; there is none before processes share any.
  if (oldLen === 0 && vma.backing?.shared === undefined) fail(EINVAL);
  if (oldLen > vma.end - address) fail(EFAULT);
  if (newLen > GUEST_TOP) fail(ENOMEM);
  if (newLen <= oldLen) return;
  mm.checkAddressSpace(newLen - oldLen);
  mm.checkMemory(newLen - oldLen, vma.prot, vma.flags);
}

function growInPlace(mm: Mm, vma: Vma, newEnd: number): boolean {
  const next = mm.vmas.find(vma.end);
  const guard = next !== undefined && next.flags & VM_GROWSDOWN ? STACK_GUARD : 0;
  if (newEnd > GUEST_TOP || (next !== undefined && newEnd + guard > next.start)) return false;
  extend(mm, vma, vma.end, newEnd);
  return true;
}

/** Maps `[start, end)` as the continuation of `vma`, which ends at `start`. */
function extend(mm: Mm, vma: Vma, start: number, end: number): void {
  mm.add(new Vma({ ...vma, start, end, offset: vma.offset + (start - vma.start), backing: vma.backing?.retain() }));
}

function move(mm: Mm, vma: Vma, { address, oldLen, newLen, flags }: RemapRequest, target: number): number {
  const offset = vma.offset + (address - vma.start);
  if (oldLen === 0) {
    const copy = { ...vma, start: target, end: target + newLen, offset, backing: vma.backing?.retain() };
    mm.add(new Vma(copy));
    return target;
  }
  if (!mm.space.ensure(target + newLen)) fail(ENOMEM);
  vma.backing?.shared?.flushRange(mm, address, address + oldLen);
  const [piece] = mm.vmas.cut(address, address + oldLen) as [Vma];
  mm.space.movePages(address / PAGE_SIZE, oldLen / PAGE_SIZE, target / PAGE_SIZE);
  const name = piece.name === '[heap]' ? '' : piece.name;
  const moved = new Vma({ ...piece, start: target, end: target + oldLen, name });
  if (flags & MREMAP_DONTUNMAP) mm.add(new Vma({ ...piece, backing: piece.backing?.retain() }));
  mm.vmas.insert(moved);
  if (newLen > oldLen) extend(mm, mm.vmas.at(target)!, target + oldLen, target + newLen);
  return target;
}

/** Resizing and moving mappings: mremap(2). The range it is about lies within one VMA. */
import { GUEST_TOP, PAGE_SIZE } from '../../mem/layout.ts';
import { EFAULT, EINVAL, ENOMEM } from '../abi/errno.ts';
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from '../abi/mman.ts';
import { fail } from '../errors.ts';
import { type Mm, STACK_GUARD } from './mm.ts';
import { VM_GROWSDOWN, Vma } from './vma.ts';

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
  const vma = mm.vmas.at(address) ?? fail(EFAULT);
  if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) return remapTo(mm, request);
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
  let { oldLen } = request;
  if (newAddress % PAGE_SIZE !== 0 || newLen > GUEST_TOP || newAddress > GUEST_TOP - newLen) fail(EINVAL);
  if (newAddress < address + oldLen && address < newAddress + newLen) fail(EINVAL);
  if (flags & MREMAP_FIXED) mm.unmap(newAddress, newAddress + newLen);
  if (oldLen > newLen) {
    mm.unmap(address + newLen, address + oldLen);
    oldLen = newLen;
  }
  const vma = mm.vmas.at(address) ?? fail(EFAULT);
  checkResize(mm, vma, { ...request, oldLen });
  if (flags & MREMAP_DONTUNMAP) mm.checkAddressSpace(newLen);
  const hintFits = newAddress !== 0 && mm.vmas.isFree(newAddress, newAddress + newLen);
  const target = flags & MREMAP_FIXED || hintFits ? newAddress : mm.findFree(newLen);
  return move(mm, vma, { ...request, oldLen }, target);
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

/** mmap(2), munmap(2), mremap(2), mprotect(2) and its sibling with protection keys, which this CPU lacks. */
import { GUEST_TOP, MMAP_MIN_ADDR, PAGE_SIZE } from '../../../mem/layout.ts';
import { EACCES, EAGAIN, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP, EOVERFLOW, EPERM } from '../../abi/errno.ts';
import { F_SEAL_FUTURE_WRITE, F_SEAL_WRITE } from '../../abi/fcntl.ts';
import { MS_NOEXEC } from '../../abi/fs.ts';
import * as mman from '../../abi/mman.ts';
import { S_IFCHR, S_IFMT } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { type Backing, FileBacking } from '../../mm/backing.ts';
import { type MapRequest, pageDown, pageUp } from '../../mm/mm.ts';
import { remap } from '../../mm/remap.ts';
import { sharedMappings } from '../../mm/shared-mappings.ts';
import { VM_GROWSDOWN, VM_LOCKED, VM_MAYEXEC, VM_MAYWRITE, VM_NORESERVE, VM_SHARED } from '../../mm/vma.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { checkLockLimit } from './mlock.ts';
import { alignedRange, OVERFLOW, requireMappable } from './range.ts';

/** Flags that MAP_SHARED_VALIDATE knows for files without DAX. */
const VALIDATED =
  mman.MAP_TYPE |
  mman.MAP_FIXED |
  mman.MAP_ANONYMOUS |
  mman.MAP_32BIT |
  mman.MAP_DENYWRITE |
  mman.MAP_EXECUTABLE |
  mman.MAP_GROWSDOWN |
  mman.MAP_LOCKED |
  mman.MAP_NORESERVE |
  mman.MAP_POPULATE |
  mman.MAP_NONBLOCK |
  mman.MAP_STACK |
  mman.MAP_HUGETLB |
  mman.MAP_FIXED_NOREPLACE;
const RIGHTS = mman.PROT_READ | mman.PROT_WRITE | mman.PROT_EXEC;
/** MAP_32BIT: the first 2 GiB. */
const LOW_HALF = 0x8000_0000;
/** st_rdev of /dev/zero, whose mappings are anonymous memory. */
const DEV_ZERO = 0x105;

/** What the flags and the file make of the mapping; throws SysError as mmap(2) lists. */
function mappingOf(task: Task, prot: number, flags: number, fd: number): { vmFlags: number; backing?: Backing } {
  const type = flags & mman.MAP_TYPE;
  let vmFlags = VM_MAYWRITE | VM_MAYEXEC;
  if (flags & mman.MAP_NORESERVE) vmFlags |= VM_NORESERVE;
  if (flags & mman.MAP_ANONYMOUS) {
    // There is no pool of huge pages to take from.
    if (flags & mman.MAP_HUGETLB) fail(ENOMEM);
    if (type !== mman.MAP_SHARED && type !== mman.MAP_PRIVATE) fail(EINVAL);
    if (flags & mman.MAP_GROWSDOWN) {
      if (type === mman.MAP_SHARED) fail(EINVAL);
      vmFlags |= VM_GROWSDOWN;
    }
    return { vmFlags: type === mman.MAP_SHARED ? vmFlags | VM_SHARED : vmFlags };
  }
  const file = task.process.fds.require(fd);
  if (flags & mman.MAP_HUGETLB) fail(EINVAL);
  const isShared = type === mman.MAP_SHARED || type === mman.MAP_SHARED_VALIDATE;
  if (!isShared && type !== mman.MAP_PRIVATE) fail(EINVAL);
  if (type === mman.MAP_SHARED_VALIDATE && flags & ~VALIDATED) fail(EOPNOTSUPP);
  if (isShared && prot & mman.PROT_WRITE && !file.isWritable) fail(EACCES);
  if (!file.isReadable) fail(EACCES);
  if (file.path !== undefined && file.path.mount.flags & MS_NOEXEC) {
    if (prot & mman.PROT_EXEC) fail(EPERM);
    vmFlags &= ~VM_MAYEXEC;
  }
  const inode = file.mappable();
  if (flags & mman.MAP_GROWSDOWN) fail(EINVAL);
  if (isShared) vmFlags |= VM_SHARED;
  if (isShared && !file.isWritable) vmFlags &= ~VM_MAYWRITE;
  if (isShared && file.isWritable && isSealed(file)) {
    if (prot & mman.PROT_WRITE) fail(EPERM);
    vmFlags &= ~VM_MAYWRITE;
  }
  const { mode, rdev } = inode.stat();
  if ((mode & S_IFMT) === S_IFCHR) return rdev === DEV_ZERO ? { vmFlags } : fail(ENODEV);
  const shared = isShared ? sharedMappings(task.kernel).attach(inode) : undefined;
  return { vmFlags, backing: new FileBacking(file, inode, shared, (vmFlags & VM_MAYWRITE) !== 0) };
}

/** True for a memfd whose content may not be changed any more. */
function isSealed(file: OpenFile): boolean {
  const seals = file.seals();
  return seals > 0 && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0;
}

function fixedOf(flags: number): MapRequest['fixed'] {
  if (flags & mman.MAP_FIXED_NOREPLACE) return 'noreplace';
  return flags & mman.MAP_FIXED ? 'replace' : undefined;
}

function placeOf(address: number, len: number, isFixed: boolean): number {
  if (!isFixed) {
    const hint = pageUp(address);
    return hint !== 0 && hint < MMAP_MIN_ADDR ? MMAP_MIN_ADDR : hint;
  }
  if (address > GUEST_TOP - len) fail(ENOMEM);
  if (address % PAGE_SIZE !== 0) fail(EINVAL);
  if (address < MMAP_MIN_ADDR) fail(EPERM);
  return address;
}

export const mmap = defineSyscall({
  nr: 9,
  name: 'mmap',
  support: 'full',
  args: [
    arg.pointer('addr'),
    arg.size('length'),
    arg.flags('prot', mman.protNames),
    arg.flags('flags', mman.mapNames),
    arg.fd('fd'),
    arg.size('offset'),
  ],
  result: result.address,
  run(task, address, length, prot, flags, fd, offset) {
    if (offset % PAGE_SIZE !== 0) fail(EINVAL);
    if (!(flags & mman.MAP_ANONYMOUS)) task.process.fds.require(fd);
    if (length === 0) fail(EINVAL);
    if (length > OVERFLOW) fail(ENOMEM);
    const len = pageUp(length);
    if (offset + len > 2 ** 64) fail(EOVERFLOW);
    if (len > GUEST_TOP) fail(ENOMEM);
    const fixed = fixedOf(flags);
    const { mm } = task.process;
    const place = placeOf(address, len, fixed !== undefined);
    if (flags & mman.MAP_LOCKED) checkLockLimit(task, len, EAGAIN);
    const { vmFlags, backing } = mappingOf(task, prot, flags, fd);
    const request: MapRequest = {
      address: place,
      len,
      prot: prot & RIGHTS,
      flags: flags & mman.MAP_LOCKED ? vmFlags | VM_LOCKED : vmFlags,
      backing,
      offset: backing === undefined ? 0 : offset,
      fixed,
      below: flags & mman.MAP_32BIT ? LOW_HALF : GUEST_TOP,
    };
    const at = mm.map(request);
    const wantsPages = flags & mman.MAP_LOCKED || (flags & mman.MAP_POPULATE && !(flags & mman.MAP_NONBLOCK));
    if (wantsPages || mm.futureLock & VM_LOCKED) mm.populate(at, at + len);
    return at;
  },
});

export const munmap = defineSyscall({
  nr: 11,
  name: 'munmap',
  support: 'full',
  args: [arg.pointer('addr'), arg.size('length')],
  result: result.ok,
  run(task, address, length) {
    if (address % PAGE_SIZE !== 0 || address > GUEST_TOP || length > GUEST_TOP - address || length === 0) fail(EINVAL);
    task.process.mm.unmap(address, address + pageUp(length));
    return 0;
  },
});

const PROT_GROWS = mman.PROT_GROWSDOWN | mman.PROT_GROWSUP;

function protect(task: Task, address: number, length: number, prot: number): number {
  const { mm } = task.process;
  if ((prot & PROT_GROWS) === PROT_GROWS) fail(EINVAL);
  const range = alignedRange(address, length, ENOMEM);
  if (length === 0) return 0;
  if (prot & ~(RIGHTS | mman.PROT_SEM | PROT_GROWS)) fail(EINVAL);
  requireMappable(range);
  let { start } = range;
  if (prot & PROT_GROWS) {
    const vma = mm.vmas.find(start) ?? fail(ENOMEM);
    if (vma.start >= range.end) fail(ENOMEM);
    // No mapping here grows up.
    if (!(prot & mman.PROT_GROWSDOWN) || !(vma.flags & VM_GROWSDOWN)) fail(EINVAL);
    start = vma.start;
  }
  mm.protect(start, range.end, prot & RIGHTS);
  return 0;
}

export const mprotect = defineSyscall({
  nr: 10,
  name: 'mprotect',
  support: 'full',
  args: [arg.pointer('addr'), arg.size('length'), arg.flags('prot', mman.protNames)],
  result: result.ok,
  run: protect,
});

export const pkeyMprotect = defineSyscall({
  nr: 329,
  name: 'pkey_mprotect',
  support: 'full',
  args: [arg.pointer('addr'), arg.size('length'), arg.flags('prot', mman.protNames), arg.int('pkey')],
  result: result.ok,
  run: (task, address, length, prot, pkey) => (pkey === -1 ? protect(task, address, length, prot) : -EINVAL),
});

export const pkeyAlloc = defineSyscall({
  nr: 330,
  name: 'pkey_alloc',
  support: 'full',
  args: [arg.uint('flags'), arg.uint('access_rights')],
  result: result.int,
  run: () => -EINVAL,
});

export const pkeyFree = defineSyscall({
  nr: 331,
  name: 'pkey_free',
  support: 'full',
  args: [arg.int('pkey')],
  result: result.ok,
  run: () => -EINVAL,
});

const MREMAP_ALL = mman.MREMAP_MAYMOVE | mman.MREMAP_FIXED | mman.MREMAP_DONTUNMAP;

export const mremap = defineSyscall({
  nr: 25,
  name: 'mremap',
  support: { partial: 'a second mapping of shared anonymous memory (old_size 0, MREMAP_DONTUNMAP) is EINVAL' },
  args: [
    arg.pointer('old_address'),
    arg.size('old_size'),
    arg.size('new_size'),
    arg.flags('flags', mman.mremapNames),
    arg.pointer('new_address'),
  ],
  result: result.address,
  run(task, address, oldSize, newSize, flags, newAddress) {
    const mayMove = (flags & mman.MREMAP_MAYMOVE) !== 0;
    if (flags & ~MREMAP_ALL) fail(EINVAL);
    if (flags & mman.MREMAP_FIXED && !mayMove) fail(EINVAL);
    if (flags & mman.MREMAP_DONTUNMAP && (!mayMove || oldSize !== newSize)) fail(EINVAL);
    if (address % PAGE_SIZE !== 0 || newSize === 0 || newSize > OVERFLOW || oldSize > OVERFLOW) fail(EINVAL);
    const [oldLen, newLen] = [pageUp(oldSize), pageUp(newSize)];
    const at = remap(task.process.mm, { address, oldLen, newLen, flags, newAddress });
    const vma = task.process.mm.vmas.at(at);
    if (vma !== undefined && vma.flags & VM_LOCKED) task.process.mm.populate(at, pageDown(at + newLen));
    return at;
  },
});

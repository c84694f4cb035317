/**
 * mlock(2) and its family. Nothing is ever swapped out, so a locked page is one that is resident and stays so: locking
 * makes pages resident, and MADV_DONTNEED refuses them.
 */
import { GUEST_TOP } from '../../../mem/layout.ts';
import { EAGAIN, EINVAL, ENOMEM, EPERM } from '../../abi/errno.ts';
import * as mman from '../../abi/mman.ts';
import { RLIMIT_MEMLOCK } from '../../abi/resource.ts';
import { fail } from '../../errors.ts';
import { pageDown, pageUp } from '../../mm/mm.ts';
import { VM_LOCKED, VM_LOCKONFAULT } from '../../mm/vma.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import type { Range } from './range.ts';

/** EPERM, or `errno` when `bytes` more may not be locked (RLIMIT_MEMLOCK). */
export function checkLockLimit(task: Task, bytes: number, errno: number): void {
  const { mm, credentials } = task.process;
  if (credentials.isPrivileged) return;
  if (mm.limits.soft(RLIMIT_MEMLOCK) === 0) fail(EPERM);
  if (mm.lockedBytes + bytes > mm.limits.soft(RLIMIT_MEMLOCK)) fail(errno);
}

/** The pages that hold `[address, address+len)`. */
function pagesOf(address: number, len: number): Range {
  const start = pageDown(address);
  const end = pageUp(address + len);
  if (end > 2 ** 64) fail(EINVAL);
  return { start, end };
}

/** Sets or clears lock bits; ENOMEM when a part is not mapped. */
function setLock(task: Task, { start, end }: Range, lock: number): void {
  const { vmas } = task.process.mm;
  if (start === end) return;
  if (end > GUEST_TOP || !vmas.covers(start, end)) fail(ENOMEM);
  for (const vma of vmas.split(start, end)) vma.flags = (vma.flags & ~(VM_LOCKED | VM_LOCKONFAULT)) | lock;
  vmas.merge(start, end);
}

function lockBytesOf(task: Task, { start, end }: Range): number {
  let already = 0;
  for (const vma of task.process.mm.vmas.overlapping(start, end)) {
    if (vma.flags & VM_LOCKED) already += Math.min(vma.end, end) - Math.max(vma.start, start);
  }
  return end - start - already;
}

function lock(task: Task, address: number, len: number, bits: number): number {
  const { mm, credentials } = task.process;
  if (!credentials.isPrivileged && mm.limits.soft(RLIMIT_MEMLOCK) === 0) fail(EPERM);
  const range = pagesOf(address, len);
  checkLockLimit(task, lockBytesOf(task, range), ENOMEM);
  setLock(task, range, bits);
  if (bits & VM_LOCKONFAULT) return 0;
  if (mm.vmas.overlapping(range.start, range.end).some((vma) => vma.prot === 0)) return -ENOMEM;
  return mm.populate(range.start, range.end) === 0 ? 0 : -EAGAIN;
}

export const mlock = defineSyscall({
  nr: 149,
  name: 'mlock',
  support: 'full',
  args: [arg.pointer('addr'), arg.size('length')],
  result: result.ok,
  run: (task, address, length) => lock(task, address, length, VM_LOCKED),
});

export const mlock2 = defineSyscall({
  nr: 325,
  name: 'mlock2',
  support: 'full',
  args: [arg.pointer('addr'), arg.size('length'), arg.hex('flags')],
  result: result.ok,
  run(task, address, length, flags) {
    if (flags & ~mman.MLOCK_ONFAULT) fail(EINVAL);
    return lock(task, address, length, flags & mman.MLOCK_ONFAULT ? VM_LOCKED | VM_LOCKONFAULT : VM_LOCKED);
  },
});

export const munlock = defineSyscall({
  nr: 150,
  name: 'munlock',
  support: 'full',
  args: [arg.pointer('addr'), arg.size('length')],
  result: result.ok,
  run(task, address, length) {
    setLock(task, pagesOf(address, length), 0);
    return 0;
  },
});

const MCL_ALL = mman.MCL_CURRENT | mman.MCL_FUTURE | mman.MCL_ONFAULT;

export const mlockall = defineSyscall({
  nr: 151,
  name: 'mlockall',
  support: 'full',
  args: [arg.flags('flags', mman.mlockallNames)],
  result: result.ok,
  run(task, flags) {
    const { mm, credentials } = task.process;
    if (flags === 0 || flags & ~MCL_ALL || flags === mman.MCL_ONFAULT) fail(EINVAL);
    if (!credentials.isPrivileged && mm.limits.soft(RLIMIT_MEMLOCK) === 0) fail(EPERM);
    const isTooMuch = !credentials.isPrivileged && mm.mappedBytes > mm.limits.soft(RLIMIT_MEMLOCK);
    if (flags & mman.MCL_CURRENT && isTooMuch) fail(ENOMEM);
    const bits = flags & mman.MCL_ONFAULT ? VM_LOCKED | VM_LOCKONFAULT : VM_LOCKED;
    mm.futureLock = flags & mman.MCL_FUTURE ? bits : 0;
    if (!(flags & mman.MCL_CURRENT)) return 0;
    for (const vma of mm.vmas) vma.flags = (vma.flags & ~VM_LOCKONFAULT) | bits;
    mm.vmas.merge(0, GUEST_TOP);
    if (!(bits & VM_LOCKONFAULT)) mm.populate(0, GUEST_TOP);
    return 0;
  },
});

export const munlockall = defineSyscall({
  nr: 152,
  name: 'munlockall',
  support: 'full',
  args: [],
  result: result.ok,
  run(task) {
    const { mm } = task.process;
    mm.futureLock = 0;
    for (const vma of mm.vmas) vma.flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
    mm.vmas.merge(0, GUEST_TOP);
    return 0;
  },
});

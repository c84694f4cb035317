/** msync(2) and mincore(2). */
import { GUEST_TOP, PAGE_SIZE, PERM_RESIDENT } from '../../../mem/layout.ts';
import { EBUSY, EINVAL, EIO, ENOMEM } from '../../abi/errno.ts';
import * as mman from '../../abi/mman.ts';
import { fail } from '../../errors.ts';
import { pageUp } from '../../mm/mm.ts';
import { VM_LOCKED, type Vma } from '../../mm/vma.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { alignedRange, clip, requireMappable } from './range.ts';

const MS_ALL = mman.MS_ASYNC | mman.MS_INVALIDATE | mman.MS_SYNC;

/** Writes a part of a VMA to its file. Stores are in the file after both MS_ASYNC and MS_SYNC; the latter waits for it. */
function syncVma(task: Task, vma: Vma, start: number, end: number, flags: number): number {
  if (flags & mman.MS_INVALIDATE && vma.flags & VM_LOCKED) return -EBUSY;
  const { backing } = vma;
  if (backing?.shared === undefined) return 0;
  const { mm } = task.process;
  const written = backing.shared.flushRange(mm, Math.max(start, vma.start), Math.min(end, vma.end));
  if (written < 0) return -EIO;
  return flags & mman.MS_SYNC ? backing.sync() : 0;
}

export const msync = defineSyscall({
  nr: 26,
  name: 'msync',
  support: 'full',
  args: [arg.pointer('addr'), arg.size('length'), arg.flags('flags', mman.msyncNames)],
  result: result.ok,
  run(task, address, length, flags) {
    if (flags & ~MS_ALL) fail(EINVAL);
    const range = alignedRange(address, length, ENOMEM);
    if (flags & mman.MS_ASYNC && flags & mman.MS_SYNC) fail(EINVAL);
    if (range.start === range.end) return 0;
    const { start, end } = clip(range);
    const { vmas } = task.process.mm;
    for (const vma of vmas.overlapping(start, end)) {
      const answer = syncVma(task, vma, start, end, flags);
      if (answer < 0) return answer;
    }
    return range.end <= GUEST_TOP && vmas.covers(start, end) ? 0 : -ENOMEM;
  },
});

export const mincore = defineSyscall({
  nr: 27,
  name: 'mincore',
  support: 'full',
  args: [arg.pointer('addr'), arg.size('length'), arg.pointer('vec')],
  result: result.ok,
  run(task, address, length, vec) {
    if (address % PAGE_SIZE !== 0) fail(EINVAL);
    const range = { start: address, end: address + pageUp(length) };
    requireMappable(range);
    const { space, vmas } = task.process.mm;
    const count = (range.end - range.start) / PAGE_SIZE;
    task.memory.check(vec, count, 'w');
    if (count > 0 && !vmas.covers(range.start, range.end)) fail(ENOMEM);
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = space.perm(address / PAGE_SIZE + i) & PERM_RESIDENT ? 1 : 0;
    task.memory.writeBytes(vec, bytes);
    return 0;
  },
});

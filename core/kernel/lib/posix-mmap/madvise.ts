/**
 * madvise(2). Advice is a table: what may be advised about which VMA, and what it does. Advice that a kernel built
 * without KSM, transparent huge pages or memory-failure handling does not know is EINVAL.
 */
import { GUEST_TOP, PAGE_SIZE } from '../../../mem/layout.ts';
import { EACCES, EFAULT, EINVAL, ENOMEM } from '../../abi/errno.ts';
import * as mman from '../../abi/mman.ts';
import { fail } from '../../errors.ts';
import { loadFilePages, unloadFilePages } from '../../mm/file-pages.ts';
import type { Mm } from '../../mm/mm.ts';
import * as vm from '../../mm/vma.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import { alignedRange } from './range.ts';

type Vma = vm.Vma;

interface Advice {
  /** VM_* bits that the advice clears and sets. */
  readonly clears?: number;
  readonly sets?: number;
  /** Refused on locked memory. */
  readonly needsUnlocked?: boolean;
  /** Refused on all but private anonymous memory. */
  readonly needsPrivateAnonymous?: boolean;
  /** Ends at a part that is not mapped; other advice goes on behind it. */
  readonly stopsAtHole?: boolean;
  /** What it does to `[start, end)` of a VMA. 0 or -errno. */
  readonly apply?: (mm: Mm, vma: Vma, start: number, end: number) => number;
}

/** Private memory forgets its changes: anonymous pages are zero again, file pages are as in the file. */
function dontNeed(mm: Mm, vma: Vma, start: number, end: number): number {
  if (vma.flags & vm.VM_SHARED) return 0;
  if (vma.backing === undefined) {
    mm.space.discardPages(start / PAGE_SIZE, (end - start) / PAGE_SIZE);
    return 0;
  }
  unloadFilePages(mm, start, end);
  return loadFilePages(mm, vma, start, end);
}

/** The pages' backing store is freed: they read as zero everywhere. */
function remove(mm: Mm, vma: Vma, start: number, end: number): number {
  const needed = vm.VM_SHARED | vm.VM_MAYWRITE;
  if ((vma.flags & needed) !== needed) return vma.backing === undefined ? -EINVAL : -EACCES;
  mm.space.discardPages(start / PAGE_SIZE, (end - start) / PAGE_SIZE);
  const { backing } = vma;
  if (backing === undefined) return 0;
  unloadFilePages(mm, start, end);
  const offset = vma.offset + (start - vma.start);
  const len = Math.min(end - start, backing.size() - offset);
  const answer = len > 0 ? backing.write(new Uint8Array(len), offset) : 0;
  backing.shared?.refresh(offset, offset + end - start);
  return Math.min(answer, 0);
}

function populateFor(access: 'r' | 'w'): NonNullable<Advice['apply']> {
  return (mm, vma, start, end) => {
    if (!(vma.prot & (access === 'w' ? mman.PROT_WRITE : 7))) return -EINVAL;
    for (let page = start / PAGE_SIZE; page < end / PAGE_SIZE; page++) {
      const cause = mm.space.resolve(page, access);
      if (cause !== 'ok') return cause === 'oom' ? -ENOMEM : -EFAULT;
    }
    return 0;
  };
}

const advices: Readonly<Record<number, Advice>> = {
  [mman.MADV_NORMAL]: { clears: vm.VM_RANDOM | vm.VM_SEQUENTIAL },
  [mman.MADV_RANDOM]: { clears: vm.VM_SEQUENTIAL, sets: vm.VM_RANDOM },
  [mman.MADV_SEQUENTIAL]: { clears: vm.VM_RANDOM, sets: vm.VM_SEQUENTIAL },
  [mman.MADV_WILLNEED]: {},
  [mman.MADV_DONTNEED]: { needsUnlocked: true, apply: dontNeed },
  [mman.MADV_DONTNEED_LOCKED]: { apply: dontNeed },
  // The kernel may free the pages at any time: it does so now.
  [mman.MADV_FREE]: { needsUnlocked: true, needsPrivateAnonymous: true, apply: dontNeed },
  [mman.MADV_REMOVE]: { needsUnlocked: true, apply: remove },
  [mman.MADV_DONTFORK]: { sets: vm.VM_DONTFORK },
  [mman.MADV_DOFORK]: { clears: vm.VM_DONTFORK },
  [mman.MADV_DONTDUMP]: { sets: vm.VM_DONTDUMP },
  [mman.MADV_DODUMP]: { clears: vm.VM_DONTDUMP },
  [mman.MADV_WIPEONFORK]: { needsPrivateAnonymous: true, sets: vm.VM_WIPEONFORK },
  [mman.MADV_KEEPONFORK]: { clears: vm.VM_WIPEONFORK },
  // There is no swap to page out to.
  [mman.MADV_COLD]: { needsUnlocked: true },
  [mman.MADV_PAGEOUT]: { needsUnlocked: true },
  [mman.MADV_POPULATE_READ]: { stopsAtHole: true, apply: populateFor('r') },
  [mman.MADV_POPULATE_WRITE]: { stopsAtHole: true, apply: populateFor('w') },
};

function advise(mm: Mm, vma: Vma, start: number, end: number, advice: Advice): number {
  if (advice.needsUnlocked && vma.flags & vm.VM_LOCKED) return -EINVAL;
  const isPrivateAnonymous = vma.backing === undefined && !(vma.flags & vm.VM_SHARED);
  if (advice.needsPrivateAnonymous && !isPrivateAnonymous) return -EINVAL;
  const flags = (vma.flags & ~(advice.clears ?? 0)) | (advice.sets ?? 0);
  if (flags !== vma.flags) for (const part of mm.vmas.split(start, end)) part.flags = flags;
  return advice.apply?.(mm, vma, start, end) ?? 0;
}

export const madvise = defineSyscall({
  nr: 28,
  name: 'madvise',
  support: { partial: 'no transparent huge pages, KSM or memory-failure handling: their advice is EINVAL' },
  args: [arg.pointer('addr'), arg.size('length'), arg.oneOf('advice', mman.adviceNames)],
  result: result.ok,
  run(task, address, length, advice) {
    const action = advices[advice] ?? fail(EINVAL);
    const range = alignedRange(address, length);
    if (range.start === range.end) return 0;
    const { mm } = task.process;
    const end = Math.min(range.end, GUEST_TOP);
    let answer = 0;
    let at = range.start;
    for (const vma of mm.vmas.overlapping(range.start, end)) {
      const from = Math.max(vma.start, range.start);
      const to = Math.min(vma.end, end);
      if (from > at) {
        answer = -ENOMEM;
        if (action.stopsAtHole) break;
      }
      at = to;
      const failed = advise(mm, vma, from, to, action);
      if (failed < 0) return failed;
    }
    mm.vmas.merge(range.start, end);
    return at < range.end ? -ENOMEM : answer;
  },
});

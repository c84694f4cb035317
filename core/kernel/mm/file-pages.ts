/**
 * Pages of file mappings. A page within the end of its file holds the file's content and is resident; content is read
 * when the range is mapped, or at the first access in mappings too large for that. A page that is not loaded, and one
 * beyond the end of the file, is MAPPED and TRACKED without any right, so that an access comes to `faultFilePage`, which
 * asks the file again: Linux raises SIGBUS for it only while the file is still too short.
 */
import type { Access, FaultCause } from '../../mem/address-space.ts';
import {
  PAGE_SIZE,
  PERM_EXEC,
  PERM_MAPPED,
  PERM_MAYWRITE,
  PERM_READ,
  PERM_RESIDENT,
  PERM_TRACKED,
  PERM_WRITE,
} from '../../mem/layout.ts';
import { ENOMEM } from '../abi/errno.ts';
import { PROT_EXEC, PROT_WRITE } from '../abi/mman.ts';
import type { Mm } from './mm.ts';
import { VM_LAZY, type Vma } from './vma.ts';

/** Mappings with more content than this are read on demand. */
export const EAGER_BYTES = 64 * 1024 * 1024;
/** Pages read at one fault of a mapping that is read on demand. */
const CLUSTER_PAGES = 16;

const UNLOADED = PERM_MAPPED | PERM_TRACKED;

/** Offset in the file of a page of `vma`. */
export function fileOffset(vma: Vma, page: number): number {
  return vma.offset + page * PAGE_SIZE - vma.start;
}

/** Permission byte of a loaded page. Clean pages of a shared mapping lack WRITE, so that the first store is seen. */
export function loadedPerm(vma: Vma, isDirty: boolean): number {
  let perm = PERM_MAPPED | PERM_RESIDENT;
  if (vma.prot & 7) perm |= PERM_READ;
  if (vma.prot & PROT_EXEC) perm |= PERM_EXEC;
  const isShared = vma.backing?.shared !== undefined;
  if (isShared) perm |= PERM_TRACKED;
  if (vma.prot & PROT_WRITE) perm |= !isShared || isDirty ? PERM_MAYWRITE | PERM_WRITE : PERM_MAYWRITE;
  return perm;
}

/** Pages of `[start, end)` of a file VMA that lie at least in part within the file. */
function pagesWithin(vma: Vma, start: number, end: number): number {
  const inFile = vma.backing!.size() - (vma.offset + start - vma.start);
  return Math.max(0, Math.min((end - start) / PAGE_SIZE, Math.ceil(inFile / PAGE_SIZE)));
}

/** Reads pages `[first, first+count)`, none of which is resident and all within the file. 0 or -errno. */
function readPages(mm: Mm, vma: Vma, first: number, count: number): number {
  const { space } = mm;
  if (space.residentPages + count > space.limitPages) return -ENOMEM;
  if (!space.ensure((first + count) * PAGE_SIZE)) return -ENOMEM;
  const answer = vma.backing!.fill(space.raw(first * PAGE_SIZE, count * PAGE_SIZE), fileOffset(vma, first));
  const perm = loadedPerm(vma, false);
  for (let page = first; page < first + count; page++) space.setPerm(page, perm);
  return answer;
}

/**
 * Brings `[start, end)` of a file VMA up to date with its rights and its file: loaded pages get the VMA's rights, others
 * are read where the file has content. 0 or -errno.
 */
export function loadFilePages(mm: Mm, vma: Vma, start: number, end: number): number {
  const { space } = mm;
  const shared = vma.backing!.shared;
  const first = start / PAGE_SIZE;
  const last = end / PAGE_SIZE;
  const within = vma.prot === 0 || vma.flags & VM_LAZY ? first : first + pagesWithin(vma, start, end);
  if (within > first) shared?.flush(fileOffset(vma, first), fileOffset(vma, within));
  let answer = 0;
  for (let page = first; page < last; ) {
    const perm = space.perm(page);
    let next = page + 1;
    if (perm & PERM_RESIDENT) {
      space.setPerm(page, loadedPerm(vma, shared?.isDirty(mm, page) ?? false));
    } else if (page < within) {
      while (next < within && !(space.perm(next) & PERM_RESIDENT)) next++;
      answer = readPages(mm, vma, page, next - page) || answer;
      if (answer === -ENOMEM) return answer;
    } else {
      space.setPerm(page, UNLOADED);
    }
    page = next;
  }
  return answer;
}

/** Makes `[start, end)` forget its content: the next access, or `loadFilePages`, reads the file again. */
export function unloadFilePages(mm: Mm, start: number, end: number): void {
  const { space } = mm;
  space.discardPages(start / PAGE_SIZE, (end - start) / PAGE_SIZE);
  for (let page = start / PAGE_SIZE; page < end / PAGE_SIZE; page++) space.setPerm(page, UNLOADED);
}

/** An access to a page of a file VMA that its permission byte refuses. */
export function faultFilePage(mm: Mm, vma: Vma, page: number, access: Access): FaultCause {
  const isAllowed = access === 'r' ? vma.prot & 7 : vma.prot & (access === 'w' ? PROT_WRITE : PROT_EXEC);
  if (!isAllowed) return 'accerr';
  if (!(mm.space.perm(page) & PERM_RESIDENT)) {
    const start = page * PAGE_SIZE;
    const within = pagesWithin(vma, start, vma.end);
    if (within === 0) return 'buserr';
    const count = vma.flags & VM_LAZY ? Math.min(within, CLUSTER_PAGES) : 1;
    const cause = faultIn(mm, vma, page, count);
    if (cause !== 'ok') return cause;
  }
  const shared = vma.backing!.shared;
  if (shared !== undefined && access === 'w') shared.makeDirty(mm, vma, page);
  return 'ok';
}

function faultIn(mm: Mm, vma: Vma, page: number, wanted: number): FaultCause {
  const { space } = mm;
  let count = 1;
  while (count < wanted && !(space.perm(page + count) & PERM_RESIDENT)) count++;
  if (space.residentPages + count > space.limitPages) count = 1;
  vma.backing!.shared?.flush(fileOffset(vma, page), fileOffset(vma, page + count));
  const answer = readPages(mm, vma, page, count);
  return answer === 0 ? 'ok' : answer === -ENOMEM ? 'oom' : 'buserr';
}

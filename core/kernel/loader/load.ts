/**
 * Maps a parsed program, and its interpreter beside it, into an empty address space: elf(5), execve(2). Places:
 * ET_EXEC where it says, a PIE that has an interpreter at PIE_BASE, whatever has none (static PIE, the dynamic loader
 * called as a program) at LOADER_BASE, so that a loader can still map a non-PIE program at its own address.
 */
import { GUEST_TOP, PAGE_SIZE } from '../../mem/layout.ts';
import { ENOMEM } from '../abi/errno.ts';
import { PROT_EXEC, PROT_WRITE } from '../abi/mman.ts';
import { fail } from '../errors.ts';
import { type Mm, pageDown, pageUp } from '../mm/mm.ts';
import { VM_MAYEXEC, VM_MAYWRITE } from '../mm/vma.ts';
import type { Elf, Segment } from './elf.ts';
import type { ProgramFile } from './program-file.ts';

export const PIE_BASE = 0x40_0000;
export const LOADER_BASE = 0x1000_0000;

/** Rights that mprotect may give any part of a program. */
const MAY_ALL = VM_MAYWRITE | VM_MAYEXEC;

export interface LoadedElf {
  /** What is added to the file's addresses. */
  bias: number;
  entry: number;
  /** First and one past the last address of the image, the end not rounded. */
  start: number;
  end: number;
}

export interface LoadedProgram {
  program: LoadedElf;
  interpreter: LoadedElf | undefined;
  /** Where the program counter starts. */
  entry: number;
  /** AT_PHDR. */
  headersAddress: number;
}

export interface LoadInput {
  elf: Elf;
  file: ProgramFile;
}

/** Loads into `mm`, which is empty, and lays out its heap, stack and mmap area. Throws SysError (ENOMEM, EIO). */
export function loadProgram(mm: Mm, program: LoadInput, interpreter: LoadInput | undefined): LoadedProgram {
  const { elf } = program;
  const bias = elf.isFixed ? 0 : biasAt(elf, elf.interpreter === undefined ? LOADER_BASE : PIE_BASE);
  const loaded = mapElf(mm, program, bias);
  mm.layOut(loaded.end);
  setLandmarks(mm, elf, bias);
  const headersAddress = elf.headersAddress === 0 ? 0 : elf.headersAddress + bias;
  if (interpreter === undefined) return { program: loaded, interpreter, entry: loaded.entry, headersAddress };
  const place = interpreter.elf.isFixed ? 0 : placeInterpreter(mm, interpreter.elf);
  const side = mapElf(mm, interpreter, place);
  return { program: loaded, interpreter: side, entry: side.entry, headersAddress };
}

/** Bias that puts the image's first page at or above `base`, as aligned as its segments ask. */
function biasAt(elf: Elf, base: number): number {
  const unaligned = base - elf.start;
  const bias = Math.ceil(unaligned / elf.align) * elf.align;
  return elf.end + bias <= GUEST_TOP ? bias : fail(ENOMEM);
}

function placeInterpreter(mm: Mm, elf: Elf): number {
  const room = elf.end - elf.start + elf.align - PAGE_SIZE;
  return biasAt(elf, mm.findFree(room));
}

function mapElf(mm: Mm, { elf, file }: LoadInput, bias: number): LoadedElf {
  for (const segment of elf.segments) mapSegment(mm, segment, bias, file);
  const last = elf.segments.at(-1)!;
  return { bias, entry: elf.entry + bias, start: elf.start + bias, end: last.address + last.memSize + bias };
}

/** Maps the segment's part of the file; what memory it has beyond that is zero. */
function mapSegment(mm: Mm, segment: Segment, bias: number, file: ProgramFile): void {
  const { prot } = segment;
  const address = segment.address + bias;
  const start = pageDown(address);
  const fileEnd = segment.fileSize === 0 ? start : pageUp(address + segment.fileSize);
  const end = pageUp(address + segment.memSize);
  if (fileEnd > start) {
    const offset = pageDown(segment.offset);
    const backing = file.backing();
    mm.map({ address: start, len: fileEnd - start, prot, flags: MAY_ALL, fixed: 'replace', backing, offset });
    if (segment.memSize > segment.fileSize) clearTail(mm, address + segment.fileSize, fileEnd, prot);
  }
  if (end > fileEnd) {
    mm.map({ address: fileEnd, len: end - fileEnd, prot, flags: MAY_ALL, fixed: 'replace' });
  }
}

/** Zeroes what the file has in its last page beyond the segment. Read-only pages keep it, as on Linux. */
function clearTail(mm: Mm, start: number, end: number, prot: number): void {
  if (prot & PROT_WRITE && start < end) mm.user.fill(start, end - start, 0);
}

function setLandmarks(mm: Mm, elf: Elf, bias: number): void {
  const code = elf.segments.filter((segment) => segment.prot & PROT_EXEC);
  const fileEnds = elf.segments.map((segment) => segment.address + segment.fileSize + bias);
  mm.image = {
    ...mm.image,
    startCode: (code[0] ?? elf.segments[0]!).address + bias,
    endCode: Math.max(0, ...code.map((segment) => segment.address + segment.fileSize + bias)),
    startData: elf.segments.at(-1)!.address + bias,
    endData: Math.max(...fileEnds),
  };
}

/** /proc/PID/maps, smaps, smaps_rollup, statm: the VMAs of a process, see proc_pid_maps(5) and proc_pid_smaps(5). */
import { PAGE_SHIFT, PAGE_SIZE, PERM_RESIDENT } from '../../../mem/layout.ts';
import { devMajor, devMinor } from '../../abi/stat.ts';
import type { Mm } from '../../mm/mm.ts';
import * as vm from '../../mm/vma.ts';
import type { Process } from '../../process.ts';
import { kilobytes } from './subject.ts';

const PROT_READ = 1;
const PROT_WRITE = 2;
const PROT_EXEC = 4;
/** Column of the path. */
const PATH_COLUMN = 73;

const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');

function permissions({ prot, flags }: vm.Vma): string {
  const read = prot & PROT_READ ? 'r' : '-';
  const write = prot & PROT_WRITE ? 'w' : '-';
  const execute = prot & PROT_EXEC ? 'x' : '-';
  return `${read}${write}${execute}${flags & vm.VM_SHARED ? 's' : 'p'}`;
}

function mapsLine(vma: vm.Vma): string {
  const attributes = vma.backing?.file?.stat();
  const dev = attributes?.dev ?? 0;
  const start = `${hex(vma.start, 8)}-${hex(vma.end, 8)} ${permissions(vma)} ${hex(vma.backing ? vma.offset : 0, 8)}`;
  const line = `${start} ${hex(devMajor(dev), 2)}:${hex(devMinor(dev), 2)} ${attributes?.ino ?? 0} `;
  const path = vma.pathname.replaceAll('\n', '\\012');
  return path === '' ? `${line}\n` : `${line.padEnd(PATH_COLUMN)}${path}\n`;
}

export function maps({ mm }: Process): string {
  let text = '';
  for (const vma of mm.vmas) text += mapsLine(vma);
  return text;
}

/** Bytes of the VMA that are in memory. */
export function residentBytes(mm: Mm, vma: vm.Vma): number {
  let pages = 0;
  const end = vma.end >>> PAGE_SHIFT;
  for (let page = vma.start >>> PAGE_SHIFT; page < end; page++) if (mm.space.perm(page) & PERM_RESIDENT) pages++;
  return pages * PAGE_SIZE;
}

/** Resident bytes by kind. Pages of files are copies of this process's own, so that none is shared with another. */
export function residentByKind(mm: Mm): { anonymous: number; file: number; shared: number } {
  const sum = { anonymous: 0, file: 0, shared: 0 };
  for (const vma of mm.vmas) {
    const kind = vma.flags & vm.VM_SHARED ? 'shared' : vma.backing === undefined ? 'anonymous' : 'file';
    sum[kind] += residentBytes(mm, vma);
  }
  return sum;
}

interface Usage {
  size: number;
  resident: number;
  anonymous: number;
  locked: number;
}

function usage(mm: Mm, vma: vm.Vma): Usage {
  const resident = residentBytes(mm, vma);
  return {
    size: vma.end - vma.start,
    resident,
    anonymous: vma.backing === undefined ? resident : 0,
    locked: vma.flags & vm.VM_LOCKED ? resident : 0,
  };
}

/** Fields whose values follow from the resident bytes; huge pages, swap and merging don't exist here. */
function usageLines({ resident, anonymous, locked }: Usage): string {
  const fields: [name: string, bytes: number][] = [
    ['Rss', resident],
    ['Pss', resident],
    ['Pss_Dirty', anonymous],
    ['Shared_Clean', 0],
    ['Shared_Dirty', 0],
    ['Private_Clean', resident - anonymous],
    ['Private_Dirty', anonymous],
    ['Referenced', resident],
    ['Anonymous', anonymous],
    ['LazyFree', 0],
    ['AnonHugePages', 0],
    ['ShmemPmdMapped', 0],
    ['FilePmdMapped', 0],
    ['Shared_Hugetlb', 0],
    ['Private_Hugetlb', 0],
    ['Swap', 0],
    ['SwapPss', 0],
    ['Locked', locked],
  ];
  return fields.map(([name, bytes]) => field(name, bytes)).join('');
}

const field = (name: string, bytes: number): string => `${`${name}:`.padEnd(16)}${kilobytes(bytes)}\n`;

/** Two-letter codes of VmFlags. */
function vmFlags({ prot, flags }: vm.Vma): string {
  const codes: [code: string, isOn: number][] = [
    ['rd', prot & PROT_READ],
    ['wr', prot & PROT_WRITE],
    ['ex', prot & PROT_EXEC],
    ['sh', flags & vm.VM_SHARED],
    ['mr', 1],
    ['mw', flags & vm.VM_MAYWRITE],
    ['me', flags & vm.VM_MAYEXEC],
    ['gd', flags & vm.VM_GROWSDOWN],
    ['lo', flags & vm.VM_LOCKED],
    ['sr', flags & vm.VM_SEQUENTIAL],
    ['rr', flags & vm.VM_RANDOM],
    ['dc', flags & vm.VM_DONTFORK],
    ['nr', flags & vm.VM_NORESERVE],
    ['wf', flags & vm.VM_WIPEONFORK],
    ['dd', flags & vm.VM_DONTDUMP],
    ['hg', flags & vm.VM_HUGEPAGE],
    ['nh', flags & vm.VM_NOHUGEPAGE],
    ['mg', flags & vm.VM_MERGEABLE],
  ];
  return `VmFlags: ${codes.flatMap(([code, isOn]) => (isOn ? [`${code} `] : [])).join('')}\n`;
}

export function smaps({ mm }: Process): string {
  let text = '';
  for (const vma of mm.vmas) {
    const used = usage(mm, vma);
    const sizes = field('Size', used.size) + field('KernelPageSize', PAGE_SIZE) + field('MMUPageSize', PAGE_SIZE);
    text += `${mapsLine(vma)}${sizes}${usageLines(used)}THPeligible:           0\n${vmFlags(vma)}`;
  }
  return text;
}

export function smapsRollup({ mm }: Process): string {
  const sum: Usage = { size: 0, resident: 0, anonymous: 0, locked: 0 };
  let start = 0;
  let end = 0;
  for (const vma of mm.vmas) {
    if (end === 0) start = vma.start;
    end = vma.end;
    const used = usage(mm, vma);
    sum.resident += used.resident;
    sum.anonymous += used.anonymous;
    sum.locked += used.locked;
  }
  const range = `${hex(start, 8)}-${hex(end, 8)} ---p 00000000 00:00 0 `;
  return `${range.padEnd(PATH_COLUMN)}[rollup]\n${usageLines(sum)}`;
}

/** Pages: size, resident, shared, text, lib, data, dirty. */
export function statm({ mm }: Process): string {
  const { file, shared } = residentByKind(mm);
  const pages = (bytes: number): number => Math.ceil(bytes / PAGE_SIZE);
  const code = pages(mm.image.endCode - mm.image.startCode);
  const stack = stackBytes(mm);
  const words = [mm.mappedBytes, mm.residentBytes, file + shared].map(pages);
  return `${[...words, code, 0, pages(mm.dataBytes + stack), 0].join(' ')}\n`;
}

export function stackBytes(mm: Mm): number {
  let bytes = 0;
  for (const vma of mm.vmas) if (vma.flags & vm.VM_GROWSDOWN) bytes += vma.end - vma.start;
  return bytes;
}

/** Bytes of executable file mappings: the program's own, and those of libraries. */
export function codeBytes(mm: Mm): { program: number; libraries: number } {
  let all = 0;
  for (const vma of mm.vmas) {
    if (vma.prot & PROT_EXEC && vma.backing !== undefined) all += vma.end - vma.start;
  }
  const { startCode, endCode } = mm.image;
  const program = Math.ceil(endCode / PAGE_SIZE) * PAGE_SIZE - Math.floor(startCode / PAGE_SIZE) * PAGE_SIZE;
  return { program, libraries: Math.max(0, all - program) };
}

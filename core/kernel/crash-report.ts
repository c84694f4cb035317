/**
 * The report on a fatal signal: what a person needs to see where a guest program died. It goes to the logger, level
 * `crit`; it reads guest memory only through checked accesses and never fails itself.
 *
 * Addresses in files are ELF addresses, which objdump shows and addr2line takes.
 */
import { displayBytes } from '../base/bytes.ts';
import { EXIT_EXCEPTION } from '../vcpu/exits.ts';
import * as st from '../vcpu/state.ts';
import { errnoName } from './abi/errno.ts';
import { signalCodeName, signalName, signalText } from './abi/signal.ts';
import { siginfoLayout } from './lib/uksignal/siginfo.ts';
import type { PendingSignal } from './lib/uksignal/state.ts';
import { type CodePlace, Symbolizer } from './symbols.ts';
import type { Task } from './task.ts';
import { unwind } from './unwind/unwind.ts';

const STACK_BYTES = 128;
const CODE_BEFORE = 16;
const CODE_BYTES = 48;
const CALLS_SHOWN = 16;

/** Writes the report on `task`, which `pending` is about to kill, to the kernel's logger. */
export function reportCrash(task: Task, pending: PendingSignal): void {
  task.kernel.host.logger.log('crit', 'crash', describeCrash(task, pending));
}

/** The text of the report. The task's registers are on the vCPU. */
export function describeCrash(task: Task, pending: PendingSignal): string {
  const symbolizer = new Symbolizer(task.process);
  const sections: (() => string[])[] = [
    () => describeSignal(task, pending),
    () => describeProgram(task, symbolizer),
    () => describeRegisters(task),
    () => titled('code', describeCode(task)),
    () => titled('stack', describeStack(task)),
    () => titled('backtrace', describeBacktrace(task, symbolizer)),
    () => titled('mapped files', describeFiles(task)),
    () => titled('last system calls', describeCalls(task)),
  ];
  return sections.flatMap(safely).join('\n');
}

/** A report that fails on a malformed file still shows the rest. */
function safely(section: () => string[]): string[] {
  try {
    return section();
  } catch (error) {
    if (error instanceof RangeError) return [`(${error.message})`];
    throw error;
  }
}

const titled = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
const word = (value: bigint): string => value.toString(16).padStart(16, '0');
const byteHex = (byte: number): string => byte.toString(16).padStart(2, '0');

function describeSignal(task: Task, { signal, info }: PendingSignal): string[] {
  const layout = siginfoLayout(signal, info.code);
  let detail = '';
  if (layout === 'fault') detail = `, address ${hex(info.addr ?? 0)}`;
  else if (info.pid !== undefined && info.pid !== 0) detail = `, sent by process ${info.pid}`;
  const { vector, error } = task.signals.lastTrap;
  const isTrap = task.vcpu.getI32(st.exitReason) === EXIT_EXCEPTION;
  if (isTrap) detail += `, exception ${vector}, error code ${hex(error)}`;
  return [`${signalName(signal)}: ${signalText(signal)} (${signalCodeName(signal, info.code)}${detail})`];
}

function describeProgram(task: Task, symbolizer: Symbolizer): string[] {
  const { process } = task;
  const { rip } = task.vcpu;
  return [
    `program ${displayBytes(process.executable)}, process ${process.pid}, thread ${task.tid} "${displayBytes(task.comm)}"`,
    `at ${hex(rip)} ${describePlace(symbolizer.place(rip), task, rip)}`,
  ];
}

/** `main+0x1a (/bin/prog+0x11a6)`; `near` when the symbol ends before the address. */
function describePlace(place: CodePlace | undefined, task: Task, gva: number): string {
  if (place === undefined) {
    const vma = task.process.mm.vmas.at(gva);
    if (vma === undefined) return '(not mapped)';
    return vma.name === '' ? '(anonymous memory)' : `(${vma.name})`;
  }
  const file = `${displayBytes(place.file)}+${hex(place.address)}`;
  const { symbol } = place;
  if (symbol === undefined) return `(${file})`;
  const offset = place.address - symbol.value;
  const isInside = symbol.size === 0 || offset < symbol.size;
  return `${isInside ? '' : 'near '}${displayBytes(symbol.name)}+${hex(offset)} (${file})`;
}

const REGISTER_ROWS: readonly (readonly [name: string, index: number])[][] = [
  [
    ['RAX', st.RAX],
    ['RBX', st.RBX],
    ['RCX', st.RCX],
    ['RDX', st.RDX],
  ],
  [
    ['RSI', st.RSI],
    ['RDI', st.RDI],
    ['RBP', st.RBP],
    ['RSP', st.RSP],
  ],
  [8, 9, 10, 11].map((i) => [`R${i}`, i] as const),
  [12, 13, 14, 15].map((i) => [`R${i}`, i] as const),
];

const FLAG_NAMES: readonly (readonly [string, number])[] = [
  ['CF', 1],
  ['PF', 4],
  ['AF', 0x10],
  ['ZF', 0x40],
  ['SF', 0x80],
  ['TF', 0x100],
  ['DF', 0x400],
  ['OF', 0x800],
  ['AC', 0x4_0000],
];

function describeRegisters({ vcpu }: Task): string[] {
  const rows = REGISTER_ROWS.map((row) =>
    row.map(([name, index]) => `${name.padEnd(3)} ${word(vcpu.gpr(index))}`).join('  '),
  );
  const { rflags } = vcpu;
  const flags = FLAG_NAMES.filter(([, bit]) => rflags & bit).map(([name]) => name);
  return [
    ...rows,
    `RIP ${word(vcpu.getU64(st.rip))}  FS base ${word(vcpu.getU64(st.fsBase))}  GS base ${word(vcpu.getU64(st.gsBase))}`,
    `RFLAGS ${hex(rflags)} [${flags.join(' ')}]  MXCSR ${hex(vcpu.mxcsr)}`,
  ];
}

/** Bytes around RIP, its own in angle brackets, and the instruction there. */
function describeCode(task: Task): string[] {
  const { rip } = task.vcpu;
  const { memory } = task;
  const before = memory.accessible(rip - CODE_BEFORE, CODE_BEFORE, 'r') === CODE_BEFORE ? CODE_BEFORE : 0;
  const len = memory.accessible(rip - before, CODE_BYTES, 'r');
  if (len <= before) return [];
  const bytes = memory.readBytes(rip - before, len);
  const shown = [...bytes].map(byteHex);
  shown[before] = `<${shown[before]}>`;
  const insn = task.kernel.host.disassemble?.(bytes.subarray(before), rip);
  return [shown.join(' '), ...(insn === undefined ? [] : [`${hex(rip)}  ${insn}`])];
}

function describeStack(task: Task): string[] {
  const sp = task.vcpu.gprNumber(st.RSP);
  const len = task.memory.accessible(sp, STACK_BYTES, 'r') & ~7;
  if (len <= 0) return [`${hex(sp)} is not readable`];
  const view = new DataView(task.memory.readBytes(sp, len).buffer);
  const lines: string[] = [];
  for (let at = 0; at < len; at += 32) {
    const words: string[] = [];
    for (let i = at; i < Math.min(at + 32, len); i += 8) words.push(word(view.getBigUint64(i, true)));
    lines.push(`${hex(sp + at)}  ${words.join(' ')}`);
  }
  return lines;
}

function describeBacktrace(task: Task, symbolizer: Symbolizer): string[] {
  return unwind(task, symbolizer).map(({ pc, place, via }, i) => {
    const how = via === 'start' || via === 'eh_frame' ? '' : `  by ${via}`;
    return `#${i} ${hex(pc)} ${describePlace(place, task, pc)}${how}`;
  });
}

/** One line for each file: the range that all its mappings span. */
function describeFiles(task: Task): string[] {
  const ranges = new Map<string, { start: number; end: number }>();
  for (const vma of task.process.mm.vmas) {
    if (vma.backing === undefined) continue;
    const range = ranges.get(vma.pathname);
    if (range === undefined) ranges.set(vma.pathname, { start: vma.start, end: vma.end });
    else range.end = vma.end;
  }
  return [...ranges].map(([path, { start, end }]) => `${hex(start)}-${hex(end)} ${displayBytes(path)}`);
}

function describeCalls({ kernel }: Task): string[] {
  const calls = kernel.scheduler.dispatcher.recent.list().slice(-CALLS_SHOWN);
  return calls.map(({ tid, name, args, result }) => {
    const shown = result === undefined ? '?' : result < 0 ? `-${errnoName(-result)}` : hex(result);
    return `[${tid}] ${name}(${args.join(', ')}) = ${shown}`;
  });
}

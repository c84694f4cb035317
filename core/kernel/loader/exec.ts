/**
 * Replaces the program of a process: execve(2). Everything that can be refused is checked first; after that the old
 * program is gone, and a failure ends the process.
 */

import { PAGE_SIZE } from '../../mem/layout.ts';
import { RSP } from '../../vcpu/state.ts';
import { CONTEXT_SIZE } from '../../vcpu/vcpu.ts';
import { cpuid } from '../../x86/cpuid.ts';
import * as auxv from '../abi/auxv.ts';
import { PHDR_SIZE } from '../abi/elf.ts';
import { errnoName } from '../abi/errno.ts';
import { MS_NOSUID } from '../abi/fs.ts';
import { PROT_EXEC, PROT_READ } from '../abi/mman.ts';
import { RLIMIT_STACK } from '../abi/resource.ts';
import { S_ISGID, S_ISUID } from '../abi/stat.ts';
import { SysError } from '../errors.ts';
import { service } from '../kernel.ts';
import { endOtherTasks } from '../lib/posix-process/lib.ts';
import type { Credentials } from '../lib/posix-user/credentials.ts';
import { BytesBacking } from '../mm/backing.ts';
import type { Mm } from '../mm/mm.ts';
import { VM_MAYEXEC, VM_MAYWRITE } from '../mm/vma.ts';
import type { Process } from '../process.ts';
import type { Task } from '../task.ts';
import { pathString } from '../vfs/path.ts';
import { type LoadedProgram, loadProgram } from './load.ts';
import {
  ExecError,
  type ExecErrorKind,
  execPath,
  imagePath,
  type OpenedProgram,
  openProgram,
  type ProgramRequest,
} from './open-program.ts';
import { buildStack, checkArguments } from './stack.ts';
import { vdsoImage } from './vdso.ts';

export interface ExecRequest extends ProgramRequest {
  envp: readonly string[];
}

/** `isFatal`: the old program is gone, so the process can't go on. */
export type ExecResult =
  | { ok: true }
  | { ok: false; errno: number; message: string; isFatal: boolean; kind?: ExecErrorKind | undefined };

/**
 * What other libraries do when a process changes its program (timers, vfork's parent): called with the task that goes
 * on, after the new program is in place.
 */
export const execHooks = service('execHooks', () => new Set<(task: Task) => void>());

const COMM_MAX = 15;
const CLOCK_TICKS = 100;
/** Bytes that a signal frame may need (AT_MINSIGSTKSZ): Linux's MINSIGSTKSZ. */
const MIN_SIGNAL_STACK = 2048;
/** AT_HWCAP2: FSGSBASE instructions may be used. */
const HWCAP2_FSGSBASE = 2;

/** Makes `task` run another program, alone in its process. At boot the task need not be known to the scheduler yet. */
export function execProgram(task: Task, request: ExecRequest): ExecResult {
  let isFatal = false;
  let opened: OpenedProgram | undefined;
  try {
    opened = openProgram(task, request);
    const argv = opened.argv.length === 0 ? [''] : opened.argv;
    const path = execPath(request);
    checkArguments(argv, request.envp, path, task.process.limits.soft(RLIMIT_STACK));
    isFatal = true;
    leaveOldProgram(task);
    enterNewProgram(task, opened, { ...request, argv, path });
    for (const hook of execHooks(task.kernel)) hook(task);
    return { ok: true };
  } catch (error) {
    if (error instanceof ExecError) {
      return { ok: false, errno: error.errno, message: error.message, isFatal, kind: error.kind };
    }
    if (!(error instanceof SysError)) throw error;
    const message = `${request.path} can not be loaded (${errnoName(error.errno)})`;
    return { ok: false, errno: error.errno, message, isFatal };
  } finally {
    opened?.program.file.close();
    opened?.interpreter?.file.close();
  }
}

/** Ends the other threads, and empties or leaves the address space. */
function leaveOldProgram(task: Task): void {
  const { process, kernel } = task;
  endOtherTasks(task);
  const isShared = [...kernel.processes.values()].some((other) => other !== process && other.mm === process.mm);
  if (isShared) {
    process.mm = process.mm.createEmpty();
    process.mm.limits = process.limits;
  } else {
    process.mm.clear();
  }
  process.fds.closeOnExec();
  process.signals.resetActions();
  task.signals.resetForExec();
  task.clearChildTid = 0;
  task.robustListHead = 0;
  task.rseq = 0;
}

function enterNewProgram(task: Task, opened: OpenedProgram, request: ExecRequest): void {
  const { process, kernel } = task;
  const { mm } = process;
  const loaded = loadProgram(mm, opened.program, opened.interpreter);
  takeFileIds(process, opened);
  const { stackPointer, auxv: vector } = buildStack(mm, {
    argv: request.argv,
    envp: request.envp,
    path: request.path,
    isExecutable: opened.program.elf.hasExecutableStack,
    auxv: auxiliaryVector(process, opened, loaded, mapVdso(mm)),
    random: kernel.host.random,
  });
  process.executable = opened.place === undefined ? imagePath(request.path) : pathString(opened.place, process.fs.root);
  process.argv = request.argv;
  process.envp = request.envp;
  process.auxv = vector;
  task.comm = request.path.slice(request.path.lastIndexOf('/') + 1).slice(0, COMM_MAX);
  setRegisters(task, loaded.entry, stackPointer);
  report(task, loaded);
}

/** Set-user-ID and set-group-ID bits, unless the mount or the process rules them out. */
function takeFileIds({ credentials, attributes }: Process, { place, attributes: file }: OpenedProgram): void {
  const isIgnored = place === undefined || place.mount.flags & MS_NOSUID || attributes.noNewPrivileges;
  if (!isIgnored && file !== undefined) {
    if (file.mode & S_ISUID) credentials.euid = file.uid;
    if (file.mode & S_ISGID && file.mode & 0o10) credentials.egid = file.gid;
  }
  credentials.suid = credentials.fsuid = credentials.euid;
  credentials.sgid = credentials.fsgid = credentials.egid;
}

function mapVdso(mm: Mm): number {
  const image = vdsoImage();
  const address = mm.map({
    address: 0,
    len: image.length,
    prot: PROT_READ | PROT_EXEC,
    flags: VM_MAYWRITE | VM_MAYEXEC,
    backing: new BytesBacking(image, '[vdso]'),
    name: '[vdso]',
  });
  mm.space.vdsoPage = address / PAGE_SIZE;
  return address;
}

const isSecure = ({ uid, euid, gid, egid }: Credentials): boolean => uid !== euid || gid !== egid;

/** In Linux's order. */
function auxiliaryVector(
  { credentials }: Process,
  { program }: OpenedProgram,
  loaded: LoadedProgram,
  vdso: number,
): [number, number][] {
  return [
    [auxv.AT_SYSINFO_EHDR, vdso],
    [auxv.AT_MINSIGSTKSZ, MIN_SIGNAL_STACK],
    [auxv.AT_HWCAP, cpuid(1, 0)[3] >>> 0],
    [auxv.AT_PAGESZ, PAGE_SIZE],
    [auxv.AT_CLKTCK, CLOCK_TICKS],
    [auxv.AT_PHDR, loaded.headersAddress],
    [auxv.AT_PHENT, PHDR_SIZE],
    [auxv.AT_PHNUM, program.elf.headerCount],
    [auxv.AT_BASE, loaded.interpreter?.bias ?? 0],
    [auxv.AT_FLAGS, 0],
    [auxv.AT_ENTRY, loaded.program.entry],
    [auxv.AT_UID, credentials.uid],
    [auxv.AT_EUID, credentials.euid],
    [auxv.AT_GID, credentials.gid],
    [auxv.AT_EGID, credentials.egid],
    [auxv.AT_SECURE, isSecure(credentials) ? 1 : 0],
    [auxv.AT_HWCAP2, HWCAP2_FSGSBASE],
  ];
}

/** A fresh thread's registers, in the vCPU when the task is on it and else in the task's saved context. */
function setRegisters(task: Task, entry: number, stackPointer: number): void {
  const { vcpu } = task;
  const isCurrent = task.kernel.scheduler?.current === task;
  const others = new Uint8Array(CONTEXT_SIZE);
  if (!isCurrent) vcpu.saveContext(others);
  vcpu.reset();
  vcpu.rip = entry;
  vcpu.setGprNumber(RSP, stackPointer);
  vcpu.saveContext(task.context);
  if (!isCurrent) vcpu.loadContext(others);
}

function report(task: Task, { program, interpreter }: LoadedProgram): void {
  const { logger } = task.kernel.host;
  const hex = (value: number): string => `0x${value.toString(16)}`;
  const size = program.end - program.start;
  const range = `${hex(program.start)}-${hex(program.end)} (${size} B)`;
  logger.log('info', 'appelfloader', `ELF program loaded to ${range}, entry at ${hex(program.entry)}`);
  if (interpreter === undefined) return;
  const side = `${hex(interpreter.start)}-${hex(interpreter.end)} (${interpreter.end - interpreter.start} B)`;
  logger.log('info', 'appelfloader', `ELF interpreter loaded to ${side}, entry at ${hex(interpreter.entry)}`);
}

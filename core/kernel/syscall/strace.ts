/**
 * strace: one line for each finished call, in Unikraft's format:
 *
 *   openat(AT_FDCWD, "/libc.so.6", O_RDONLY|O_CLOEXEC) = fd:3
 *   read(fd:3, <out>"\x7FELF\x02"..., 832) = 832
 *   stat("/nowhere", va:0x7ffe00) = No such file or directory (-2)
 *
 * or as one JSON object for each. Arguments that the call reads are formatted when it begins, those it fills in when it
 * ends. A call that waits is printed once, when it ends.
 */
import { UserFault } from '../../mem/user-memory.ts';
import { ERESTARTSYS, errnoName, errnoText } from '../abi/errno.ts';
import { SysError } from '../errors.ts';
import type { Task } from '../task.ts';
import type { ArgType, FormatContext, RawArgs } from './define.ts';
import { hexArgument, SavedArgs } from './registers.ts';
import type { SyscallFilter } from './strace-filter.ts';
import type { SyscallEntry } from './table.ts';

/** Observer of calls: `begin` with the arguments in the registers, `end` once with the result (NaN: none). */
export interface SyscallTrace {
  begin(task: Task, entry: SyscallEntry, raw: RawArgs): void;
  end(task: Task, entry: SyscallEntry, result: number): void;
}

export interface StraceOptions {
  format?: 'text' | 'json';
  filter?: SyscallFilter;
  /** ANSI colours, as Unikraft's LIBSYSCALL_SHIM_STRACE_ANSI_COLOR. */
  isColoured?: boolean;
  /** Prefix values with their type (`fd:`), as LIBSYSCALL_SHIM_STRACE_PRINT_TYPE. Default true. */
  printType?: boolean;
}

/** A call that has begun. */
interface Record {
  context: FormatContext;
  /** Text of each argument; undefined for those that are formatted at the end. */
  parts: (string | undefined)[];
  startNs: number;
}

const RED = '\x1b[31m';
const GREEN = '\x1b[32m';
const CYAN = '\x1b[36m';
const RESET = '\x1b[0m';

export class Strace implements SyscallTrace {
  private readonly write: (line: string) => void;
  private readonly options: StraceOptions;
  private readonly open = new Map<Task, Record>();

  /** `write` gets each line without its newline. */
  constructor(write: (line: string) => void, options: StraceOptions = {}) {
    this.write = write;
    this.options = options;
  }

  begin(task: Task, entry: SyscallEntry, raw: RawArgs): void {
    if (this.options.filter?.(entry) === false) return;
    const saved = new SavedArgs(raw);
    const values: unknown[] = [];
    const context: FormatContext = {
      task,
      raw: saved,
      values,
      indexOf: (name) => entry.args.findIndex((arg) => arg.name === name),
      result: 0,
      printType: this.options.printType ?? true,
    };
    const unreadable = entry.args.map((arg, i) => !tryDecode(arg, context, values, i));
    const parts = entry.args.map((arg, i) => {
      if (unreadable[i]) return hexArgument(saved, i);
      return arg.phase === 'entry' ? formatArgument(arg, context, i) : undefined;
    });
    if (entry.call === undefined) for (let i = 0; i < 6; i++) parts.push(hexArgument(saved, i));
    this.open.set(task, { context, parts, startNs: task.kernel.clock.monotonicNs() });
  }

  end(task: Task, entry: SyscallEntry, result: number): void {
    const record = this.open.get(task);
    if (record === undefined) return;
    this.open.delete(task);
    record.context.result = result;
    const args = record.parts.map((part, i) => part ?? formatArgument(entry.args[i]!, record.context, i));
    const text = formatResult(entry, result, record.context);
    this.write(
      this.options.format === 'json'
        ? jsonLine(task, entry, args, result, text, record.startNs)
        : this.textLine(task, entry, args, result, text),
    );
  }

  private textLine(task: Task, entry: SyscallEntry, args: string[], result: number, text: string): string {
    const prefix = task.kernel.scheduler.tasks.size > 1 ? `[tid ${task.tid}] ` : '';
    const name = entry.call === undefined ? `${entry.name}[${entry.nr}]` : entry.name;
    if (!this.options.isColoured) return `${prefix}${name}(${args.join(', ')}) = ${text}`;
    const painted = args.map((arg) => `${CYAN}${arg}${RESET}`).join(', ');
    return `${prefix}${name}(${painted}) = ${result < 0 ? RED : GREEN}${text}${RESET}`;
  }
}

function tryDecode(arg: ArgType<unknown>, context: FormatContext, values: unknown[], index: number): boolean {
  try {
    values.push(arg.decode(context.task, context.raw, index));
    return true;
  } catch (error) {
    if (!isGuestError(error)) throw error;
    values.push(undefined);
    return false;
  }
}

function formatArgument(arg: ArgType<unknown>, context: FormatContext, index: number): string {
  try {
    return arg.format(context.values[index], context);
  } catch (error) {
    if (!isGuestError(error)) throw error;
    return hexArgument(context.raw, index);
  }
}

const isGuestError = (error: unknown): boolean => error instanceof UserFault || error instanceof SysError;

function formatResult(entry: SyscallEntry, result: number, context: FormatContext): string {
  if (Number.isNaN(result)) return '?';
  if (result <= -ERESTARTSYS) return '? (interrupted)';
  if (result < 0) return `${errnoText(-result)} (${result})`;
  return entry.call?.result.format(result, context) ?? String(result);
}

function jsonLine(
  task: Task,
  entry: SyscallEntry,
  args: string[],
  result: number,
  text: string,
  startNs: number,
): string {
  const { clock } = task.kernel;
  return JSON.stringify({
    timeNs: Math.round(startNs),
    durationNs: Math.round(clock.monotonicNs() - startNs),
    pid: task.process.pid,
    tid: task.tid,
    nr: entry.nr,
    name: entry.name,
    args,
    result: Number.isNaN(result) ? null : result,
    ...(result < 0 && result > -ERESTARTSYS ? { errno: errnoName(-result) } : {}),
    text,
  });
}

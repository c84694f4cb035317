/**
 * `defineSyscall`: number, name, typed arguments, support level and handler in one value. The argument list is the
 * register order, the handler's parameter types and the trace format.
 */
import type { Task } from '../task.ts';
import type { SysResult } from '../wait.ts';

/** `full`, or what is missing and why: shown by `elfdeck syscalls`. */
export type Support = 'full' | { partial: string } | { stub: string };

/** The six raw argument registers of a call, as pairs of 32-bit halves; valid until the task runs again. */
export interface RawArgs {
  /** Low 32 bits, signed. */
  lo(index: number): number;
  /** High 32 bits, signed. */
  hi(index: number): number;
}

/** What a formatter may look at. */
export interface FormatContext {
  task: Task;
  raw: RawArgs;
  /** All decoded arguments, by position. */
  values: readonly unknown[];
  /** Position by argument name. */
  indexOf(name: string): number;
  /** The result, when formatting at exit. */
  result: number;
  /** Prefix values with their type (`fd:`, `va:`), as Unikraft's STRACE_PRINT_TYPE. */
  printType: boolean;
}

/** What an argument names, for strace's classes of calls. */
export type ArgKind = 'path' | 'fd' | 'other';

export interface ArgType<T> {
  readonly name: string;
  /** `other` when absent. */
  readonly kind?: ArgKind;
  decode(task: Task, raw: RawArgs, index: number): T;
  /** Text in strace; `phase` 'exit' arguments are filled in by the call (output buffers). */
  format(value: T, context: FormatContext): string;
  readonly phase: 'entry' | 'exit';
}

export interface ResultType {
  /** Text of a result ≥ 0. */
  format(result: number, context: FormatContext): string;
}

// biome-ignore lint/suspicious/noExplicitAny: stands for every argument type in the inference below
type AnyArg = ArgType<any>;
type ValueOf<A> = A extends ArgType<infer T> ? T : never;
type ValuesOf<Args extends readonly AnyArg[]> = { [I in keyof Args]: ValueOf<Args[I]> };

export interface Syscall<Args extends readonly AnyArg[]> {
  nr: number;
  name: string;
  support: Support;
  args: Args;
  result: ResultType;
  /** Result ≥ 0, -errno, or Blocked; may throw SysError. */
  run: (task: Task, ...args: ValuesOf<Args>) => SysResult;
}

// biome-ignore lint/suspicious/noExplicitAny: a table holds calls of every signature
export type AnySyscall = Syscall<any>;

export function defineSyscall<const Args extends readonly AnyArg[]>(call: Syscall<Args>): Syscall<Args> {
  return call;
}

/** Consoles: terminals and logs of instances. Bytes travel on streams (contract/streams.ts); calls only open them. */
import * as z from 'zod/mini';
import { call, event } from '../contract.ts';
import { TerminalSize } from '../vm-spec.ts';
import { VmRef } from './vm.ts';

export interface ConsoleInfo {
  /** `main` is the program's terminal. */
  id: string;
  title: string;
  /** Bytes of scrollback kept. */
  scrollbackBytes: number;
  /** False once nothing takes input: the instance is not running. */
  takesInput: boolean;
  columns: number;
  rows: number;
}

export const ConsoleRef = z.object({ vm: z.string(), console: z.string() });

export interface ConsoleAttached {
  stream: number;
  /** The stream begins with this many bytes of scrollback; what follows is new. It outlives restarts of the instance. */
  scrollbackBytes: number;
}

export const logLevels = ['crit', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevelName = (typeof logLevels)[number];

/** One line of the kernel log or the system call trace; on its stream each is JSON and a newline. */
export interface LogLine {
  /** Counts from 1 for each run. */
  n: number;
  kind: 'kernel' | 'strace' | 'banner';
  level: LogLevelName;
  text: string;
  /** Of strace lines: name of the call, and whether it failed. */
  call?: string;
  failed?: boolean;
}

/** A system call that the program used and that is not fully there. */
export interface MissingCall {
  name: string;
  count: number;
  /** `absent`: no library of the image has it. */
  support: 'absent' | 'stub' | 'partial';
  reason: string;
  /** Micro-library that has it, when another image would. */
  library?: string;
}

export const consoleCalls = {
  'console.list': call<ConsoleInfo[]>()('List the consoles of an instance', VmRef),
  'console.attach': call<ConsoleAttached>()(
    'Open a stream of a console: scrollback, then output as it comes; bytes written are input',
    z.object({
      vm: z.string(),
      console: z.string(),
      size: z.optional(TerminalSize),
      /** At most this much scrollback; all that is kept when left out. */
      maxScrollbackBytes: z.optional(z.int().check(z.gte(0))),
      /** The stream ends with the run, after its last output, instead of waiting for the next one. */
      untilEnd: z.optional(z.boolean()),
      /**
       * A reader that can't keep up misses output and is told so in these words, where `{size}` stands for how much; without
       * them it holds the guest back.
       */
      gapNote: z.optional(z.string().check(z.maxLength(200))),
    }),
  ),
  'console.resize': call<null>()(
    'Tell the guest the size of the terminal',
    z.object({ vm: z.string(), console: z.string(), size: TerminalSize }),
  ),
  'console.clear': call<null>()('Forget the scrollback', ConsoleRef),
  'console.end-input': call<null>()('End the console input, as Ctrl+D or a closed pipe', ConsoleRef),
  'console.scrollback': call<{ stream: number; lenBytes: number; fileName: string }>()(
    'Read the scrollback: a stream that closes at its end',
    ConsoleRef,
  ),
  'log.attach': call<{ stream: number }>()(
    'Open a stream of log lines, JSON each: those kept, then new ones',
    z.object({ vm: z.string(), maxLines: z.optional(z.int().check(z.gte(0))) }),
  ),
  'log.clear': call<null>()('Forget the log lines kept', VmRef),
  'vm.missing-calls': call<MissingCall[]>()('List system calls that the program missed in this or its last run', VmRef),
  'console.changed': event<{ vm: string; consoles: ConsoleInfo[] }>('A console was opened or closed'),
} as const;

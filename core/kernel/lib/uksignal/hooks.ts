/**
 * What signals do to processes as a whole. posix-process, which owns their life cycle and needs this library, puts its
 * functions in at boot; the defaults serve an image without it.
 */
import { service } from '../../kernel.ts';
import type { Process } from '../../process.ts';

export interface SignalHooks {
  /** Ends all tasks of the process: it was killed by `signal`. */
  kill: (process: Process, signal: number, coreDumped: boolean) => void;
  /** The process was stopped by a signal, or runs again: its parent is told. */
  stopped: (process: Process, signal: number) => void;
  continued: (process: Process) => void;
}

export const signalHooks = service<SignalHooks>('signalHooks', () => ({
  kill(process, signal, coreDumped) {
    process.exit ??= { signal, coreDumped };
    for (const task of process.tasks) task.state = 'exited';
  },
  stopped() {},
  continued() {},
}));

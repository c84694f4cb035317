/**
 * The contract between a supervisor (the thread that owns an instance) and the worker thread that runs it.
 *
 * Requests and responses travel on a message port. A worker that runs guest code does not return to its event loop, so
 * the supervisor raises CONTROL_REQUEST after posting and wakes the worker, which takes the messages synchronously
 * (worker-channel.ts). Events go the other way. Killing is not a call: the supervisor terminates the thread.
 */
import * as z from 'zod/mini';
import type { WireFaults } from '../net/fault-plan.ts';
import type { NetworkFigures } from '../net/figures.ts';
import type { StationSetup, WireConfig } from '../net/station.ts';
import { call, type EventOf, event, Nothing } from './contract.ts';
import type { VmErrorData } from './errors.ts';
import { TerminalSize, VmSpec } from './vm-spec.ts';

/** Counts of the engine by name, those of its translator besides. */
export type EngineFigures = Record<string, number | Record<string, number>>;

/** How a guest program ended. */
export type ProgramExit = { code: number } | { signal: number; coreDumped: boolean };

/** Figures of an instance, as `--stats` prints them. */
export interface Statistics {
  instructions: number;
  /** Million instructions per second of CPU time. */
  mips: number;
  cpuTimeMs: number;
  /** From the start of the boot. */
  elapsedMs: number;
  residentBytes: number;
  openFiles: number;
  threads: number;
  /** Calls by name. */
  syscalls: Record<string, number>;
  /** Calls that were answered ENOSYS, by name or number. */
  missingSyscalls: Record<string, number>;
  engine: EngineFigures;
}

/** Instructions that a function, or code of a file without names, has run, by samples. */
export interface ProfileRow {
  /** Empty where no symbol is known. */
  symbol: string;
  /** Path in the guest; empty for code that no file holds. */
  file: string;
  instructions: number;
}

/** The end of an instance. `exit` is missing when no program ran, or our own error stopped it. */
export interface Ending {
  exit?: ProgramExit;
  error?: VmErrorData;
  /** Crash report for people. */
  report?: string;
  statistics?: Statistics;
  /** The most first; only where the spec asks for it. */
  profile?: ProfileRow[];
  /** Changes of the root's overlay, when they are to be kept. */
  overlay?: Uint8Array;
}

export const workerApi = {
  'instance.start': call<null>()('Boot the machine and run its program', VmSpec),
  'network.set-up': call<null>()('The cards of the machine that is to boot', z.custom<StationSetup>()),
  'network.attach': call<null>()('Another machine has come to one of its networks', z.custom<WireConfig>()),
  'network.detach': call<null>()('A machine has left', z.object({ id: z.int() })),
  'network.figures': call<NetworkFigures>()('Cards and sockets of the machine', Nothing),
  'network.capture': call<null>()(
    'Write what passes the cards to a file from now on, or no more',
    z.object({ path: z.nullable(z.string()) }),
  ),
  'network.impair': call<null>()(
    'Impose faults on purpose on what comes in over the wires',
    z.object({ faults: z.custom<readonly WireFaults[]>() }),
  ),
  'network.readdress': call<null>()(
    'A machine of its networks has other addresses',
    z.object({ id: z.int(), addresses: z.array(z.string()) }),
  ),
  'overlay.keep': call<null>()(
    'Begin with these changes of the root overlay, and give those back that are there at the end',
    z.object({ archive: z.nullable(z.custom<Uint8Array>()) }),
  ),
  'overlay.export': call<Uint8Array | null>()('Changes of the root overlay so far; null when it is none', Nothing),
  'instance.pause': call<null>()('Stop running guest code until resumed', Nothing),
  'instance.resume': call<null>()('Go on after a pause', Nothing),
  'instance.signal': call<null>()('Send a signal to the program', z.object({ signal: z.int() })),
  'instance.resize': call<null>()('Tell the terminal its new size', TerminalSize),
  'instance.statistics': call<Statistics>()('Figures of the running instance', Nothing),
  'console.ready': event<null>('The output ring has bytes and its reader was asleep'),
  'console.drained': event<null>('The input ring has room again'),
  'network.addressed': event<{ card: number; addresses: string[] }>('The machine has given itself other addresses'),
  'instance.ended': event<Ending>('The program ended, or the instance failed'),
} as const;

export type WorkerEvent = EventOf<typeof workerApi>;

/** What a machine needs from the computer it runs on; core/host has the one for Node, tests have fakes. */
import type { Cache } from '../dev/cache.ts';
import type { Clock, RandomFill } from '../dev/clock.ts';
import type { ConsoleDevice } from '../dev/console.ts';
import type { HostFolder } from '../dev/host-folder.ts';
import type { Transport } from '../net/transport.ts';

export interface MachineHost {
  readonly clock: Clock;
  readonly random: RandomFill;
  readonly console: ConsoleDevice;
  /** Text of the kernel console: banner, kernel messages. Ends with a newline. */
  kernelMessage(text: string): void;
  /** One strace line without its newline. */
  straceLine(line: string): void;
  /** True when a request of the supervisor waits. */
  readonly hasRequest: () => boolean;
  /** Sleeps until `deadlineNs` of the clock, console input, or a request. */
  readonly idle: (deadlineNs: number) => void;
  /** What is at a host path; undefined when nothing is. */
  kindOf(path: string): 'file' | 'folder' | 'other' | undefined;
  /** Throws VmError `host.file` when the folder can't be read. */
  openFolder(path: string, isReadOnly: boolean): HostFolder;
  /** A read-only folder made of single files: pairs of guest path and host path. */
  openFiles(files: readonly (readonly [string, string])[]): HostFolder;
  /** Throws VmError `host.file` when the file can't be read. */
  readFile(path: string): Uint8Array<ArrayBuffer>;
  /** The networks that the machine is on; without one it has only its loopback. */
  readonly transport?: Transport | undefined;
  /** Changes that the root's overlay begins with (kernel/lib/overlay/archive.ts). */
  readonly overlay?: Uint8Array | undefined;
  /** Prebuilt handlers of tier 0, where there are any. */
  readonly commonHandlers: WebAssembly.Module | undefined;
  /** Where work done for one run is kept for the next; undefined when nothing may be. */
  readonly cache: Cache | undefined;
  /** Unpacks a gzip stream; throws when it is damaged or makes more than `maxBytes`. */
  gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array;
}

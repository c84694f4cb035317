/**
 * The console device: where the main tty (or, in pipe mode, fds 0, 1 and 2) ends. Implemented by the host over shared
 * rings; a fake serves the tests.
 */
export interface ConsoleDevice {
  /** True when a person's terminal is at the other end: fds 0-2 are then a tty with line discipline, else pipes. */
  readonly isTty: boolean;
  /** Writes bytes to stdout (1) or stderr (2; same as 1 on a tty). Blocks the thread while the pump is behind. */
  write(stream: 1 | 2, bytes: Uint8Array): void;
  /** True once nobody takes that stream any more: what is written is lost, and a pipe would be broken. */
  isClosed?(stream: 1 | 2): boolean;
  /** Takes pending input into `into`: bytes taken, 0 when there is none now, -1 at end of input. */
  read(into: Uint8Array): number;
  /** True when `read` would not return 0. */
  hasInput(): boolean;
  /** Window size in character cells. */
  readonly size: { columns: number; rows: number };
}

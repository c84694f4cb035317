/**
 * The console device as a tty: there when a person's terminal is at the other end of it. Its session is the first
 * process's, from the first moment that there is one.
 */
import { makeDev } from '../../abi/stat.ts';
import { IUTF8 } from '../../abi/termios.ts';
import { type Kernel, service } from '../../kernel.ts';
import { acquire, isSessionLeader } from './jobs.ts';
import { Tty, type TtyDriver } from './tty.ts';

export const CONSOLE_RDEV = makeDev(5, 1);
const CHUNK = 4096;

class ConsoleDriver implements TtyDriver {
  readonly room = Number.POSITIVE_INFINITY;
  readonly tty: Tty;
  private readonly kernel: Kernel;
  private readonly buffer = new Uint8Array(CHUNK);
  /** Input that the discipline had no room for. */
  private held: Uint8Array = new Uint8Array(0);
  private hasOwner = false;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.tty = new Tty(kernel, this, CONSOLE_RDEV);
    this.tty.termios.iflag |= IUTF8;
    this.resized();
  }

  write(bytes: Uint8Array): void {
    this.kernel.host.console.write(1, bytes);
  }
  inputTaken(): void {
    this.pump();
  }
  /** What was written has left already. */
  flushOutput(): void {}
  report(): void {}
  opened(): void {}
  closed(): void {}

  /** Moves input from the device to the discipline, as far as that takes it. */
  pump(): void {
    this.findOwner();
    const { console } = this.kernel.host;
    while (this.deliverHeld() && console.hasInput()) {
      const count = console.read(this.buffer);
      if (count < 0) this.tty.hangUp();
      if (count <= 0) return;
      this.held = this.buffer.slice(0, count);
    }
  }

  /** True when nothing is held any more. */
  private deliverHeld(): boolean {
    if (this.held.length > 0) this.held = this.held.subarray(this.tty.receive(this.held));
    return this.held.length === 0;
  }

  /** The console becomes the first process's controlling terminal; once, so that the process may give it up. */
  findOwner(): void {
    if (this.hasOwner) return;
    const [first] = this.kernel.processes.values();
    if (first === undefined || !isSessionLeader(first)) return;
    this.hasOwner = true;
    if (this.tty.session === 0) acquire(this.tty, first);
  }

  resized(): void {
    const { columns, rows } = this.kernel.host.console.size;
    this.tty.resize({ rows, columns, xPixels: 0, yPixels: 0 });
  }
}

export const consoleDriver: (kernel: Kernel) => ConsoleDriver = service('console', (k) => new ConsoleDriver(k));

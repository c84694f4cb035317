/** Terminal settings, termios(3): the values, their defaults, and their layout in guest memory. */
import type { UserMemory } from '../../../mem/user-memory.ts';
import * as t from '../../abi/termios.ts';

/** ^C ^\ DEL ^U ^D, TIME 0, MIN 1, none, ^Q ^S ^Z, none, ^R ^O ^W ^V, none. */
const DEFAULT_CHARS = [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0];
const DEFAULT_SPEED = 38400;

export class Termios {
  iflag = t.ICRNL | t.IXON;
  oflag = t.OPOST | t.ONLCR;
  cflag = t.B38400 | t.CS8 | t.CREAD;
  lflag = t.ISIG | t.ICANON | t.ECHO | t.ECHOE | t.ECHOK | t.ECHOCTL | t.ECHOKE | t.IEXTEN;
  line = t.N_TTY;
  readonly cc = Uint8Array.from(DEFAULT_CHARS);
  ispeed = DEFAULT_SPEED;
  ospeed = DEFAULT_SPEED;

  /** Control character `index` when it is enabled, else -1. */
  char(index: number): number {
    return this.cc[index]! || -1;
  }

  isOn(localFlag: number): boolean {
    return (this.lflag & localFlag) !== 0;
  }

  copy(): Termios {
    const copy = new Termios();
    copy.assign(this);
    return copy;
  }

  assign(from: Termios): void {
    const { iflag, oflag, cflag, lflag, line, ispeed, ospeed } = from;
    Object.assign(this, { iflag, oflag, cflag, lflag, line, ispeed, ospeed });
    this.cc.set(from.cc);
  }

  /** Writes struct termios, or struct termios2 with the speeds. */
  write(memory: UserMemory, gva: number, withSpeeds: boolean): void {
    const bytes = new Uint8Array(withSpeeds ? t.TERMIOS2_SIZE : t.TERMIOS_SIZE);
    const view = new DataView(bytes.buffer);
    [this.iflag, this.oflag, this.cflag, this.lflag].forEach((flags, i) => {
      view.setUint32(i * 4, flags, true);
    });
    bytes[16] = this.line;
    bytes.set(this.cc, 17);
    if (withSpeeds) {
      view.setUint32(36, this.ispeed, true);
      view.setUint32(40, this.ospeed, true);
    }
    memory.writeBytes(gva, bytes);
  }

  /** Settings read from struct termios or termios2. */
  static read(memory: UserMemory, gva: number, withSpeeds: boolean, before: Termios): Termios {
    const bytes = memory.readBytes(gva, withSpeeds ? t.TERMIOS2_SIZE : t.TERMIOS_SIZE);
    const view = new DataView(bytes.buffer);
    const next = before.copy();
    next.iflag = view.getUint32(0, true);
    next.oflag = view.getUint32(4, true);
    next.cflag = view.getUint32(8, true);
    next.lflag = view.getUint32(12, true);
    next.line = bytes[16]!;
    next.cc.set(bytes.subarray(17, 17 + t.NCCS));
    const coded = speeds.get(next.cflag & t.CBAUD);
    if (coded !== undefined) next.ispeed = next.ospeed = coded;
    else if (withSpeeds) {
      next.ispeed = view.getUint32(36, true);
      next.ospeed = view.getUint32(40, true);
    }
    return next;
  }
}

/** Line speeds by their code in c_cflag (CBAUD). */
const speeds = new Map(
  [
    [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400].map(
      (speed, code) => [code, speed] as const,
    ),
    [57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000].map(
      (speed, code) => [0o10001 + code, speed] as const,
    ),
  ].flat(),
);

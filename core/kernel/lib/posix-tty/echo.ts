/**
 * Echo and visual line editing: what the terminal shows of typed characters, under ECHO, ECHOE, ECHOK, ECHOKE, ECHOCTL,
 * ECHOPRT and IUTF8 of termios(3).
 */
import { ECHO, ECHOCTL, ECHOE, ECHOK, ECHOKE, ECHOPRT, IUTF8, VERASE, VKILL } from '../../abi/termios.ts';
import type { InputQueue } from './input-queue.ts';
import type { OutputProcessor } from './output.ts';
import type { Termios } from './termios.ts';

const NEWLINE = 10;
const TAB = 9;
const DEL = 127;
const CARET = 0x5e;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const RUBOUT = [8, 32, 8] as const;

export type Send = (bytes: Uint8Array) => void;

export function isControl(byte: number): boolean {
  return byte < 32 || byte === DEL;
}

function isWordByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f
  );
}

export class Echo {
  private readonly termios: Termios;
  private readonly input: InputQueue;
  private readonly output: OutputProcessor;
  private readonly send: Send;
  private pending: number[] = [];
  /** Cursor column where the line being edited began. */
  private startColumn = 0;
  /** ECHOPRT: within the backslash that shows erased characters. */
  private isErasing = false;

  constructor(termios: Termios, input: InputQueue, output: OutputProcessor, send: Send) {
    this.termios = termios;
    this.input = input;
    this.output = output;
    this.send = send;
  }

  /** Sends what was echoed since the last flush, output-processed. */
  flush(): void {
    if (this.pending.length === 0) return;
    const bytes = Uint8Array.from(this.pending);
    this.pending = [];
    this.send(this.output.process(bytes));
  }

  /** Throws away what was echoed since the last flush. */
  discard(): void {
    this.pending = [];
  }

  raw(...bytes: number[]): void {
    this.pending.push(...bytes);
  }

  /** A typed character, about to join the line. */
  typed(byte: number): void {
    this.finishErasing();
    if (byte === NEWLINE) {
      this.raw(NEWLINE);
      return;
    }
    if (this.input.editLength === 0) this.markStart();
    this.visible(byte);
  }

  /** The byte as ECHOCTL shows it. */
  visible(byte: number): void {
    if (this.termios.isOn(ECHOCTL) && isControl(byte) && byte !== TAB) this.raw(CARET, byte ^ 0x40);
    else this.raw(byte);
  }

  private markStart(): void {
    this.flush();
    this.startColumn = this.output.column;
  }

  finishErasing(): void {
    if (!this.isErasing) return;
    this.raw(SLASH);
    this.isErasing = false;
  }

  /** Erases the last character of the line. */
  eraseCharacter(): void {
    if (this.input.editLength > 0) this.eraseOne(this.termios.cc[VERASE]!);
  }

  /** Erases the last word and the blanks after it. */
  eraseWord(): void {
    let hasSeenWord = false;
    while (this.input.editLength > 0) {
      const isWord = isWordByte(this.lastCharacterByte());
      if (hasSeenWord && !isWord) return;
      hasSeenWord ||= isWord;
      this.eraseOne(this.termios.cc[VERASE]!);
    }
  }

  /** Erases the line. */
  killLine(): void {
    const { termios, input } = this;
    if (input.editLength === 0) return;
    if (termios.isOn(ECHO) && termios.isOn(ECHOK) && termios.isOn(ECHOKE) && termios.isOn(ECHOE)) {
      while (input.editLength > 0) this.eraseOne(termios.cc[VKILL]!);
      return;
    }
    while (input.editLength > 0) input.eraseByte();
    if (!termios.isOn(ECHO)) return;
    this.finishErasing();
    this.visible(termios.cc[VKILL]!);
    if (termios.isOn(ECHOK)) this.raw(NEWLINE);
  }

  private isContinuation(byte: number): boolean {
    return (this.termios.iflag & IUTF8) !== 0 && (byte & 0xc0) === 0x80;
  }

  /** The first byte of the last character. */
  private lastCharacterByte(): number {
    let back = 0;
    while (back + 1 < this.input.editLength && this.isContinuation(this.input.editByte(back))) back++;
    return this.input.editByte(back);
  }

  private eraseOne(eraseChar: number): void {
    const { termios, input } = this;
    const bytes: number[] = [];
    do bytes.unshift(input.eraseByte());
    while (this.isContinuation(bytes[0]!) && input.editLength > 0);
    if (!termios.isOn(ECHO)) return;
    const byte = bytes[0]!;
    if (termios.isOn(ECHOPRT)) {
      if (!this.isErasing) this.raw(BACKSLASH);
      this.isErasing = true;
      this.visible(byte);
      this.raw(...bytes.slice(1));
    } else if (!termios.isOn(ECHOE)) {
      this.visible(eraseChar);
    } else if (byte === TAB) {
      for (let i = this.tabWidth(); i > 0; i--) this.raw(RUBOUT[0]);
    } else {
      if (isControl(byte) && termios.isOn(ECHOCTL)) this.raw(...RUBOUT);
      if (!isControl(byte) || termios.isOn(ECHOCTL)) this.raw(...RUBOUT);
    }
  }

  /** Columns that a tab after the line as it is now took up. */
  private tabWidth(): number {
    let columns = 0;
    for (let back = 0; ; back++) {
      if (back === this.input.editLength) {
        columns += this.startColumn;
        break;
      }
      const byte = this.input.editByte(back);
      if (byte === TAB) break;
      if (isControl(byte)) columns += this.termios.isOn(ECHOCTL) ? 2 : 0;
      else if (!this.isContinuation(byte)) columns++;
    }
    return 8 - (columns & 7);
  }

  /** Shows the line again (VREPRINT). */
  reprint(): void {
    for (let back = this.input.editLength - 1; back >= 0; back--) this.visible(this.input.editByte(back));
  }
}

/**
 * The line discipline N_TTY, termios(3): turns received bytes into input for readers, edits lines, echoes, and raises
 * the signals of the terminal's special characters.
 *
 * Bytes go through: c_iflag mapping, flow control (IXON), signals (ISIG), line editing (ICANON), echo, queue.
 */

import { SIGINT, SIGQUIT, SIGTSTP } from '../../abi/signal.ts';
import * as t from '../../abi/termios.ts';
import { Echo, type Send } from './echo.ts';
import { InputQueue } from './input-queue.ts';
import { OutputProcessor } from './output.ts';
import type { Termios } from './termios.ts';

const NEWLINE = 10;
const RETURN = 13;
const BELL = 7;
const BACKSPACE = 8;
const CARET = 0x5e;

/** What the discipline asks of its terminal. */
export interface DisciplineHost {
  /** Sends processed output to the other end. */
  readonly send: Send;
  /** A signal for the foreground process group. */
  signal(signal: number): void;
  /** Output was stopped or goes on (XON, XOFF). */
  setStopped(isStopped: boolean): void;
  readonly isStopped: boolean;
  /** Throws away output that has not been taken yet. */
  flushOutput(): void;
}

export class LineDiscipline {
  readonly input = new InputQueue();
  readonly output: OutputProcessor;
  private readonly termios: Termios;
  private readonly host: DisciplineHost;
  private readonly echo: Echo;
  /** After VLNEXT: the next byte is taken as it is. */
  private isLiteral = false;

  constructor(termios: Termios, host: DisciplineHost) {
    this.termios = termios;
    this.host = host;
    this.output = new OutputProcessor(termios);
    this.echo = new Echo(termios, this.input, this.output, host.send);
  }

  get isCanonical(): boolean {
    return this.termios.isOn(t.ICANON);
  }

  /** Bytes that `receive` takes now. A line that is too long is cut, so that its end still gets in. */
  get room(): number {
    if (this.isCanonical && !this.input.hasLine) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.input.room);
  }

  /** True when no byte means anything but itself. */
  private get isTransparent(): boolean {
    const { iflag, lflag } = this.termios;
    const mapping = t.ISTRIP | t.INLCR | t.IGNCR | t.ICRNL | t.IUCLC | t.IXON | t.PARMRK;
    return (iflag & mapping) === 0 && (lflag & (t.ISIG | t.ICANON | t.ECHO)) === 0 && !this.isLiteral;
  }

  /** Takes received bytes: how many of them (all, while there is room). */
  receive(bytes: Uint8Array): number {
    if (this.isTransparent) return this.input.putAll(bytes);
    let taken = 0;
    while (taken < bytes.length && this.room > 0) this.receiveByte(bytes[taken++]!);
    this.echo.flush();
    return taken;
  }

  private receiveByte(raw: number): void {
    const { termios } = this;
    let byte = termios.iflag & t.ISTRIP ? raw & 0x7f : raw;
    if (termios.iflag & t.IUCLC && termios.isOn(t.IEXTEN) && byte >= 0x41 && byte <= 0x5a) byte += 0x20;
    if (termios.isOn(t.EXTPROC)) this.store(byte);
    else if (this.isLiteral) this.literal(byte);
    else if (!this.flowControl(byte) && !this.signalKey(byte)) this.mapped(byte);
  }

  private literal(byte: number): void {
    this.isLiteral = false;
    if (this.termios.isOn(t.ECHO)) this.echo.typed(byte);
    this.store(byte);
  }

  /** XON and XOFF: true when the byte was one of them. */
  private flowControl(byte: number): boolean {
    const { termios, host } = this;
    if (!(termios.iflag & t.IXON)) return false;
    if (byte === termios.char(t.VSTART)) {
      host.setStopped(false);
      return true;
    }
    if (byte === termios.char(t.VSTOP)) {
      host.setStopped(true);
      return true;
    }
    if (host.isStopped && termios.iflag & t.IXANY) host.setStopped(false);
    return false;
  }

  /** INTR, QUIT and SUSP: true when the byte was one of them. */
  private signalKey(byte: number): boolean {
    const { termios, host } = this;
    if (!termios.isOn(t.ISIG)) return false;
    const signal = this.signalOf(byte);
    if (signal === 0) return false;
    if (!termios.isOn(t.NOFLSH)) {
      this.input.clear();
      this.echo.discard();
      host.flushOutput();
    }
    if (termios.iflag & t.IXON) host.setStopped(false);
    if (termios.isOn(t.ECHO)) {
      this.echo.visible(byte);
      this.echo.flush();
    }
    host.signal(signal);
    return true;
  }

  private signalOf(byte: number): number {
    const { termios } = this;
    if (byte === termios.char(t.VINTR)) return SIGINT;
    if (byte === termios.char(t.VQUIT)) return SIGQUIT;
    return byte === termios.char(t.VSUSP) ? SIGTSTP : 0;
  }

  /** CR and NL mapping, then editing or storing. */
  private mapped(raw: number): void {
    const { iflag } = this.termios;
    let byte = raw;
    if (byte === RETURN) {
      if (iflag & t.IGNCR) return;
      if (iflag & t.ICRNL) byte = NEWLINE;
    } else if (byte === NEWLINE && iflag & t.INLCR) {
      byte = RETURN;
    }
    if (this.isCanonical && this.edit(byte)) return;
    if (this.termios.isOn(t.ECHO)) this.echo.typed(byte);
    this.store(byte);
  }

  /** Canonical mode: true when the byte edits or ends the line. */
  private edit(byte: number): boolean {
    const { termios, echo } = this;
    const isExtended = termios.isOn(t.IEXTEN);
    if (byte === termios.char(t.VERASE)) echo.eraseCharacter();
    else if (byte === termios.char(t.VKILL)) echo.killLine();
    else if (isExtended && byte === termios.char(t.VWERASE)) echo.eraseWord();
    else if (isExtended && byte === termios.char(t.VLNEXT)) this.literalNext();
    else if (isExtended && termios.isOn(t.ECHO) && byte === termios.char(t.VREPRINT)) this.reprint(byte);
    else return this.endLine(byte);
    return true;
  }

  private literalNext(): void {
    this.isLiteral = true;
    if (!this.termios.isOn(t.ECHO)) return;
    this.echo.finishErasing();
    if (this.termios.isOn(t.ECHOCTL)) this.echo.raw(CARET, BACKSPACE);
  }

  private reprint(byte: number): void {
    this.echo.finishErasing();
    this.echo.visible(byte);
    this.echo.raw(NEWLINE);
    this.echo.reprint();
  }

  /** True when the byte ends the line. */
  private endLine(byte: number): boolean {
    const { termios, echo, input } = this;
    if (byte === NEWLINE) {
      if (termios.isOn(t.ECHO) || termios.isOn(t.ECHONL)) echo.raw(NEWLINE);
      input.putLineEnd(NEWLINE);
      return true;
    }
    if (byte === termios.char(t.VEOF)) {
      input.endLine(true);
      return true;
    }
    const isEol2 = termios.isOn(t.IEXTEN) && byte === termios.char(t.VEOL2);
    if (byte !== termios.char(t.VEOL) && !isEol2) return false;
    if (termios.isOn(t.ECHO)) echo.typed(byte);
    input.putLineEnd(byte);
    return true;
  }

  private store(byte: number): void {
    const { iflag } = this.termios;
    // PARMRK marks errors with 0xff 0x00: a real 0xff is doubled.
    if (byte === 0xff && iflag & t.PARMRK && !(iflag & t.ISTRIP)) this.input.put(byte);
    if (!this.input.put(byte) && iflag & t.IMAXBEL) this.echo.raw(BELL);
  }

  /** The settings changed: `wasCanonical` before. */
  settingsChanged(wasCanonical: boolean): void {
    if (wasCanonical !== this.isCanonical) this.input.switchMode(this.isCanonical);
    if (!this.isCanonical) this.isLiteral = false;
    if (!(this.termios.iflag & t.IXON) && this.host.isStopped) this.host.setStopped(false);
  }

  flushInput(): void {
    this.input.clear();
  }
}

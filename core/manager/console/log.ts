/** Lines of the kernel log and the system call trace of an instance: the last ones kept, new ones sent to who is attached. */
import type { LogLevelName, LogLine } from '../../contract/api/console.ts';
import type { ByteStream } from '../../contract/streams.ts';
import { STREAM_STRACE } from '../../contract/worker-channel.ts';

const MAX_LINES = 20_000;
/** A line without end is cut. */
const MAX_LINE = 1 << 14;
const levels: Readonly<Record<string, LogLevelName>> = {
  CRIT: 'crit',
  ERR: 'error',
  Warn: 'warn',
  Info: 'info',
  dbg: 'debug',
};
/** As core/machine/kernel-log.ts writes them. */
const KERNEL_LINE = /^\[ *\d+\.\d+\] (\w+): +\[/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is how colours are spelled
const COLOURS = /\x1b\[[\d;]*m/g;

interface Reader {
  stream: ByteStream;
  isBusy: boolean;
  /** Number of the next line to send. */
  next: number;
}

export class InstanceLog {
  private lines: LogLine[] = [];
  private count = 0;
  private readonly partial = { kernel: '', strace: '' };
  private readonly decoder = { kernel: new TextDecoder(), strace: new TextDecoder() };
  private readonly readers = new Set<Reader>();

  /** A new run: lines count from 1 again. */
  restart(): void {
    this.lines = [];
    this.count = 0;
    for (const reader of this.readers) reader.next = 1;
  }
  clear(): void {
    this.lines = [];
  }
  get kept(): readonly LogLine[] {
    return this.lines;
  }

  output(stream: number, bytes: Uint8Array): void {
    const kind = stream === STREAM_STRACE ? 'strace' : 'kernel';
    const text = this.partial[kind] + this.decoder[kind].decode(bytes, { stream: true });
    const pieces = text.split('\n');
    const rest = pieces.pop()!;
    this.partial[kind] = rest.length > MAX_LINE ? '' : rest;
    if (rest.length > MAX_LINE) pieces.push(rest);
    for (const piece of pieces) this.add(kind, piece.slice(0, MAX_LINE));
    for (const reader of this.readers) void this.pump(reader);
  }

  private add(kind: 'kernel' | 'strace', text: string): void {
    this.lines.push({ n: ++this.count, ...(kind === 'kernel' ? kernelLine(text) : straceLine(text)) });
    if (this.lines.length > MAX_LINES * 1.25) this.lines = this.lines.slice(-MAX_LINES);
  }

  attach(stream: ByteStream, maxLines = MAX_LINES): void {
    const reader = { stream, isBusy: false, next: Math.max(1, this.count - maxLines + 1) };
    this.readers.add(reader);
    stream.consume(() => {});
    void stream.ended.then(() => this.readers.delete(reader));
    void this.pump(reader);
  }

  /** A reader that is slow misses lines; their numbers show it. */
  private async pump(reader: Reader): Promise<void> {
    if (reader.isBusy) return;
    reader.isBusy = true;
    while (!reader.stream.isOver) {
      const batch = this.lines.slice(this.indexOf(reader.next)).slice(0, 500);
      if (batch.length === 0) break;
      reader.next = batch.at(-1)!.n + 1;
      await reader.stream.write(new TextEncoder().encode(batch.map((line) => `${JSON.stringify(line)}\n`).join('')));
    }
    reader.isBusy = false;
  }
  private indexOf(n: number): number {
    const first = this.lines[0]?.n ?? 1;
    return Math.max(0, n - first);
  }

  dispose(): void {
    for (const { stream } of this.readers) stream.abort();
  }
}

function kernelLine(text: string): Omit<LogLine, 'n'> {
  const level = levels[KERNEL_LINE.exec(text)?.[1] ?? ''];
  return level === undefined ? { kind: 'banner', level: 'info', text } : { kind: 'kernel', level, text };
}

function straceLine(text: string): Omit<LogLine, 'n'> {
  const plain = text.replaceAll(COLOURS, '');
  const call = /^(?:\[[^\]]*\] )?([a-z_]\w*)\(/.exec(plain)?.[1];
  const failed = /\(-\d+\)$/.test(plain.trimEnd());
  return {
    kind: 'strace',
    level: failed ? 'warn' : 'info',
    text: plain,
    ...(call === undefined ? {} : { call }),
    failed,
  };
}

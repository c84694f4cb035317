/** The machine's console over the two shared rings; lives on the worker thread. */
import { writeFrame } from '../base/output-frames.ts';
import { RingReader, RingWriter } from '../base/shared-ring.ts';
import { type OutputStream, STREAM_KERNEL, STREAM_STRACE } from '../contract/worker-channel.ts';
import type { WorkerEvent } from '../contract/worker-protocol.ts';
import type { ConsoleDevice } from '../dev/console.ts';

export class RingConsole implements ConsoleDevice {
  readonly isTty: boolean;
  size: { columns: number; rows: number };
  readonly isClosed: (stream: 1 | 2) => boolean;
  private readonly output: RingWriter;
  private readonly input: RingReader;
  private readonly post: (event: WorkerEvent) => void;
  private readonly wakeReader = (): void => this.post({ event: 'console.ready', payload: null });

  constructor(
    rings: { output: SharedArrayBuffer; input: SharedArrayBuffer },
    terminal: { columns: number; rows: number } | undefined,
    post: (event: WorkerEvent) => void,
    isClosed: (stream: 1 | 2) => boolean,
  ) {
    this.isClosed = isClosed;
    this.output = new RingWriter(rings.output);
    this.input = new RingReader(rings.input);
    this.isTty = terminal !== undefined;
    this.size = terminal ?? { columns: 80, rows: 24 };
    this.post = post;
  }

  write(stream: 1 | 2, bytes: Uint8Array): void {
    this.frame(stream, bytes);
  }
  writeKernel(text: string): void {
    this.frame(STREAM_KERNEL, new TextEncoder().encode(text));
  }
  writeStrace(line: string): void {
    this.frame(STREAM_STRACE, new TextEncoder().encode(`${line}\n`));
  }
  private frame(stream: OutputStream, bytes: Uint8Array): void {
    writeFrame(this.output, stream, bytes, this.wakeReader);
  }

  read(into: Uint8Array): number {
    const count = this.input.read(into);
    if (this.input.takeWriterAsleep()) this.post({ event: 'console.drained', payload: null });
    if (count > 0 || into.length === 0) return count;
    return this.input.isAtEnd ? -1 : 0;
  }
  hasInput(): boolean {
    return this.input.available > 0 || this.input.isAtEnd;
  }
}

/**
 * One console of an instance in one terminal: attaches, replays the scrollback the manager keeps, carries input and size,
 * and attaches again when the connection was lost. Restarts of the instance go on in the same stream.
 */
import type { Terminal } from '@xterm/xterm';
import type { ApiClient } from '../../core/contract/client.ts';
import type { ByteStream } from '../../core/contract/streams.ts';
import { asVmError } from '../api.ts';
import { errorText } from '../manager-texts/manager-texts.ts';
import { TerminalFeed } from './terminal-feed.ts';

export type SessionState = 'connecting' | 'open' | 'lost' | 'failed';

/** More would not fit the terminal's scrollback. */
const MAX_REPLAY = 1 << 20;
const REPLAY_PAUSE_MS = 1000;
const RESIZE_DELAY_MS = 60;

export interface SessionHooks {
  onState(state: SessionState, message: string): void;
  /** What is shown where output was left out; `{size}` in it stands for how much. */
  gapNote(): string;
}

export class ConsoleSession {
  private readonly api: ApiClient;
  private readonly vm: string;
  private readonly consoleId: string;
  private readonly terminal: Terminal;
  private readonly hooks: SessionHooks;
  private readonly feed: TerminalFeed;
  private readonly encoder = new TextEncoder();
  private readonly disposables: { dispose(): void }[] = [];
  private stream: ByteStream | undefined;
  private replayBytes = 0;
  private replayTimer = 0;
  private isDisposed = false;
  private resizeTimer = 0;

  constructor(api: ApiClient, vm: string, consoleId: string, terminal: Terminal, hooks: SessionHooks) {
    this.api = api;
    this.vm = vm;
    this.consoleId = consoleId;
    this.terminal = terminal;
    this.hooks = hooks;
    this.feed = new TerminalFeed({ write: (bytes, done) => terminal.write(bytes, done) });
    const stopWatching = api.onConnection((state) => {
      if (state === 'open') void this.attach();
    });
    this.disposables.push(
      // Answers of the terminal to questions in the replayed scrollback were given when they were asked.
      terminal.onData((data) => this.isReplaying || this.send(this.encoder.encode(data))),
      terminal.onBinary((data) => this.isReplaying || this.send(Uint8Array.from(data, (c) => c.charCodeAt(0)))),
      terminal.onResize(() => this.resizeSoon()),
      { dispose: stopWatching },
    );
  }

  private get isReplaying(): boolean {
    return this.feed.shownBytes < this.replayBytes;
  }

  async attach(): Promise<void> {
    this.stream?.abort();
    this.stream = undefined;
    this.hooks.onState('connecting', '');
    try {
      const { stream, scrollbackBytes } = await this.api.call('console.attach', {
        vm: this.vm,
        console: this.consoleId,
        size: this.size,
        maxScrollbackBytes: MAX_REPLAY,
        gapNote: this.hooks.gapNote(),
      });
      if (this.isDisposed) this.api.openStream(stream).abort();
      else this.take(this.api.openStream(stream), scrollbackBytes);
    } catch (error) {
      if (!this.isDisposed)
        this.hooks.onState(this.api.connection === 'open' ? 'failed' : 'lost', errorText(asVmError(error)));
    }
  }
  private take(stream: ByteStream, scrollbackBytes: number): void {
    this.stream = stream;
    this.feed.reset();
    this.terminal.reset();
    this.replayBytes = scrollbackBytes;
    this.expectReplay();
    stream.consume((bytes) => this.receive(bytes));
    void stream.ended.then((error) => {
      if (!this.isDisposed && this.stream === stream)
        this.hooks.onState('lost', error === undefined ? '' : errorText(error));
    });
    this.hooks.onState('open', '');
  }
  private receive(bytes: Uint8Array): Promise<void> | undefined {
    if (this.isReplaying) this.expectReplay();
    return this.feed.push(bytes);
  }
  /** The manager may have skipped a part of the replay: it is over once nothing comes any more, too. */
  private expectReplay(): void {
    window.clearTimeout(this.replayTimer);
    this.replayTimer = window.setTimeout(() => {
      this.replayBytes = 0;
    }, REPLAY_PAUSE_MS);
  }

  send(bytes: Uint8Array): void {
    void this.stream?.write(bytes);
  }
  sendText(text: string): void {
    this.send(this.encoder.encode(text));
  }
  endInput(): Promise<null> {
    return this.api.call('console.end-input', { vm: this.vm, console: this.consoleId });
  }
  async clear(): Promise<void> {
    await this.api.call('console.clear', { vm: this.vm, console: this.consoleId });
    this.terminal.clear();
  }

  private get size() {
    return { columns: this.terminal.cols, rows: this.terminal.rows };
  }
  private resizeSoon(): void {
    window.clearTimeout(this.resizeTimer);
    this.resizeTimer = window.setTimeout(() => {
      const size = { vm: this.vm, console: this.consoleId, size: this.size };
      // The size is also part of `attach`, so nothing is lost while there is no connection or no running program.
      this.api.call('console.resize', size).catch((error: unknown) => {
        if (asVmError(error).code !== 'connection.lost') console.warn('console.resize', error);
      });
    }, RESIZE_DELAY_MS);
  }

  dispose(): void {
    this.isDisposed = true;
    window.clearTimeout(this.resizeTimer);
    window.clearTimeout(this.replayTimer);
    this.stream?.abort();
    for (const disposable of this.disposables) disposable.dispose();
  }
}

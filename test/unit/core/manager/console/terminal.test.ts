import { describe, expect, it } from 'vitest';
import { STREAM_WINDOW, StreamMux } from '../../../../../core/contract/streams.ts';
import { Scrollback } from '../../../../../core/manager/console/scrollback.ts';
import { type ReaderOptions, Terminal } from '../../../../../core/manager/console/terminal.ts';

const MIB = 1 << 20;
const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** A terminal with one client, a clock and the timers that were set. */
function attached(limitBytes: number) {
  const time = { ms: 0 };
  const timers: (() => void)[] = [];
  const terminal = new Terminal(
    limitBytes,
    () => time.ms,
    (run) => {
      timers.push(run);
      return {};
    },
  );
  const server: StreamMux = new StreamMux((frame) => setImmediate(() => client.accept(frame)), false);
  const client: StreamMux = new StreamMux((frame) => setImmediate(() => server.accept(frame)), true);
  const stream = server.create();
  const attach = (options?: ReaderOptions) => terminal.attach(stream, options);
  return { terminal, time, timers, attach, stream: () => client.open(stream.id) };
}

describe('scrollback', () => {
  it('keeps the last bytes and counts all', () => {
    const scrollback = new Scrollback(2 << 16);
    for (let i = 0; i < 5; i++) scrollback.write(new Uint8Array(1 << 16).fill(i));
    scrollback.write(Uint8Array.of(9));
    expect([scrollback.start, scrollback.end]).toEqual([4 << 16, (5 << 16) + 1]);
    expect(scrollback.bytes().at(-1)).toBe(9);
    expect(scrollback.bytes().length).toBe((1 << 16) + 1);
    scrollback.clear();
    scrollback.write(Uint8Array.of(1, 2));
    expect([...scrollback.bytes()]).toEqual([1, 2]);
  });
});

describe('terminal', () => {
  it('gives every byte in order to a reader that goes on, and holds the guest back for it', async () => {
    const { terminal, attach, stream } = attached(4 * MIB);
    void terminal.output(new TextEncoder().encode('before'));
    expect(attach()).toBe(6);
    const total = 20 * MIB;
    let received = 0;
    let isOrdered = true;
    stream().consume(async (bytes) => {
      for (const byte of received === 0 ? bytes.subarray(6) : bytes) isOrdered &&= byte === 7;
      received += bytes.length;
      await turns(1);
    });
    const piece = new Uint8Array(1 << 16).fill(7);
    let waited = 0;
    for (let sent = 0; sent < total; sent += piece.length) {
      const wait = terminal.output(piece);
      if (wait !== undefined) {
        waited++;
        await wait;
      }
    }
    while (received < total + 6) await turns(1);
    expect([received, isOrdered, waited > 0]).toEqual([total + 6, true, true]);
  });

  it('lets the guest go on when a reader stalls, and tells the reader what it missed', async () => {
    const { terminal, time, timers, attach, stream } = attached(2 * MIB);
    attach();
    let text = '';
    let release: (() => void) | undefined;
    let isStalled = true;
    stream().consume((bytes) => {
      text = (text + Buffer.from(bytes).toString('latin1')).slice(-200);
      return isStalled
        ? new Promise((resolve) => {
            release = resolve;
          })
        : undefined;
    });
    const piece = new Uint8Array(1 << 16).fill(0x61);
    let wait: Promise<void> | undefined;
    for (let sent = 0; wait === undefined && sent < 10 * MIB; sent += piece.length) {
      wait = terminal.output(piece);
      await turns(1);
    }
    expect(wait).toBeDefined();
    time.ms += 3000;
    for (const run of timers) run();
    await wait;
    // From now on nothing waits: what is kept is bounded.
    for (let sent = 0; sent < 10 * MIB; sent += piece.length) expect(terminal.output(piece)).toBeUndefined();
    expect(terminal.scrollback.end - terminal.scrollback.start).toBeLessThanOrEqual(2 * MIB);
    isStalled = false;
    release?.();
    await turns(2 * (STREAM_WINDOW >> 16) + 300);
    void terminal.output(new TextEncoder().encode('end'));
    await turns(300);
    expect(text.endsWith('end')).toBe(true);
  });

  it('ends the streams that are to end with the run, after the last byte', async () => {
    const { terminal, attach, stream } = attached(MIB);
    attach({ untilEnd: true });
    let received = 0;
    const client = stream();
    client.consume((bytes) => {
      received += bytes.length;
    });
    void terminal.output(new Uint8Array(300_000));
    terminal.endRun();
    await client.ended;
    expect(received).toBe(300_000);
  });

  it('never holds the guest back for a reader that skips: it gets the newest, whole lines, with modes and a note', async () => {
    const { terminal, attach, stream } = attached(16 * MIB);
    attach({ gapNote: '{size} missing' });
    let text = '';
    let release = (): void => {};
    let isSlow = true;
    const client = stream();
    client.consume((bytes) => {
      text += Buffer.from(bytes).toString('latin1');
      if (isSlow) return new Promise<void>((resolve) => (release = resolve));
    });
    void terminal.output(new TextEncoder().encode('first\x1b[?1049;2004h\n'));
    const line = `${'x'.repeat(98)}\n`;
    const total = 20 * MIB;
    let waited = 0;
    for (let sent = 0; sent < total; sent += 990 * line.length) {
      if (terminal.output(new TextEncoder().encode(line.repeat(990))) !== undefined) waited++;
      await turns(1);
    }
    isSlow = false;
    release();
    void terminal.output(new TextEncoder().encode('the end'));
    while (!text.endsWith('the end')) await turns(1);
    const [before, after] = text
      .replaceAll('\x1b', 'ESC')
      .split(/ESC\[0m(?:ESC\[\?\d+h)*\r\nESC\[7m [\d.]+ MiB missing ESC\[0m\r\n/);
    expect(waited).toBe(0);
    expect(before!.length).toBeLessThan(2 * MIB);
    expect(after).toMatch(/^(x{98}\n)+the end$/);
    expect(after!.length).toBeGreaterThan(MIB / 2);
  });
});

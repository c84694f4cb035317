import { describe, expect, it } from 'vitest';
import { MAX_WAITING, PIECE, TerminalFeed } from '../../renderer/console/terminal-feed.ts';

/** A terminal that takes a piece only when it is told to, and the pauses that were asked for. */
function slowTerminal() {
  const waiting: { bytes: Uint8Array; done: () => void }[] = [];
  const due: (() => void)[] = [];
  let shown = '';
  const decoder = new TextDecoder('latin1');
  const feed = new TerminalFeed(
    { write: (bytes, done) => void waiting.push({ bytes, done }) },
    (run) => void due.push(run),
  );
  return {
    feed,
    due,
    /** Takes all that it is given without a pause. */
    drain(): string {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        shown += decoder.decode(next.bytes);
        next.done();
      }
      return shown;
    },
    pieces: () => waiting.map(({ bytes }) => bytes.length),
  };
}
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const KIB_64 = new Uint8Array(1 << 16).fill(97);

describe('terminal feed', () => {
  it('shows everything in order while the terminal keeps up, small pieces together', () => {
    const terminal = slowTerminal();
    for (let i = 0; i < 100; i++) terminal.feed.push(text(`line ${i}\r\n`));
    const expected = Array.from({ length: 100 }, (_, i) => `line ${i}\r\n`).join('');
    expect([terminal.drain(), terminal.feed.shownBytes]).toEqual([expected, expected.length]);
  });

  it('has one piece of bounded size under way, and takes no more than it may keep', async () => {
    const terminal = slowTerminal();
    const taken: string[] = [];
    for (let i = 0; i < 5; i++) {
      void Promise.resolve(terminal.feed.push(KIB_64)).then(() => taken.push(`piece ${i}`));
    }
    await Promise.resolve();
    expect([terminal.pieces(), taken]).toEqual([[PIECE], ['piece 0', 'piece 1', 'piece 2', 'piece 3']]);
    terminal.drain();
    await Promise.resolve();
    expect(taken).toContain('piece 4');
  });

  it('pauses between the pieces of a flood, and shows the rest at full speed', () => {
    const terminal = slowTerminal();
    const total = MAX_WAITING + 2 * PIECE;
    for (let sent = 0; sent < total; sent += KIB_64.length) void terminal.feed.push(KIB_64);
    const shown: number[] = [];
    for (terminal.drain(); terminal.due.length > 0; terminal.drain()) {
      shown.push(terminal.feed.shownBytes / PIECE);
      terminal.due.shift()!();
    }
    expect([shown, terminal.feed.shownBytes]).toEqual([[2, 3], total]);
  });

  it('forgets what waits when the terminal starts afresh, and lets the source go on', async () => {
    const terminal = slowTerminal();
    let isTaken = false;
    for (let sent = 0; sent <= MAX_WAITING; sent += KIB_64.length) {
      void Promise.resolve(terminal.feed.push(KIB_64)).then(() => {
        isTaken = sent > MAX_WAITING - KIB_64.length;
      });
    }
    terminal.feed.reset();
    await new Promise((resolve) => setImmediate(resolve));
    expect(isTaken).toBe(true);
  });
});

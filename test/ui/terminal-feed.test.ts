import { describe, expect, it } from 'vitest';
import { HIGH_WATER, KEPT, TerminalFeed } from '../../renderer/console/terminal-feed.ts';

/** A terminal that is slow: it takes a piece only when it is told to. */
function slowTerminal() {
  const waiting: { bytes: Uint8Array; done: () => void }[] = [];
  let shown = '';
  const decoder = new TextDecoder();
  return {
    sink: { write: (bytes: Uint8Array, done: () => void) => void waiting.push({ bytes, done }) },
    drain(): string {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        shown += decoder.decode(next.bytes, { stream: true });
        next.done();
      }
      return shown;
    },
    pieces: () => waiting.length,
    last: () => waiting.at(-1)?.bytes.length ?? 0,
  };
}
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('terminal feed', () => {
  it('shows everything in order while the terminal keeps up', () => {
    const terminal = slowTerminal();
    const feed = new TerminalFeed(terminal.sink, () => 'gap');
    for (let i = 0; i < 100; i++) feed.push(text(`line ${i}\r\n`));
    expect(terminal.drain()).toBe(Array.from({ length: 100 }, (_, i) => `line ${i}\r\n`).join(''));
  });

  it('has one piece of bounded size under way, however much comes', () => {
    const terminal = slowTerminal();
    const feed = new TerminalFeed(terminal.sink, () => 'gap');
    for (let i = 0; i < 50; i++) feed.push(new Uint8Array(65_536).fill(97));
    expect([terminal.pieces(), terminal.last()]).toEqual([1, 32_768]);
  });

  it('leaves out the oldest of a flood, says how much, and goes on after a line end', () => {
    const terminal = slowTerminal();
    const gaps: number[] = [];
    const feed = new TerminalFeed(
      terminal.sink,
      (bytes) => {
        gaps.push(bytes);
        return 'GAP';
      },
      (run) => run(),
    );
    const line = `${'x'.repeat(98)}\n`;
    const count = Math.ceil((HIGH_WATER * 2) / line.length);
    const block = text(line.repeat(1000));
    for (let sent = 0; sent < count; sent += 1000) feed.push(block);
    feed.push(text('the end'));
    const shown = terminal.drain();
    const mark = '\x1b[0m\r\n\x1b[7m GAP \x1b[0m\r\n';
    const parts = shown.split(mark);
    const afterGap = parts.at(-1)!;
    expect(gaps.length).toBeGreaterThan(0);
    expect(afterGap).toMatch(/^(x{98}\n)+the end$/);
    expect(afterGap.length).toBeLessThan(HIGH_WATER + KEPT);
    expect(feed.takenBytes).toBe(parts.join('').length + gaps.reduce((a, b) => a + b, 0));
  });

  it('sets the private modes that the missing bytes set', () => {
    const terminal = slowTerminal();
    const feed = new TerminalFeed(
      terminal.sink,
      () => 'GAP',
      (run) => run(),
    );
    feed.push(text('first'));
    feed.push(text('\x1b[?1049h\x1b[?25l\x1b[?25h\n'));
    feed.push(new Uint8Array(HIGH_WATER).fill(10));
    expect(terminal.drain()).toContain('first\x1b[0m\x1b[?1049h\x1b[?25h\r\n');
  });

  it('shows a flood a piece at a time, and the rest of it at full speed once nothing more comes', () => {
    const terminal = slowTerminal();
    const due: (() => void)[] = [];
    const feed = new TerminalFeed(
      terminal.sink,
      () => 'GAP',
      (run) => void due.push(run),
    );
    const mebibyte = new Uint8Array(1 << 20).fill(10);
    const shown: number[] = [];
    for (let i = 0; i < 10; i++) feed.push(mebibyte);
    for (let i = 0; i < 3; i++) {
      terminal.drain();
      shown.push(due.length);
      feed.push(mebibyte);
      due.shift()!();
    }
    terminal.drain();
    due.shift()!();
    terminal.drain();
    expect([shown, due.length]).toEqual([[1, 1, 1], 0]);
    feed.push(text('the end'));
    expect(terminal.drain().endsWith('the end')).toBe(true);
  });

  it('survives binary garbage', () => {
    const terminal = slowTerminal();
    const feed = new TerminalFeed(
      terminal.sink,
      () => 'GAP',
      (run) => run(),
    );
    const garbage = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 7919) & 0xff);
    for (let i = 0; i < 10; i++) feed.push(garbage);
    expect(terminal.drain().length).toBeGreaterThan(0);
  });
});

import { describe, expect, it } from 'vitest';
import { VmError } from '../../../../core/contract/errors.ts';
import { STREAM_WINDOW, StreamMux } from '../../../../core/contract/streams.ts';

/** Two ends whose frames arrive a turn later. */
function pair(): { maker: StreamMux; opener: StreamMux; sent: { bytes: number } } {
  const sent = { bytes: 0 };
  const maker: StreamMux = new StreamMux((frame) => {
    sent.bytes += frame.length;
    setImmediate(() => opener.accept(frame));
  }, false);
  const opener: StreamMux = new StreamMux((frame) => setImmediate(() => maker.accept(frame)), true);
  return { maker, opener, sent };
}

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe('streams', () => {
  it('carry bytes both ways in order and end with what was written', async () => {
    const { maker, opener } = pair();
    const server = maker.create();
    const got: number[] = [];
    server.consume((bytes) => {
      got.push(...bytes);
      void server.write(bytes.map((byte) => byte + 1)).then(() => server.close());
    });
    const client = opener.open(server.id);
    const back: number[] = [];
    client.consume((bytes) => void back.push(...bytes));
    void client.write(Uint8Array.of(1, 2, 3));
    expect(await client.ended).toBeUndefined();
    expect([got, back]).toEqual([
      [1, 2, 3],
      [2, 3, 4],
    ]);
    await turns(3);
    expect([maker.size, opener.size]).toEqual([0, 0]);
  });

  it('keep what comes before the other end opens them', async () => {
    const { maker, opener } = pair();
    const server = maker.create();
    void server.write(new TextEncoder().encode('early'));
    server.close();
    await turns(3);
    const client = opener.open(server.id);
    let text = '';
    client.consume((bytes) => {
      text += new TextDecoder().decode(bytes);
    });
    await client.ended;
    expect(text).toBe('early');
  });

  it('send no more than a window to a reader that is slow', async () => {
    const { maker, opener, sent } = pair();
    const server = maker.create();
    const total = 8 * STREAM_WINDOW;
    let isWritten = false;
    void server.write(new Uint8Array(total)).then(() => {
      isWritten = true;
      server.close();
    });
    const client = opener.open(server.id);
    let release: () => void = () => {};
    let received = 0;
    let isFree = false;
    client.consume((bytes) => {
      received += bytes.length;
      if (isFree) return;
      return new Promise((resolve) => {
        release = resolve;
      });
    });
    await turns(100);
    expect(isWritten).toBe(false);
    expect(sent.bytes).toBeLessThan(STREAM_WINDOW + 1000);
    isFree = true;
    release();
    await client.ended;
    expect([received, isWritten]).toEqual([total, true]);
  });

  it('end a waiting writer when the reader closes or the connection is lost', async () => {
    for (const end of ['abort', 'lose'] as const) {
      const { maker, opener } = pair();
      const server = maker.create();
      const written = server.write(new Uint8Array(3 * STREAM_WINDOW));
      const client = opener.open(server.id);
      client.consume(() => new Promise(() => {}));
      await turns(5);
      if (end === 'abort') client.abort();
      else maker.closeAll(new VmError('connection.lost', 'gone'));
      await written;
      expect(server.isOver).toBe(true);
    }
  });

  it('bring the error that the other end closed with', async () => {
    const { maker, opener } = pair();
    const server = maker.create();
    server.abort(new VmError('vm.not-found', 'no such instance'));
    const client = opener.open(server.id);
    client.consume(() => {});
    expect((await client.ended)?.message).toBe('no such instance');
  });
});

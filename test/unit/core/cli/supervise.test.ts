import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { feedInput } from '../../../../core/cli/supervise.ts';

describe('feedInput', () => {
  it('ends the input only after the guest has taken the last chunk', async () => {
    const events: string[] = [];
    let takeAll = (): void => {};
    feedInput(Readable.from([Buffer.from('last')], { objectMode: false }), {
      write: (bytes) => {
        events.push(`write ${Buffer.from(bytes)}`);
        return new Promise((resolve) => {
          takeAll = resolve;
        });
      },
      endInput: () => events.push('end'),
    });
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    events.push('taken');
    takeAll();
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    expect(events).toEqual(['write last', 'taken', 'end']);
  });

  it.each([
    ['one\n', ['write one\n', 'write \x04']],
    ['half', ['write half', 'write \x04\x04']],
    ['', ['write \x04']],
  ])('ends the keys %j by Ctrl+D', async (keys, expected) => {
    const events: string[] = [];
    const ended = new Promise<void>((resolve) => {
      const write = async (bytes: Uint8Array): Promise<void> => {
        events.push(`write ${Buffer.from(bytes)}`);
        if (bytes.includes(4)) resolve();
      };
      const chunks = keys === '' ? [] : [Buffer.from(keys)];
      feedInput(
        Readable.from(chunks, { objectMode: false }),
        { write, endInput: () => events.push('end') },
        { asKeys: true },
      );
    });
    await ended;
    expect(events).toEqual(expected);
  });
});

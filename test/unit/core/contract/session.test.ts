import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { type ApiBridge, connectBridge, exposeApi } from '../../../../core/contract/bridge.ts';
import { connectApi } from '../../../../core/contract/client.ts';
import { call, event, type Response } from '../../../../core/contract/contract.ts';
import { VmError } from '../../../../core/contract/errors.ts';
import { type Channel, Session } from '../../../../core/contract/session.ts';
import { channelPair } from '../../../support/channels.ts';

const api = {
  'vm.stop': call<string>()('Stop', z.object({ vm: z.string() })),
  'vm.get': call<string>()('Get', z.object({ vm: z.string() })),
  'vm.changed': event<string>('Changed'),
} as const;

function connected(): { sessions: Session<typeof api>[]; open: () => Promise<Channel>; cut: () => void } {
  const sessions: Session<typeof api>[] = [];
  let server: Channel | undefined;
  const open = async (): Promise<Channel> => {
    const pair = channelPair();
    server = pair.server;
    sessions.push(
      new Session(pair.server, api, {
        'vm.stop': async ({ vm }) => `${vm} stopped`,
        'vm.get': () => {
          throw new VmError('vm.not-found', 'there is no instance "x"', { vm: 'x' });
        },
      }),
    );
    return pair.client;
  };
  return { sessions, open, cut: () => server?.close() };
}

// The client is typed for the whole API; the session here answers a part of it.
describe('session and client', () => {
  it('answer calls and rebuild errors', async () => {
    const { open } = connected();
    const client = connectApi(open);
    expect(await client.call('vm.stop', { vm: 'a' })).toBe('a stopped');
    const failure = await client.call('vm.get', { vm: 'x' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'VmError', code: 'vm.not-found', details: { vm: 'x' } });
    const malformed = await client.call('vm.stop', { vm: 1 } as never).catch((error: unknown) => error);
    expect(malformed).toMatchObject({ code: 'contract.malformed' });
    const unknown = await client.call('toString' as never, {} as never).catch((error: unknown) => error);
    expect(unknown).toMatchObject({ code: 'contract.unknown-call' });
  });

  it('send only the events that are listened to, also after a new connection', async () => {
    const { open, sessions, cut } = connected();
    const client = connectApi(open);
    const seen: unknown[] = [];
    const stop = client.on('vm.changed', (payload) => seen.push(payload));
    await client.call('vm.stop', { vm: 'a' });
    sessions[0]!.post('vm.changed', 1);
    const states: string[] = [];
    const reopened = new Promise<void>((resolve) => {
      client.onConnection((state) => {
        states.push(state);
        if (state === 'open') resolve();
      });
    });
    await client.call('vm.stop', { vm: 'a' });
    cut();
    await reopened;
    await client.call('vm.stop', { vm: 'a' });
    sessions[1]!.post('vm.changed', 2);
    await client.call('vm.stop', { vm: 'a' });
    stop();
    await client.call('vm.stop', { vm: 'a' });
    sessions[1]!.post('vm.changed', 3);
    await client.call('vm.stop', { vm: 'a' });
    expect([seen, states]).toEqual([
      [1, 2],
      ['lost', 'open'],
    ]);
  });

  it('cut off a client that does not speak the protocol', async () => {
    const { open } = connected();
    const channel = await open();
    const closed = new Promise<void>((resolve) => {
      channel.onClose = resolve;
    });
    channel.send('{"id": "one"}');
    await closed;
  });
});

describe('bridge', () => {
  it('exposes calls and events of the contract and nothing else', async () => {
    const invoked: unknown[] = [];
    const bridge: ApiBridge = exposeApi(api, {
      invoke: async (name, params): Promise<Response> => {
        invoked.push([name, params]);
        return { id: 0, ok: false, error: { code: 'vm.not-found', message: 'none', details: {} } };
      },
      listen: () => () => {},
      sendFrame: () => {},
      onFrame: () => {},
    });
    expect([Object.keys(bridge.calls), Object.keys(bridge.events)]).toEqual([['vm.stop', 'vm.get'], ['vm.changed']]);
    const client = connectBridge(bridge);
    await expect(client.call('vm.get', { vm: 'x' })).rejects.toMatchObject({ code: 'vm.not-found', message: 'none' });
    expect(invoked).toEqual([['vm.get', { vm: 'x' }]]);
  });
});

/** A gateway with a guest of tests' own making: a station on the same thread, whose sockets are these few lines. */
import { Gateway, type Guest } from '../../core/host/net/gateway.ts';
import { WakeLoop } from '../../core/host/net/wake-loop.ts';
import { DEFAULT_NETWORK } from '../../core/net/network.ts';
import { OutsidePolicy } from '../../core/net/policy.ts';
import { Station } from '../../core/net/station.ts';
import type { Stream } from '../../core/net/transport.ts';
import { createWireMemory } from '../../core/net/wire-memory.ts';
import { addressOf, testCard } from './net-pair.ts';

export interface GuestAtGateway {
  readonly gateway: Gateway;
  readonly station: Station;
  readonly guest: Guest;
  /** Connections that have come in, accepted. */
  readonly accepted: Stream[];
  close(): void;
}

export function guestAtGateway(outside: Partial<Pick<Guest, 'outside' | 'hostPorts'>> = {}, host = 2): GuestAtGateway {
  const loop = new WakeLoop();
  const gateway = new Gateway(DEFAULT_NETWORK, loop);
  const address = addressOf(host);
  const station = new Station(
    { cards: [testCard(host)], nameServers: gateway.addresses, searchDomain: 'default' },
    loop.buffer,
  );
  const guest: Guest = {
    wire: 1,
    name: 'web',
    addresses: [address],
    leased: [address],
    outside: new OutsidePolicy('open', [], () => 0),
    hostPorts: new Set(),
    ...outside,
  };
  const wire = { id: 1, buffer: createWireMemory(), wakeWords: loop.buffer, card: 0 };
  gateway.add(guest);
  gateway.station.attach({ ...wire, side: 0, addresses: [address] });
  station.attach({ ...wire, side: 1, addresses: gateway.addresses, isGateway: true });
  const accepted: Stream[] = [];
  station.handlers.connection = (stream) => {
    stream.accept();
    accepted.push(stream);
  };
  const look = (): void => station.poll();
  loop.add(look);
  const close = (): void => {
    loop.remove(look);
    gateway.close();
  };
  return { gateway, station, guest, accepted, close };
}

/** Resolves once a stream has changed so that `holds`. */
export function until(stream: Stream, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!holds()) return;
      stream.onChange = undefined;
      resolve();
    };
    stream.onChange = look;
    look();
  });
}

/** All bytes of a stream up to its end. */
export async function readAll(stream: Stream): Promise<Buffer> {
  const parts: Buffer[] = [];
  const into = Buffer.alloc(1 << 16);
  for (;;) {
    await until(stream, () => stream.available > 0 || stream.isAtEnd || stream.state === 'ended');
    const count = stream.receive(into);
    if (count === 0) return Buffer.concat(parts);
    parts.push(Buffer.from(into.subarray(0, count)));
  }
}

/** Sends all of it, as there is room. */
export async function writeAll(stream: Stream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += stream.send(bytes.subarray(at));
    if (at < bytes.length) await until(stream, () => !stream.wantRoom());
  }
}

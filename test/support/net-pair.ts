/** Stations on one network in one thread, for tests of sockets: wires join them as they do instances, and nobody sleeps. */
import { type Address, v4 } from '../../core/net/address.ts';
import { type CardConfig, Station } from '../../core/net/station.ts';
import type { TransportHandlers } from '../../core/net/transport.ts';
import { createWireMemory } from '../../core/net/wire-memory.ts';

export const addressOf = (host: number): Address => v4(172, 44, 0, host);

export function testCard(host: number): CardConfig {
  return {
    network: 'default',
    hardwareAddress: Uint8Array.of(2, 0x42, 172, 44, 0, host),
    mtu: 1500,
    addresses: [{ address: addressOf(host), prefixLen: 24 }],
    gateways: [addressOf(1)],
  };
}

export interface TestStation {
  readonly station: Station;
  readonly wakeWords: SharedArrayBuffer;
  readonly address: Address;
}

/** `nowMs`: the clock of faults on purpose. */
export function testStation(
  host: number,
  handlers: Partial<TransportHandlers> = {},
  nowMs?: () => number,
): TestStation {
  const wakeWords = new SharedArrayBuffer(64);
  const station = new Station(
    { cards: [testCard(host)], nameServers: [addressOf(1)], searchDomain: 'default' },
    wakeWords,
    nowMs,
  );
  station.handlers = { ...station.handlers, ...handlers };
  return { station, wakeWords, address: addressOf(host) };
}

let nextId = 1;

/** Joins two stations by a wire; returns its number. */
export function plug(a: TestStation, b: TestStation, buffer = createWireMemory()): number {
  const id = nextId++;
  a.station.attach({ id, buffer, side: 0, wakeWords: b.wakeWords, card: 0, addresses: [b.address] });
  b.station.attach({ id, buffer, side: 1, wakeWords: a.wakeWords, card: 0, addresses: [a.address] });
  return id;
}

/** Two stations, 172.44.0.2 and 172.44.0.3, with a wire between them. */
export function netPair(
  ofA: Partial<TransportHandlers> = {},
  ofB: Partial<TransportHandlers> = {},
): [TestStation, TestStation] {
  const a = testStation(2, ofA);
  const b = testStation(3, ofB);
  plug(a, b);
  return [a, b];
}

/** Lets all of them look until nobody has news. */
export function settle(...stations: readonly TestStation[]): void {
  for (let round = 0; round < 4; round++) for (const { station } of stations) station.poll();
}

/**
 * UDP between guests and the host's network. Each of a guest's ports that sends beyond its network has a socket of the host
 * while it is used; answers come back from those it has sent to, and from nobody else. Ports that are forwarded send by the
 * forward's socket to its clients.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { type Address, isV4 } from '../../net/address.ts';
import { parseAddress } from '../../net/address-text.ts';
import type { Station } from '../../net/station.ts';
import { type Datagram, type Endpoint, PROTOCOL_UDP } from '../../net/transport.ts';
import type { Guest } from './gateway.ts';

const IDLE_MS = 60_000;
const SWEEP_MS = 10_000;
/** Of one guest; the one that has been idle longest makes room. */
const MAX_SOCKETS = 512;
const MAX_REMOTES = 256;
/** What a socket may hold that the host has not taken yet. */
const MAX_QUEUED = 1 << 18;
const HOPS = 64;

const keyOf = (host: Address, port: number): string => `${port} ${host}`;

interface Mapping {
  readonly wire: number;
  readonly local: Endpoint;
  readonly socket: Socket;
  /** Where it has sent to: the address of the host's socket, and what the guest calls it. */
  readonly remotes: Map<string, Endpoint>;
  usedAtMs: number;
}

export class Nat {
  private readonly station: Station;
  private readonly route: (guest: Guest, to: Endpoint) => { host: string; port: number } | undefined;
  private readonly mappings = new Map<string, Mapping>();
  /** Clients of forwards: where answers of a guest's port to one go, by both. */
  readonly forwards = new Map<string, (bytes: Uint8Array) => void>();
  private readonly sweeper: NodeJS.Timeout;

  constructor(station: Station, route: (guest: Guest, to: Endpoint) => { host: string; port: number } | undefined) {
    this.station = station;
    this.route = route;
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  /** False when it may not go there. */
  send(datagram: Datagram, guest: Guest): boolean {
    const { from, to, bytes, protocol } = datagram;
    const forward = this.forwards.get(forwardKey(from, to));
    if (forward !== undefined) {
      forward(bytes);
      return true;
    }
    const target = protocol === PROTOCOL_UDP ? this.route(guest, to) : undefined;
    if (target === undefined) {
      this.station.refuse(datagram, this.station.isLocal(to.host) ? 'refused' : 'prohibited');
      return true;
    }
    const mapping = this.mappingOf(datagram);
    mapping.usedAtMs = performance.now();
    remember(mapping.remotes, `${target.port} ${target.host}`, to);
    // The socket keeps what it is given until the host has taken it, and the ring is used again before that.
    if (mapping.socket.getSendQueueSize() < MAX_QUEUED) mapping.socket.send(bytes.slice(), target.port, target.host);
    return true;
  }

  private mappingOf({ from, to, wire }: Datagram): Mapping {
    const key = `${wire} ${keyOf(from.host, from.port)} ${isV4(to.host) ? 4 : 6}`;
    const known = this.mappings.get(key);
    if (known !== undefined) {
      // The map's order is that of use.
      this.mappings.delete(key);
      this.mappings.set(key, known);
      return known;
    }
    this.makeRoom(wire);
    const socket = createSocket(isV4(to.host) ? 'udp4' : 'udp6');
    const mapping = { wire, local: from, socket, remotes: new Map(), usedAtMs: performance.now() };
    this.mappings.set(key, mapping);
    socket.on('message', (bytes, info) => this.receive(mapping, bytes, info));
    socket.on('error', () => this.drop(key));
    socket.unref();
    return mapping;
  }

  private receive({ local, remotes }: Mapping, bytes: Uint8Array, { address, port }: RemoteInfo): void {
    const from = remotes.get(`${port} ${address}`);
    if (from === undefined) return;
    this.station.send({ protocol: PROTOCOL_UDP, from, to: local, bytes, hops: HOPS, trafficClass: 0 });
  }

  private makeRoom(wire: number): void {
    const own = [...this.mappings].filter(([, mapping]) => mapping.wire === wire);
    if (own.length >= MAX_SOCKETS) this.drop(own[0]![0]);
  }

  private drop(key: string): void {
    const mapping = this.mappings.get(key);
    if (mapping === undefined) return;
    this.mappings.delete(key);
    mapping.socket.close();
  }

  private sweep(): void {
    const oldestMs = performance.now() - IDLE_MS;
    for (const [key, { usedAtMs }] of this.mappings) if (usedAtMs < oldestMs) this.drop(key);
  }

  /** The guest is gone. */
  forget(wire: number): void {
    for (const [key, mapping] of this.mappings) if (mapping.wire === wire) this.drop(key);
  }

  close(): void {
    clearInterval(this.sweeper);
    for (const key of [...this.mappings.keys()]) this.drop(key);
  }
}

/** Adds the newest behind the others and forgets the oldest. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_REMOTES) map.delete(map.keys().next().value!);
}

export const forwardKey = (guest: Endpoint, client: Endpoint): string =>
  `${keyOf(guest.host, guest.port)} ${keyOf(client.host, client.port)}`;

export const endpointOf = ({ address, port }: { address: string; port: number }): Endpoint => ({
  host: parseAddress(address.replace(/%.*/, ''))!,
  port,
});

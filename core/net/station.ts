/**
 * A station: a machine's place on its networks, and the transport that its sockets see. It has a card for each network and a
 * wire to every other station there; one of them, the gateway, takes what goes beyond the network.
 *
 * Its owner (core/host) attaches and detaches wires as machines come and go, and supplies `wakeWords`, the words that others
 * wake its thread by. All else happens in `poll`, on the machine's thread.
 */

import { WAKE, wake } from '../base/wake.ts';
import { type Address, BROADCAST4, isInPrefix, isMulticast, isV4, LOOPBACK4, LOOPBACK6 } from './address.ts';
import type { Tap } from './capture.ts';
import type { DatagramRecord } from './datagram-ring.ts';
import { Delays } from './delays.ts';
import { endedStream } from './ended-stream.ts';
import type { WireFaults } from './fault-plan.ts';
import { echoReply, isEchoRequest } from './icmp.ts';
import { broadcastOf, cardRoutes, findRoute } from './routes.ts';
import { createLoopback, type Link, type LinkAddress, LinkCounters, type Path } from './stack.ts';
import {
  type Datagram,
  type Endpoint,
  faults,
  type OutgoingDatagram,
  PROTOCOL_UDP,
  type Route,
  type Stream,
  type StreamFault,
  type Transport,
  type TransportHandlers,
} from './transport.ts';
import { WireEnd, type WireOwner } from './wire-end.ts';
import type { Side } from './wire-memory.ts';
import type { WireStream } from './wire-stream.ts';

/** A card as its network made it. */
export interface CardConfig {
  /** Name of the network. */
  readonly network: string;
  /** Six bytes. */
  readonly hardwareAddress: Uint8Array;
  readonly mtu: number;
  readonly addresses: readonly LinkAddress[];
  /** Default gateways, at most one of each version. */
  readonly gateways: readonly Address[];
}

export interface StationConfig {
  /** eth0, eth1, ... */
  readonly cards: readonly CardConfig[];
  readonly nameServers: readonly Address[];
  readonly searchDomain: string | undefined;
  /** Takes what is meant for others, too. */
  readonly isRouter?: boolean;
}

/** A wire to another station, as its owner hands it over. */
export interface WireConfig {
  readonly id: number;
  readonly buffer: SharedArrayBuffer;
  readonly side: Side;
  /** Words that wake the other station's thread. */
  readonly wakeWords: SharedArrayBuffer;
  /** Position of the card it is plugged into. */
  readonly card: number;
  /** Addresses that lie at its other end. */
  readonly addresses: readonly Address[];
  /** The gateway is there: it knows the way to machines of the network that no wire leads to. */
  readonly isGateway?: boolean;
}

/** All that a machine's thread needs to make its station. */
export interface StationSetup {
  readonly config: StationConfig;
  readonly wires: readonly WireConfig[];
}

/** Bytes of a TCP segment on an Ethernet, for counting packets. */
const SEGMENT_BYTES = 1448;

class Card implements Link {
  readonly index: number;
  readonly name: string;
  readonly isLoopback = false;
  readonly mtu: number;
  readonly hardwareAddress: Uint8Array;
  readonly network: string;
  addresses: readonly LinkAddress[];
  readonly counters = new LinkCounters();
  /** Wires by the addresses at their other ends. */
  readonly neighbours = new Map<Address, WireEnd>();
  readonly wires = new Set<WireEnd>();
  gateway: WireEnd | undefined = undefined;
  /** Who is told of what passes. */
  tap: Tap | undefined = undefined;

  constructor(config: CardConfig, position: number) {
    this.index = position + 2;
    this.name = `eth${position}`;
    this.mtu = config.mtu;
    this.hardwareAddress = config.hardwareAddress;
    this.network = config.network;
    this.addresses = config.addresses;
  }

  readonly lost = (): void => {
    this.counters.droppedPackets++;
  };
  readonly count = (sentBytes: number, receivedBytes: number): void => {
    const { counters } = this;
    if (sentBytes > 0) {
      counters.sentBytes += sentBytes;
      counters.sentPackets += Math.ceil(sentBytes / SEGMENT_BYTES);
    }
    if (receivedBytes > 0) {
      counters.receivedBytes += receivedBytes;
      counters.receivedPackets += Math.ceil(receivedBytes / SEGMENT_BYTES);
    }
  };
}

const wallMs = (): number => performance.timeOrigin + performance.now();

const nobody: TransportHandlers = {
  connection: (stream) => stream.refuse(),
  datagram: () => false,
  undeliverable() {},
  changed() {},
};

export class Station implements Transport {
  readonly loopback = createLoopback();
  readonly cards: readonly Card[];
  readonly links: readonly Link[];
  readonly nameServers: readonly Address[];
  readonly searchDomain: string | undefined;
  routes: readonly Route[];
  handlers: TransportHandlers = nobody;
  /** Called when the machine has given itself other addresses. */
  onAddresses: (card: number, addresses: readonly LinkAddress[]) => void = () => {};
  private readonly wires = new Map<number, WireEnd>();
  private readonly isRouter: boolean;
  /**
   * The owner calls `poll` before its thread sleeps and every few milliseconds: small pieces of data may wait for that, so
   * that one wake-up of the other side does for many.
   */
  pollsOften = false;
  /** Wires whose other sides are to be woken before this thread sleeps. */
  private readonly late: WireEnd[] = [];
  private readonly delays: Delays;
  private readonly wakeWords: Int32Array;
  private seenWake: number;

  /** `nowMs`: a clock that all threads of the process share. */
  constructor(config: StationConfig, wakeWords: SharedArrayBuffer, nowMs = wallMs) {
    this.delays = new Delays(nowMs);
    this.cards = config.cards.map((card, i) => new Card(card, i));
    this.links = [this.loopback, ...this.cards];
    this.routes = this.cards.flatMap((card, i) => cardRoutes(card, config.cards[i]!.gateways));
    this.nameServers = config.nameServers;
    this.searchDomain = config.searchDomain;
    this.isRouter = config.isRouter ?? false;
    this.wakeWords = new Int32Array(wakeWords);
    this.seenWake = Atomics.load(this.wakeWords, WAKE);
  }

  // Wires

  attach(config: WireConfig): void {
    const card = this.cards[config.card]!;
    const words = new Int32Array(config.wakeWords);
    const owner: WireOwner = {
      asked: (stream) => this.asked(stream),
      received: (record, end) => this.received(record, end, card),
      left: () => this.detach(config.id),
      wakeSelf: () => wake(this.wakeWords),
      count: card.count,
      wakeLater: (late) => this.wakeLater(late),
      lost: card.lost,
      delays: this.delays,
      get tap() {
        return card.tap;
      },
    };
    const end = new WireEnd(config.id, config.buffer, config.side, owner, () => wake(words));
    this.wires.set(config.id, end);
    card.wires.add(end);
    if (config.isGateway) card.gateway = end;
    for (const address of config.addresses) card.neighbours.set(address, end);
    // The other side may have begun already.
    wake(this.wakeWords);
  }

  /** The station at the other end of a wire has other addresses now. */
  readdress(id: number, addresses: readonly Address[]): void {
    const end = this.wires.get(id);
    if (end === undefined) return;
    const card = this.cards.find(({ wires }) => wires.has(end))!;
    for (const [address, wire] of card.neighbours) if (wire === end) card.neighbours.delete(address);
    for (const address of addresses) card.neighbours.set(address, end);
  }

  /** The station at the other end is gone: its connections are reset. */
  detach(id: number): void {
    const end = this.wires.get(id);
    if (end === undefined) return;
    this.wires.delete(id);
    for (const { wires, neighbours } of this.cards) {
      wires.delete(end);
      for (const [address, wire] of neighbours) if (wire === end) neighbours.delete(address);
    }
    end.lost();
  }

  /** Imposes faults on what comes in: on all wires those given, on others none. */
  impair(faults: readonly WireFaults[]): void {
    for (const [id, end] of this.wires) end.impair(faults.find(({ wire }) => wire === id)?.stages ?? []);
    wake(this.wakeWords);
  }
  /** How long the station's thread may sleep before `poll` has something to do: Infinity when nothing waits for its time. */
  get dueInMs(): number {
    const { nextMs } = this.delays;
    return nextMs === Number.POSITIVE_INFINITY ? nextMs : Math.max(0, nextMs - this.delays.nowMs());
  }

  /** The machine ends: so does all that is open. */
  leave(): void {
    for (const end of this.wires.values()) end.leave();
  }

  networkOf(card: Link): string | undefined {
    return this.cards.find((own) => own === card)?.network;
  }

  poll(): void {
    this.flush();
    this.delays.runDue();
    const now = Atomics.load(this.wakeWords, WAKE);
    if (now === this.seenWake) return;
    this.seenWake = now;
    for (const end of [...this.wires.values()]) {
      end.hear();
      // The rest has its turn at the next look, which must not sleep before.
      if (end.hasNews) wake(this.wakeWords);
    }
  }

  private wakeLater(end: WireEnd): void {
    if (this.pollsOften) this.late.push(end);
    else end.flush();
  }
  /** Wakes those that have news of this machine and were to be woken soon. */
  flush(): void {
    if (this.late.length === 0) return;
    for (const end of this.late) end.flush();
    this.late.length = 0;
  }

  private asked(stream: WireStream): void {
    if (this.isRouter || this.isLocal(stream.local.host)) this.handlers.connection(stream);
    else stream.refuse('host-unreachable');
  }

  private received(record: DatagramRecord, end: WireEnd, card: Card): void {
    const { kind, protocol, from, to, bytes } = record;
    card.count(0, bytes.length);
    if (kind !== 0) {
      this.handlers.undeliverable(protocol, from, to, faults[kind - 1]!);
      return;
    }
    const isOurs = this.isLocal(to.host);
    if (protocol !== PROTOCOL_UDP && isOurs && isEchoRequest(protocol, bytes)) {
      end.send({ ...record, from: to, to: from, bytes: echoReply(protocol, bytes) });
      return;
    }
    const isTaken = this.handlers.datagram({ ...record, card, wire: end.id });
    if (!isTaken && protocol === PROTOCOL_UDP && isOurs) end.send(returned(record, 'refused'));
  }

  /** Tells the sender of a datagram, which is at the other end of one of the wires, that it went nowhere. */
  returnTo(datagram: OutgoingDatagram, fault: StreamFault): void {
    const way = this.wireTo(datagram.from.host);
    if (typeof way !== 'string') way.end.send(returned(datagram, fault));
  }

  /** Tells the sender of a datagram that it went nowhere. */
  refuse(datagram: Datagram, fault: StreamFault): void {
    this.wires.get(datagram.wire)?.send(returned(datagram, fault));
  }

  // Addresses and routes

  isLocal(address: Address): boolean {
    for (const { addresses } of this.cards) for (const own of addresses) if (own.address === address) return true;
    return address === LOOPBACK6 || isInPrefix(address, LOOPBACK4, 8);
  }

  isBroadcast(address: Address): boolean {
    if (address === BROADCAST4) return true;
    return this.links.some(({ addresses }) => addresses.some((own) => broadcastOf(own) === address));
  }

  pathTo(destination: Address): Path | undefined {
    if (this.isLocal(destination)) return { link: this.loopback, source: destination };
    const link = this.linkFor(destination);
    const source = link && this.sourceOf(link, destination);
    return link && source !== undefined ? { link, source } : undefined;
  }

  private linkFor(destination: Address): Link | undefined {
    const route = findRoute(this.routes, destination);
    if (route !== undefined || !(this.isBroadcast(destination) || isMulticast(destination))) return route?.link;
    return this.cards.find((card) => this.sourceOf(card, destination) !== undefined);
  }

  /** The address of a link in the prefix of the destination, else its first of that version. */
  private sourceOf({ addresses }: Link, destination: Address): Address | undefined {
    const alike = addresses.filter(({ address }) => isV4(address) === isV4(destination));
    const near = alike.find(({ address, prefixLen }) => isInPrefix(destination, address, prefixLen));
    return (near ?? alike[0])?.address;
  }

  setAddresses(card: Link, addresses: readonly LinkAddress[]): void {
    const own = this.cards.find((one) => one === card);
    if (own === undefined) return;
    own.addresses = addresses;
    const others = this.routes.filter(({ link, gateway }) => link !== own || gateway !== undefined);
    this.routes = [...others, ...cardRoutes(own, [])];
    this.onAddresses(own.index - 2, addresses);
  }
  setRoutes(routes: readonly Route[]): void {
    this.routes = routes;
  }

  /** The wire that leads to a destination, or why there is none. */
  private wireTo(destination: Address): { end: WireEnd; card: Card } | StreamFault {
    const route = findRoute(this.routes, destination);
    const card = this.cards.find((one) => one === route?.link);
    if (card === undefined) return 'network-unreachable';
    const end = card.neighbours.get(route!.gateway ?? destination) ?? card.gateway;
    return end === undefined ? 'host-unreachable' : { end, card };
  }

  // Traffic

  connect(local: Endpoint, remote: Endpoint): Stream {
    const way = this.wireTo(remote.host);
    if (typeof way === 'string') return endedStream(local, remote, way);
    return way.end.connect(local, remote) ?? endedStream(local, remote, 'busy');
  }

  send(datagram: OutgoingDatagram): StreamFault | undefined {
    const { to, from } = datagram;
    if (this.isBroadcast(to.host) || isMulticast(to.host)) {
      const card = this.cards.find(({ addresses }) => addresses.some(({ address }) => address === from.host));
      return this.spread(datagram, card ?? this.cardFor(to.host));
    }
    const way = this.wireTo(to.host);
    if (typeof way === 'string') return way;
    way.card.count(datagram.bytes.length, 0);
    if (!way.end.send({ ...datagram, kind: 0 })) way.card.lost();
    return undefined;
  }

  /** Sends over one wire, whatever the destination is. */
  sendOver(wire: number, card: Link, datagram: OutgoingDatagram): void {
    card.counters.sentPackets++;
    card.counters.sentBytes += datagram.bytes.length;
    this.wires.get(wire)?.send({ ...datagram, kind: 0 });
  }

  private cardFor(destination: Address): Card | undefined {
    const link = this.linkFor(destination);
    return this.cards.find((card) => card === link) ?? this.cards[0];
  }

  private spread(datagram: OutgoingDatagram, card: Card | undefined): StreamFault | undefined {
    if (card === undefined) return 'network-unreachable';
    card.count(datagram.bytes.length, 0);
    for (const end of card.wires) if (!end.send({ ...datagram, kind: 0 })) card.lost();
    return undefined;
  }

  /** Open streams, for tables of connections. */
  *streams(): Generator<WireStream> {
    for (const end of this.wires.values())
      for (const stream of end.streams.values()) if (!stream.isReleased) yield stream;
  }
  /** Bytes that others have yet to take. */
  get unsent(): number {
    let sum = 0;
    for (const end of this.wires.values()) sum += end.unsent;
    return sum;
  }
}

/** A datagram on its way back, as the news that it was not delivered. */
const returned = (datagram: Omit<DatagramRecord, 'kind'>, fault: StreamFault): DatagramRecord => ({
  ...datagram,
  kind: faults.indexOf(fault) + 1,
  bytes: datagram.bytes.subarray(0, 8),
});

/**
 * The gateway of a virtual network: a station at the network's first address, on a thread of Node's. It takes what guests
 * send beyond their network out through sockets of the host, brings in what comes to forwarded ports, and answers DNS, DHCP and pings.
 */
import { getServers } from 'node:dns';
import { connect as connectSocket, isIPv4 } from 'node:net';
import { setTimeout as setTimer } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import { type Address, BROADCAST4, isMulticast, isV4 } from '../../net/address.ts';
import { formatAddress } from '../../net/address-text.ts';
import type { DatagramRecord } from '../../net/datagram-ring.ts';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, dhcpAnswer } from '../../net/dhcp.ts';
import { cardOn, gatewaysOf, type NetworkConfig, prefixLenIn } from '../../net/network.ts';
import type { OutsidePolicy } from '../../net/policy.ts';
import { Station } from '../../net/station.ts';
import { type Datagram, type Endpoint, faults, PROTOCOL_UDP, type Stream } from '../../net/transport.ts';
import type { WireStream } from '../../net/wire-stream.ts';
import { Door, type Neighbour } from './door.ts';
import { DNS_PORT, NameServer } from './name-server.ts';
import { Nat } from './nat.ts';
import { OwnAddresses } from './own-addresses.ts';
import { SocketPump } from './socket-pump.ts';
import type { WakeLoop } from './wake-loop.ts';

/** How long a client may take to fetch what a guest that has ended had sent it. */
const DRAIN_MS = 10_000;

/** A guest at the other end of one of the gateway's wires. */
export interface Guest {
  readonly wire: number;
  readonly name: string;
  /** Its addresses on this network; they can change. */
  addresses: readonly Address[];
  /** What the network gave it. */
  readonly leased: readonly Address[];
  readonly outside: OutsidePolicy;
  /** Ports of the host's loopback that it may use, at the gateway's address. */
  readonly hostPorts: ReadonlySet<number>;
}

export interface Neighbours {
  at(address: Address): Neighbour | undefined;
  all(): readonly Neighbour[];
}

/** A service of the gateway itself: takes datagrams to its address. */
export type DatagramService = (datagram: Datagram, guest: Guest) => void;

export class Gateway {
  readonly network: NetworkConfig;
  readonly addresses: readonly Address[];
  readonly station: Station;
  readonly guests = new Map<number, Guest>();
  /** Services by UDP port. */
  readonly services = new Map<number, DatagramService>();
  private readonly own = new OwnAddresses();
  private readonly names = new NameServer(this);
  /** Machines of the network in other processes. */
  neighbours: Neighbours = { at: () => undefined, all: () => [] };
  private door: Door | undefined;
  private readonly pumps = new Map<number, Set<SocketPump>>();
  /** UDP beyond the network. */
  readonly natPort: Nat;
  private readonly loop: WakeLoop;
  private readonly look = (): void => {
    this.station.poll();
    clearTimeout(this.dueTimer);
    const { dueInMs } = this.station;
    // Packets that faults hold back have a time of their own.
    if (dueInMs !== Number.POSITIVE_INFINITY) this.dueTimer = setTimer(this.look, dueInMs);
  };
  private dueTimer: NodeJS.Timeout | undefined;

  constructor(network: NetworkConfig, loop: WakeLoop) {
    this.network = network;
    this.loop = loop;
    this.addresses = gatewaysOf(network);
    const card = cardOn(network, this.addresses);
    this.station = new Station(
      { cards: [{ ...card, gateways: [] }], nameServers: [], searchDomain: undefined, isRouter: true },
      loop.buffer,
    );
    this.natPort = new Nat(this.station, (guest, to) => this.socketAddress(guest, to));
    this.station.handlers = {
      connection: (stream) => this.outgoing(stream as WireStream),
      datagram: (datagram) => this.datagram(datagram),
      // UDP clients of the host are not told: their sockets are not connected.
      undeliverable: (protocol, from, to, fault) => {
        const neighbour = this.neighbours.at(from.host);
        if (neighbour === undefined) return;
        const kind = faults.indexOf(fault) + 1;
        this.door?.send({ kind, protocol, from, to, bytes: new Uint8Array(0), hops: 0, trafficClass: 0 }, neighbour);
      },
      changed() {},
    };
    this.services.set(DNS_PORT, this.names.datagram);
    this.services.set(DHCP_SERVER_PORT, (datagram, guest) => this.lease(datagram, guest));
    loop.add(this.look);
  }

  /** An address of the network that no guest of this process has. */
  private isInside(host: Address): boolean {
    return prefixLenIn(this.network, host) !== undefined && !this.addresses.includes(host);
  }

  /** Opens the door for machines of the network in other processes. */
  async openDoor(): Promise<Door> {
    this.door = await Door.open({
      enter: (from, to) => this.station.connect(from, to),
      arrived: (record) => this.arrived(record),
      pump: (stream) => this.pump(stream),
    });
    return this.door;
  }

  private arrived(record: DatagramRecord): void {
    const fault = faults[record.kind - 1];
    if (fault === undefined) this.station.send(record);
    else this.station.returnTo(record, fault);
  }

  add(guest: Guest): void {
    this.guests.set(guest.wire, guest);
    this.pumps.set(guest.wire, new Set());
  }

  /** Resolves once what the guest had sent is with the host's sockets, or nobody takes it. `isAbrupt`: it is dropped. */
  async remove(wire: number, isAbrupt: boolean): Promise<void> {
    const guest = this.guests.get(wire);
    if (guest === undefined) return;
    this.guests.delete(wire);
    this.station.detach(wire);
    this.natPort.forget(wire);
    const pumps = this.pumps.get(wire)!;
    this.pumps.delete(wire);
    for (const pump of pumps) if (isAbrupt) pump.abort();
    await Promise.race([
      Promise.all([...pumps].map((pump) => pump.over)),
      setTimeout(DRAIN_MS, undefined, { ref: false }),
    ]);
    for (const pump of pumps) pump.abort();
  }

  close(): void {
    this.loop.remove(this.look);
    clearTimeout(this.dueTimer);
    this.door?.close();
    this.natPort.close();
    for (const pumps of this.pumps.values()) for (const pump of pumps) pump.abort();
  }

  /** A pump for a stream of a guest's, kept until it is over. */
  pump(stream: WireStream): SocketPump {
    const pumps = this.pumps.get(stream.place.id);
    const pump = new SocketPump(stream);
    pumps?.add(pump);
    void pump.over.then(() => pumps?.delete(pump));
    return pump;
  }

  /** Where the host's sockets go for a guest's destination; undefined when it may not go there. */
  private socketAddress(guest: Guest, to: Endpoint): { host: string; port: number } | undefined {
    if (this.addresses.includes(to.host)) {
      return guest.hostPorts.has(to.port) ? { host: isV4(to.host) ? '127.0.0.1' : '::1', port: to.port } : undefined;
    }
    if (this.network.isIsolated || this.own.isClosed(to.host) || !guest.outside.allows(to.host, to.port))
      return undefined;
    return { host: formatAddress(to.host), port: to.port };
  }

  private outgoing(stream: WireStream): void {
    const guest = this.guests.get(stream.place.id);
    if (guest !== undefined && this.isNameServer(stream.local)) {
      this.names.stream(stream, guest);
      return;
    }
    if (this.isInside(stream.local.host)) {
      const neighbour = this.neighbours.at(stream.local.host);
      if (neighbour === undefined || this.door === undefined) stream.refuse('host-unreachable');
      else this.door.connect(stream, neighbour);
      return;
    }
    const target = guest && this.socketAddress(guest, stream.local);
    if (target === undefined) {
      // The gateway is a machine where nobody listens; elsewhere it is the network that says no.
      stream.refuse(this.addresses.includes(stream.local.host) ? 'refused' : 'prohibited');
      return;
    }
    const pump = this.pump(stream);
    const family = isIPv4(target.host) ? 4 : 6;
    const socket = connectSocket({ ...target, family, allowHalfOpen: true, onread: pump.onread });
    pump.await(socket);
  }

  private datagram(datagram: Datagram): boolean {
    const guest = this.guests.get(datagram.wire);
    if (guest === undefined) return true;
    const { host } = datagram.to;
    const isForUs = this.addresses.includes(host) || this.station.isBroadcast(host) || this.isNameServer(datagram.to);
    const service = isForUs && datagram.protocol === PROTOCOL_UDP ? this.services.get(datagram.to.port) : undefined;
    if (service !== undefined) {
      service(datagram, guest);
      return true;
    }
    const isForAll = this.station.isBroadcast(host) || isMulticast(host);
    if (isForAll || this.isInside(host)) {
      for (const neighbour of isForAll ? this.neighbours.all() : [this.neighbours.at(host)]) {
        if (neighbour !== undefined) this.door?.send({ ...datagram, kind: 0 }, neighbour);
        else this.station.refuse(datagram, 'host-unreachable');
      }
      return true;
    }
    return this.natPort.send(datagram, guest);
  }

  /** The gateway answers for the host's name servers, too: a guest with the host's /etc finds its neighbours like that. */
  private isNameServer({ host, port }: Endpoint): boolean {
    return port === DNS_PORT && (this.addresses.includes(host) || getServers().includes(formatAddress(host)));
  }

  /** Answers a guest that asks for an address by DHCP: it has one already, and is told that. */
  private lease({ bytes, to, card }: Datagram, guest: Guest): void {
    const address = guest.leased.find(isV4);
    const server = this.addresses.find(isV4);
    if (address === undefined || server === undefined) return;
    const { name, v4, isIsolated } = this.network;
    const router = isIsolated ? undefined : server;
    const answer = dhcpAnswer(bytes, { address, prefixLen: v4.prefixLen, server, router, domain: name });
    if (answer === undefined) return;
    const from = { host: server, port: to.port };
    const client = { host: BROADCAST4, port: DHCP_CLIENT_PORT };
    this.station.sendOver(guest.wire, card, {
      protocol: PROTOCOL_UDP,
      from,
      to: client,
      bytes: answer,
      hops: 64,
      trafficClass: 0,
    });
  }

  /** A connection to a guest's port, on behalf of a client of the host's. */
  connect(client: Endpoint, to: Endpoint): Stream {
    return this.station.connect(this.visible(client), to);
  }

  /** The client as the guest sees it: its own address, unless that means another computer inside the guest. */
  visible({ host, port }: Endpoint): Endpoint {
    const isConfusing = this.own.isOwn(host) || this.network.isIsolated;
    if (!isConfusing && isV4(host)) return { host, port };
    return { host: this.addresses[0]!, port };
  }
}

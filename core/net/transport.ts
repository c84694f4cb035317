/**
 * The way from a machine's sockets to the world outside it. The guest's socket library owns port numbers, listeners and what
 * programs see; a transport carries connections, datagrams and ICMP messages to addresses that are not the machine's own.
 *
 * Everything here is synchronous and on the machine's thread. What comes from outside is noticed in `poll` only: it calls the
 * handlers of the transport and of the streams, which must not run guest code but may call back into the transport. Bytes of
 * a stream can be taken at any time, before `poll` has told of them or not. `wake` of the machine's idle sleep is the
 * transport's business: whatever `poll` would tell ends the sleep.
 */
import type { Address } from './address.ts';
import type { Link, LinkAddress, NetworkStack } from './stack.ts';

export interface Endpoint {
  readonly host: Address;
  readonly port: number;
}

/** Protocol numbers, IANA. */
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_ICMP6 = 58;
export type DatagramProtocol = typeof PROTOCOL_ICMP | typeof PROTOCOL_UDP | typeof PROTOCOL_ICMP6;

/**
 * Why a stream ended, or never began:
 * `refused` nobody listens there · `reset` by the peer · `timeout` no answer · `host-unreachable` nobody has the address ·
 * `network-unreachable` no route · `prohibited` by the network's policy · `busy` no room for another connection.
 */
export const faults = [
  'refused',
  'reset',
  'timeout',
  'host-unreachable',
  'network-unreachable',
  'prohibited',
  'busy',
] as const;
export type StreamFault = (typeof faults)[number];

/**
 * `asking`: a connection from outside that waits for `accept` or `refuse` · `connecting`: one of ours that waits for the
 * other side's answer · `open` · `ended`: by a fault, or closed on this side.
 */
export type StreamState = 'asking' | 'connecting' | 'open' | 'ended';

/** One TCP connection, seen from one of its ends. */
export interface Stream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly state: StreamState;
  readonly fault: StreamFault | undefined;
  /** Called from `poll` when state, fault, input, the peer's end or room for output may have changed. */
  onChange: (() => void) | undefined;

  /** Takes a connection that is `asking`. */
  accept(): void;
  /** Answers one that is `asking` with a reset. */
  refuse(): void;

  /** Bytes sent, and come, since the beginning. */
  readonly sentBytes: number;
  readonly receivedBytes: number;

  /** Bytes that `receive` gives now. */
  readonly available: number;
  /** Takes up to `into.length` bytes; returns how many. Bytes that came before a reset stay readable. */
  receive(into: Uint8Array): number;
  /** The same, but leaves them in; `skip` bytes from the front are passed over. */
  peek(into: Uint8Array, skip?: number): number;
  /** True when the peer has sent its end (FIN), be there bytes before it or not. */
  readonly hasPeerEnded: boolean;
  /** The same, and everything before it is taken. */
  readonly isAtEnd: boolean;

  /** Bytes that `send` takes now. */
  readonly room: number;
  /** What `room` is when all has been taken by the peer. */
  readonly capacity: number;
  /** Bytes sent that the peer has not taken. */
  readonly unsent: number;
  /** Sends as much as there is room for; returns how many bytes that was. To an `ended` stream or after `shutdown`: 0. */
  send(bytes: Uint8Array): number;
  /** Asks for `onChange` when at least a third of the capacity is free; false when it is so already. */
  wantRoom(): boolean;
  /** No more bytes from here (FIN); the peer sees the end behind what was sent. */
  shutdown(): void;
  /**
   * This side lets go: as `shutdown`, and nobody reads any more, so bytes that still come bring the peer a reset. What was
   * sent reaches the peer. No `onChange` after it.
   */
  close(): void;
  /** Ends the connection abruptly; the peer sees a reset, bytes on their way to it may be lost. No `onChange` after it. */
  reset(): void;
}

/** A UDP datagram, or an ICMP message (type, code, checksum, rest of RFC 792; its ports are 0). */
export interface Datagram {
  readonly protocol: DatagramProtocol;
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** Valid during the call that it is given to. */
  readonly bytes: Uint8Array;
  readonly hops: number;
  readonly trafficClass: number;
  /** Card that it came in on. */
  readonly card: Link;
  /** Number of the wire that it came over. */
  readonly wire: number;
}

export type OutgoingDatagram = Omit<Datagram, 'card' | 'wire'>;

export interface TransportHandlers {
  /** A connection is `asking`. The library may leave it so while a listener's queue is full; the peer times out at last. */
  connection(stream: Stream): void;
  /** False when nobody has the port: the sender is told (port unreachable). */
  datagram(datagram: Datagram): boolean;
  /** A datagram sent from `local` did not arrive. */
  undeliverable(protocol: DatagramProtocol, local: Endpoint, remote: Endpoint, fault: StreamFault): void;
  /** Addresses, routes or links have changed from outside. */
  changed(): void;
}

/** A row of the routing table. */
export interface Route {
  readonly destination: Address;
  readonly prefixLen: number;
  /** Undefined: on the link itself. */
  readonly gateway: Address | undefined;
  readonly link: Link;
}

export interface Transport extends NetworkStack {
  readonly routes: readonly Route[];
  /** For /etc/resolv.conf and DHCP. */
  readonly nameServers: readonly Address[];
  readonly searchDomain: string | undefined;

  /** Name of the network that a card is on. */
  networkOf(card: Link): string | undefined;

  /** Set once, before the first `poll`. */
  handlers: TransportHandlers;
  /** Looks for news and tells the handlers. Costs one load from memory when there is none. */
  poll(): void;

  /** Replaces the addresses of a card (an ioctl, netlink, kernel parameters): the network learns the new ones. */
  setAddresses(card: Link, addresses: readonly LinkAddress[]): void;
  setRoutes(routes: readonly Route[]): void;

  /**
   * Opens a connection. Never throws: what fails at once gives a stream that is `ended` with its fault. `local.host` is an
   * address of this machine.
   */
  connect(local: Endpoint, remote: Endpoint): Stream;
  /**
   * Sends a datagram, to one address or all of a broadcast or multicast one. Undefined when it is on its way (which is no
   * promise that it arrives: one that finds no room is lost, as on a network).
   */
  send(datagram: OutgoingDatagram): StreamFault | undefined;
}

/** What a machine tells of its networking: plain data, as it crosses threads and processes. Addresses are written out. */

/** Kinds of sockets, named as in ss(8). */
export type SocketKind = 'tcp' | 'udp' | 'icmp' | 'raw';

/** States of tcp(7); others than TCP are `unconnected` or `established`. */
export type SocketState =
  | 'listen'
  | 'connecting'
  | 'established'
  | 'close-wait'
  | 'last-ack'
  | 'fin-wait'
  | 'unconnected';

/** A row of the connection table: a socket of the guest. */
export interface ConnectionFigures {
  kind: SocketKind;
  state: SocketState;
  /** `ADDRESS:PORT`, an IPv6 address in brackets. */
  local: string;
  /** Missing where there is no peer. */
  remote?: string;
  /** Card that its packets use: `eth0`, `lo`. */
  card?: string;
  sentBytes: number;
  receivedBytes: number;
  /** Come, and not taken by the program; of a listening socket: connections that wait for accept(2). */
  waiting: number;
  /** Sent, and not taken by the peer. */
  unsentBytes: number;
  /** Datagrams lost since the socket's buffer was full. */
  dropped: number;
}

/** A network card and what it has carried since the machine started. */
export interface CardFigures {
  name: string;
  /** Missing for the loopback. */
  network?: string;
  hardwareAddress: string;
  mtu: number;
  /** With prefix lengths: `172.44.0.2/24`. */
  addresses: string[];
  receivedBytes: number;
  receivedPackets: number;
  sentBytes: number;
  sentPackets: number;
  /** Packets lost: no room, or a fault on purpose. */
  droppedPackets: number;
}

export interface NetworkFigures {
  cards: CardFigures[];
  connections: ConnectionFigures[];
}

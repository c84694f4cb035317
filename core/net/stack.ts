/**
 * The network as sockets see it: links, their addresses, and the way to a destination. The loopback link carries no
 * packets: sockets of one machine hand their bytes over directly. A virtual switch is another implementation of
 * `NetworkStack`, with links beside the loopback.
 */
import { type Address, BROADCAST4, isInPrefix, LOOPBACK4, LOOPBACK6, v4 } from './address.ts';

export interface LinkAddress {
  readonly address: Address;
  readonly prefixLen: number;
  readonly broadcast?: Address;
}

/** What a link has carried since the machine started. */
export class LinkCounters {
  receivedBytes = 0;
  receivedPackets = 0;
  sentBytes = 0;
  sentPackets = 0;
  /** Lost on the way in or out: no room, or a fault on purpose. */
  droppedPackets = 0;
}

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly isLoopback: boolean;
  readonly mtu: number;
  /** Six bytes. */
  readonly hardwareAddress: Uint8Array;
  readonly addresses: readonly LinkAddress[];
  readonly counters: LinkCounters;
}

/** How to reach a destination. */
export interface Path {
  readonly link: Link;
  /** Address that packets leave from unless the socket has one. */
  readonly source: Address;
}

export interface NetworkStack {
  readonly links: readonly Link[];
  /** True when `address` is one of this machine. */
  isLocal(address: Address): boolean;
  isBroadcast(address: Address): boolean;
  /** Undefined when the network is unreachable. */
  pathTo(destination: Address): Path | undefined;
}

export function createLoopback(): Link {
  return {
    index: 1,
    name: 'lo',
    isLoopback: true,
    mtu: 65536,
    hardwareAddress: new Uint8Array(6),
    addresses: [
      { address: LOOPBACK4, prefixLen: 8 },
      { address: LOOPBACK6, prefixLen: 128 },
    ],
    counters: new LinkCounters(),
  };
}

/** A stack whose machine is on no network: only the loopback link. */
export class LoopbackStack implements NetworkStack {
  readonly loopback: Link = createLoopback();
  readonly links: readonly Link[] = [this.loopback];

  isLocal(address: Address): boolean {
    return this.loopback.addresses.some((own) => isInPrefix(address, own.address, own.prefixLen));
  }

  isBroadcast(address: Address): boolean {
    return address === BROADCAST4 || address === v4(127, 255, 255, 255);
  }

  pathTo(destination: Address): Path | undefined {
    const { loopback } = this;
    const own = loopback.addresses.find(({ address, prefixLen }) => isInPrefix(destination, address, prefixLen));
    return own && { link: loopback, source: own.address };
  }
}

/**
 * What all internet sockets of one machine share: the network, port numbers of each protocol, and the way from a connection
 * that asks to the socket that listens for it. The machine's own addresses never leave it; what does is a transport's.
 */
import { matchAddress, PortTable } from '../../../net/ports.ts';
import { LoopbackStack, type NetworkStack } from '../../../net/stack.ts';
import type { Endpoint, Stream, Transport } from '../../../net/transport.ts';
import { type Kernel, service } from '../../kernel.ts';
import type { PingSocket, RawSocket } from './icmp-socket.ts';
import { LocalStream } from './local-stream.ts';
import { Groups } from './multicast.ts';
import type { TcpSocket } from './tcp-socket.ts';
import type { UdpSocket } from './udp-socket.ts';

export class Network {
  /** The way outside; undefined for a machine on no network. */
  readonly transport: Transport | undefined;
  readonly stack: NetworkStack;
  readonly tcp: PortTable<TcpSocket>;
  readonly udp: PortTable<UdpSocket>;
  readonly udpLite: PortTable<UdpSocket>;
  /** By ICMP identifier. */
  readonly ping: PortTable<PingSocket>;
  readonly raw = new Set<RawSocket>();
  /** What raw sockets bind in: nothing stays in it. */
  readonly rawPorts: PortTable<RawSocket>;
  readonly groups = new Groups();
  /** Called when addresses, routes or links have changed. */
  readonly onChange = new Set<() => void>();
  private readonly listeners = new Map<number, Set<TcpSocket>>();

  constructor(kernel: Kernel) {
    this.transport = kernel.host.transport;
    this.stack = this.transport ?? new LoopbackStack();
    this.tcp = new PortTable<TcpSocket>(randomSeed(kernel));
    this.udp = new PortTable<UdpSocket>(randomSeed(kernel));
    this.udpLite = new PortTable<UdpSocket>(randomSeed(kernel));
    this.ping = new PortTable<PingSocket>(randomSeed(kernel));
    this.rawPorts = new PortTable<RawSocket>(0);
  }

  changed(): void {
    for (const tell of this.onChange) tell();
  }

  listen(socket: TcpSocket): void {
    const { localPort } = socket;
    const others = this.listeners.get(localPort);
    if (others === undefined) this.listeners.set(localPort, new Set([socket]));
    else others.add(socket);
  }
  endListening(socket: TcpSocket): void {
    const { localPort } = socket;
    const all = this.listeners.get(localPort);
    all?.delete(socket);
    if (all?.size === 0) this.listeners.delete(localPort);
  }

  /** A connection that begins; it may be over already. */
  connect(local: Endpoint, remote: Endpoint): Stream {
    const { transport, stack } = this;
    if (transport !== undefined && !stack.isLocal(remote.host)) return transport.connect(local, remote);
    const [client, server] = LocalStream.pair(local, remote, stack.links[0]!.counters);
    this.connection(server);
    return client;
  }

  /** A connection asks for a port of this machine. */
  connection(stream: Stream): void {
    const listener = this.findListener(stream);
    if (listener === undefined) stream.refuse();
    else listener.offer(stream);
  }

  /** The listener with the best matching address; those that share by SO_REUSEPORT take turns by the peer's port. */
  private findListener({ local, remote }: Stream): TcpSocket | undefined {
    let best = 1;
    let found: TcpSocket[] = [];
    for (const socket of this.listeners.get(local.port) ?? []) {
      const match = matchAddress(socket, local.host);
      if (match < best) continue;
      if (match > best) found = [];
      best = match;
      found.push(socket);
    }
    return found[remote.port % found.length];
  }
}

function randomSeed(kernel: Kernel): number {
  const bytes = new Uint8Array(2);
  kernel.host.random(bytes);
  return bytes[0]! | (bytes[1]! << 8);
}

export const networkOf: (kernel: Kernel) => Network = service('lwip', (kernel) => new Network(kernel));

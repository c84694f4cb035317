/**
 * UDP sockets, udp(7), RFC 768, between programs of one machine: a datagram goes straight into the inbox of the socket
 * that has the port. One that finds no room is lost, as on a network.
 */

import { strToBytes } from '../../../base/bytes.ts';
import { type Address, isMulticast, isV4, v4Part } from '../../../net/address.ts';
import { matchAddress, type PortTable } from '../../../net/ports.ts';
import * as e from '../../abi/errno.ts';
import * as n from '../../abi/in.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '../../abi/poll.ts';
import * as s from '../../abi/socket.ts';
import type { Task } from '../../task.ts';
import type { ControlMessage, IncomingMessage, OutgoingMessage } from '../posix-socket/lib.ts';
import { anyHost, destinationOf, type Endpoint, familyOf, parseEndpoint, toSockaddr } from './endpoint.ts';
import { InetSocket } from './inet-socket.ts';

/** What a datagram costs of the receive buffer beside its bytes. */
const DATAGRAM_COST = 768;
/** IPv4's time to live and IPv6's hop limit, as sent. */
const HOPS = 64;

interface Datagram {
  readonly bytes: Uint8Array;
  readonly from: Endpoint;
  /** The address it was sent to. */
  readonly to: Address;
  readonly trafficClass: number;
}

export class UdpSocket extends InetSocket {
  private inbox: Datagram[] = [];
  private usedBytes = 0;
  private isReceiveShut = false;
  private isSendShut = false;

  constructor(task: Task, domain: number, flags: number) {
    super(task, { domain, type: s.SOCK_DGRAM, protocol: n.IPPROTO_UDP }, flags);
  }

  protected get ports(): PortTable<UdpSocket> {
    return this.network.udp;
  }
  protected get mayBind(): boolean {
    return true;
  }
  get tcpState(): number {
    return this.remote === undefined ? n.TCP_CLOSE : n.TCP_ESTABLISHED;
  }
  /** A receiver of multicast or broadcast binds to that address. */
  protected override mayHaveHost(host: Address): boolean {
    return super.mayHaveHost(host) || isMulticast(host) || this.network.stack.isBroadcast(host);
  }

  override connect(_task: Task, address: Uint8Array): number {
    if (address.length < 2) return -e.EINVAL;
    if (familyOf(address) === s.AF_UNSPEC) return this.disconnect();
    const { host, port } = this.parseDestination(address);
    const source = this.sourceFor(host);
    this.ensurePort(e.EAGAIN);
    this.localHost = source;
    this.remote = { host, port };
    return 0;
  }

  private disconnect(): number {
    this.remote = undefined;
    if (!this.isHostBound) this.localHost = anyHost(this.kind.domain);
    if (!this.isPortBound) this.releasePort();
    return 0;
  }

  /** A v6 socket speaks to sockaddr_in too. EINVAL, EAFNOSUPPORT, EACCES, ENETUNREACH. */
  private parseDestination(address: Uint8Array): Endpoint {
    const isPlainV4 = this.kind.domain === s.AF_INET6 && familyOf(address) === s.AF_INET;
    const { host, port } = parseEndpoint(isPlainV4 ? s.AF_INET : this.kind.domain, address);
    const destination = destinationOf(host);
    this.checkVersion(destination);
    return { host: destination, port };
  }

  override send(message: OutgoingMessage): number {
    const { bytes, flags, address } = message;
    if (bytes.length > n.UDP_MAX_V6) return -e.EMSGSIZE;
    if (flags & s.MSG_OOB) return -e.EOPNOTSUPP;
    const target = address === undefined ? this.remote : this.parseDestination(address);
    if (target === undefined) return -e.EDESTADDRREQ;
    if (target.port === 0) return -e.EINVAL;
    if (isV4(target.host) && bytes.length > n.UDP_MAX_V4) return -e.EMSGSIZE;
    if (this.error !== 0) return this.takeError();
    const source = this.sourceFor(target.host);
    if (this.network.stack.isBroadcast(target.host) && !this.options.get(s.SO_BROADCAST)) return -e.EACCES;
    if (this.isSendShut) return -e.EPIPE;
    this.ensurePort(e.EAGAIN);
    this.deliver(target, { host: source, port: this.localPort }, bytes);
    return bytes.length;
  }

  private deliver({ host, port }: Endpoint, from: Endpoint, bytes: Uint8Array): void {
    const { counters } = this.network.stack.links[0]!;
    counters.sentPackets++;
    counters.sentBytes += bytes.length;
    const receivers = this.findReceivers(host, port, from);
    // The answer to a port that nobody has reaches connected sockets only.
    if (receivers.length === 0 && this.remote !== undefined && !this.network.stack.isBroadcast(host)) {
      this.error = e.ECONNREFUSED;
      this.queue.wakeFor(POLLERR | POLLIN | POLLOUT);
    }
    const isV6 = !isV4(host);
    const level = isV6 ? n.IPPROTO_IPV6 : n.IPPROTO_IP;
    const trafficClass = this.protocolOption(level, isV6 ? n.IPV6_TCLASS : n.IP_TOS);
    for (const receiver of receivers) {
      counters.receivedPackets++;
      counters.receivedBytes += bytes.length;
      receiver.put({ bytes: bytes.slice(), from, to: host, trafficClass });
    }
  }

  /** The socket that fits best: its own address before any, connected to the sender before not; all for a broadcast. */
  private findReceivers(host: Address, port: number, from: Endpoint): UdpSocket[] {
    let best = 1;
    let found: UdpSocket[] = [];
    for (const socket of this.ports.at(port)) {
      const score = socket.fit(host, from);
      if (score < best) continue;
      if (score > best) found = [];
      best = score;
      found.push(socket);
    }
    if (found.length < 2 || this.network.stack.isBroadcast(host)) return found;
    // Sharing by SO_REUSEPORT spreads senders; by SO_REUSEADDR the last one bound gets all.
    return [found[0]!.reusesPort ? found[from.port % found.length]! : found.at(-1)!];
  }

  private fit(host: Address, from: Endpoint): number {
    const match = matchAddress(this, host);
    if (match === 0 || this.remote === undefined) return match;
    return this.remote.host === from.host && this.remote.port === from.port ? match + 2 : 0;
  }

  private put(datagram: Datagram): void {
    if (this.usedBytes > 0 && this.usedBytes + datagram.bytes.length + DATAGRAM_COST > this.receiveBuffer) return;
    this.inbox.push(datagram);
    this.usedBytes += datagram.bytes.length + DATAGRAM_COST;
    this.queue.wakeFor(POLLIN);
  }

  override receive(into: Uint8Array, flags: number, message: IncomingMessage): number {
    if (flags & s.MSG_ERRQUEUE) return -e.EAGAIN;
    if (flags & s.MSG_OOB) return -e.EOPNOTSUPP;
    if (this.error !== 0) return this.takeError();
    const next = this.inbox[0];
    if (next === undefined) return this.isReceiveShut ? 0 : -e.EAGAIN;
    const part = next.bytes.subarray(0, into.length);
    into.set(part);
    message.fullLength = next.bytes.length;
    if (part.length < next.bytes.length) message.flags |= s.MSG_TRUNC;
    message.address = toSockaddr(this.kind.domain, next.from);
    message.control = this.controlOf(next);
    if (!(flags & s.MSG_PEEK)) {
      this.inbox.shift();
      this.usedBytes -= next.bytes.length + DATAGRAM_COST;
    }
    return part.length;
  }

  /** What IP_PKTINFO and its like ask to be told. */
  private controlOf({ to, trafficClass }: Datagram): ControlMessage[] {
    const control: ControlMessage[] = [];
    const { index } = this.network.stack.links[0]!;
    const tell = (level: number, option: number, type: number, data: () => Uint8Array): void => {
      if (this.protocolOption(level, option)) control.push({ level, type, data: data() });
    };
    const word = (value: number) => new Uint8Array(Int32Array.of(value).buffer);
    if (isV4(to)) {
      const host = strToBytes(v4Part(to));
      const local = this.network.stack.isBroadcast(to) ? strToBytes(v4Part(this.localHost)) : host;
      tell(n.IPPROTO_IP, n.IP_PKTINFO, n.IP_PKTINFO, () => Uint8Array.of(index, 0, 0, 0, ...local, ...host));
      tell(n.IPPROTO_IP, n.IP_RECVTTL, n.IP_TTL, () => word(HOPS));
      tell(n.IPPROTO_IP, n.IP_RECVTOS, n.IP_TOS, () => Uint8Array.of(trafficClass));
    }
    if (this.kind.domain === s.AF_INET6) {
      const host = strToBytes(to);
      tell(n.IPPROTO_IPV6, n.IPV6_RECVPKTINFO, n.IPV6_PKTINFO, () => Uint8Array.of(...host, index, 0, 0, 0));
      tell(n.IPPROTO_IPV6, n.IPV6_RECVHOPLIMIT, n.IPV6_HOPLIMIT, () => word(HOPS));
      tell(n.IPPROTO_IPV6, n.IPV6_RECVTCLASS, n.IPV6_TCLASS, () => word(trafficClass));
    }
    return control;
  }

  get readableBytes(): number {
    return this.inbox[0]?.bytes.length ?? 0;
  }

  override poll(): number {
    const isOver = this.isReceiveShut && this.isSendShut;
    return (
      POLLOUT |
      (this.error !== 0 ? POLLERR : 0) |
      (this.inbox.length > 0 ? POLLIN : 0) |
      (this.isReceiveShut ? POLLIN | POLLRDHUP : 0) |
      (isOver ? POLLHUP : 0)
    );
  }

  shutdown(how: number): number {
    if (how !== s.SHUT_WR) this.isReceiveShut = true;
    if (how !== s.SHUT_RD) this.isSendShut = true;
    this.queue.wakeFor(POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
    return this.remote === undefined ? -e.ENOTCONN : 0;
  }

  protected override release(): void {
    this.inbox = [];
    this.releasePort();
  }
}

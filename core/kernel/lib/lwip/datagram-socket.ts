/**
 * What sockets that exchange whole messages share (UDP, ICMP, raw IP): the inbox, what IP_PKTINFO and its like tell, the
 * options that shape a message. A message that finds no room is lost, as on a network: memory does not grow with a slow reader.
 */
import { strToBytes } from '../../../base/bytes.ts';
import { type Address, isMulticast, isV4, v4Part } from '../../../net/address.ts';
import type { Link } from '../../../net/stack.ts';
import * as e from '../../abi/errno.ts';
import * as n from '../../abi/in.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '../../abi/poll.ts';
import * as s from '../../abi/socket.ts';
import { type ControlMessage, DEFAULT_BUFFER, type IncomingMessage } from '../posix-socket/lib.ts';
import { anyHost, destinationOf, type Endpoint, familyOf, parseEndpoint, toSockaddr } from './endpoint.ts';
import { InetSocket } from './inet-socket.ts';
import { isMember } from './multicast.ts';

/**
 * Inbox of a socket whose SO_RCVBUF nobody has set. Sender and receiver are threads of the host that take turns of some
 * milliseconds where it is busy: what comes in such a time must find room, or a paced stream loses most of itself.
 */
const UNSET_INBOX_BYTES = 1 << 20;
/** What a message costs of the receive buffer beside its bytes. */
const MESSAGE_COST = 768;

/** A message with all that a receiver can be told of it. */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly from: Endpoint;
  /** Where it was sent to. */
  readonly to: Endpoint;
  /** IPv4's time to live, IPv6's hop limit. */
  readonly hops: number;
  readonly trafficClass: number;
  readonly link: Link;
}

interface Kept extends Packet {
  readonly arrivedNs: bigint;
}

export abstract class DatagramSocket extends InetSocket {
  private inbox: Kept[] = [];
  private usedBytes = 0;
  private dropped = 0;
  private isReceiveShut = false;
  protected isSendShut = false;
  sentBytes = 0;
  receivedBytes = 0;

  protected get mayBind(): boolean {
    return true;
  }
  get tcpState(): number {
    return this.remote === undefined ? n.TCP_CLOSE : n.TCP_ESTABLISHED;
  }
  /** Bytes of the receive buffer in use and messages lost for want of room, as /proc/net/udp shows them. */
  get queueUse(): { readonly usedBytes: number; readonly dropped: number } {
    return { usedBytes: this.usedBytes, dropped: this.dropped };
  }
  /** A receiver of multicast or broadcast binds to that address. */
  protected override mayHaveHost(host: Address): boolean {
    return super.mayHaveHost(host) || isMulticast(host) || this.network.stack.isBroadcast(host);
  }

  /** A v6 socket speaks to sockaddr_in too. EINVAL, EAFNOSUPPORT, EACCES, ENETUNREACH. */
  protected parseDestination(address: Uint8Array): Endpoint {
    const isPlainV4 = this.kind.domain === s.AF_INET6 && familyOf(address) === s.AF_INET;
    const { host, port } = parseEndpoint(isPlainV4 ? s.AF_INET : this.kind.domain, address);
    const destination = destinationOf(host);
    this.checkVersion(destination);
    return { host: destination, port };
  }

  protected disconnect(): number {
    this.remote = undefined;
    if (!this.isHostBound) this.localHost = anyHost(this.kind.domain);
    if (!this.isPortBound) this.releasePort();
    return 0;
  }

  /** True when a packet to `to` is for this socket as far as multicast goes. */
  protected takesGroup(to: Address, link: Link): boolean {
    return !isMulticast(to) || isMember(this, link, to);
  }

  /** What may wait: SO_RCVBUF when a program has set it, else more than Linux's default, as bursts are longer here. */
  private get inboxBytes(): number {
    return this.receiveBuffer === DEFAULT_BUFFER ? UNSET_INBOX_BYTES : this.receiveBuffer;
  }

  /** Keeps a packet; `bytes` are copied. */
  put(packet: Packet): void {
    const cost = packet.bytes.length + MESSAGE_COST;
    if (this.isReceiveShut) return;
    this.receivedBytes += packet.bytes.length;
    if (this.usedBytes > 0 && this.usedBytes + cost > this.inboxBytes) {
      this.dropped++;
      return;
    }
    this.inbox.push({ ...packet, bytes: packet.bytes.slice(), arrivedNs: this.kernel.realtimeNs() });
    this.usedBytes += cost;
    this.queue.wakeFor(POLLIN);
  }

  /** A message that was sent did not arrive. */
  fail(errno: number): void {
    this.error = errno;
    this.queue.wakeFor(POLLERR | POLLIN | POLLOUT);
  }

  override receive(into: Uint8Array, flags: number, message: IncomingMessage): number {
    if (flags & s.MSG_ERRQUEUE) return -e.EAGAIN;
    if (flags & s.MSG_OOB) return -e.EOPNOTSUPP;
    if (this.error !== 0) return this.takeError();
    const next = this.inbox[0];
    if (next === undefined) return this.isReceiveShut ? 0 : -e.EAGAIN;
    const part = next.bytes.length > into.length ? next.bytes.subarray(0, into.length) : next.bytes;
    into.set(part);
    message.fullLength = next.bytes.length;
    if (part.length < next.bytes.length) message.flags |= s.MSG_TRUNC;
    message.address = toSockaddr(this.kind.domain, next.from, next.link);
    message.timestampNs = next.arrivedNs;
    message.control = this.hasOptions ? this.controlOf(next) : [];
    if (!(flags & s.MSG_PEEK)) {
      this.inbox.shift();
      this.usedBytes -= next.bytes.length + MESSAGE_COST;
    }
    return part.length;
  }

  private get hasOptions(): boolean {
    return this.protocolOptions.size > 0;
  }

  /** What IP_PKTINFO and its like ask to be told. */
  private controlOf(packet: Packet): ControlMessage[] {
    const control: ControlMessage[] = [];
    const { to, hops, trafficClass, link } = packet;
    const tell = (level: number, option: number, type: number, data: () => Uint8Array): void => {
      if (this.protocolOption(level, option)) control.push({ level, type, data: data() });
    };
    if (isV4(to.host)) {
      tell(n.IPPROTO_IP, n.IP_PKTINFO, n.IP_PKTINFO, () => this.packetInfo(packet));
      tell(n.IPPROTO_IP, n.IP_RECVTTL, n.IP_TTL, () => word(hops));
      tell(n.IPPROTO_IP, n.IP_RECVTOS, n.IP_TOS, () => Uint8Array.of(trafficClass));
      tell(n.IPPROTO_IP, n.IP_RECVORIGDSTADDR, n.IP_RECVORIGDSTADDR, () => toSockaddr(s.AF_INET, to));
    }
    if (this.kind.domain === s.AF_INET6) {
      const host = strToBytes(to.host);
      tell(n.IPPROTO_IPV6, n.IPV6_RECVPKTINFO, n.IPV6_PKTINFO, () => Uint8Array.of(...host, ...word(link.index)));
      tell(n.IPPROTO_IPV6, n.IPV6_RECVHOPLIMIT, n.IPV6_HOPLIMIT, () => word(hops));
      tell(n.IPPROTO_IPV6, n.IPV6_RECVTCLASS, n.IPV6_TCLASS, () => word(trafficClass));
    }
    return control;
  }

  /** struct in_pktinfo: i32 index of the card, its address, the address that the packet went to. */
  private packetInfo({ to, link }: Packet): Uint8Array {
    const isForMany = isMulticast(to.host) || this.network.stack.isBroadcast(to.host);
    const own = isForMany ? (link.addresses.find(({ address }) => isV4(address))?.address ?? to.host) : to.host;
    return Uint8Array.of(...word(link.index), ...strToBytes(v4Part(own)), ...strToBytes(v4Part(to.host)));
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
    this.usedBytes = 0;
    this.network.groups.leaveAll(this);
    this.releasePort();
  }
}

export const word = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);

/**
 * Sockets that speak below TCP and UDP: ping sockets (SOCK_DGRAM, ICMP echo only, the port is the identifier), and raw ones,
 * raw(7), which see every message of their protocol. Raw sockets of other protocols than ICMP reach this machine only.
 */
import { type Address, isV4 } from '../../../net/address.ts';
import { matchAddress, type PortTable } from '../../../net/ports.ts';
import { PROTOCOL_ICMP, PROTOCOL_ICMP6, type StreamFault } from '../../../net/transport.ts';
import * as e from '../../abi/errno.ts';
import * as n from '../../abi/in.ts';
import * as s from '../../abi/socket.ts';
import type { Task } from '../../task.ts';
import type { OutgoingMessage } from '../posix-socket/lib.ts';
import { DatagramSocket, type Packet } from './datagram-socket.ts';
import { type Endpoint, familyOf } from './endpoint.ts';
import { errnoOf } from './faults.ts';
import * as icmp from './icmp-message.ts';
import type { Network } from './network.ts';
import { type Shape, shapeOf } from './shape.ts';

const SOL_RAW = 255;
const isIcmp = (protocol: number): boolean => protocol === n.IPPROTO_ICMP || protocol === n.IPPROTO_ICMPV6;

/** What ping and raw sockets share. */
abstract class BelowPorts extends DatagramSocket {
  override connect(_task: Task, address: Uint8Array): number {
    if (address.length < 2) return -e.EINVAL;
    if (familyOf(address) === s.AF_UNSPEC) return this.disconnect();
    const { host } = this.parseDestination(address);
    if (this.network.stack.isBroadcast(host) && !this.options.get(s.SO_BROADCAST)) return -e.EACCES;
    this.localHost = this.sourceFor(host);
    this.remote = { host, port: 0 };
    return 0;
  }

  protected targetOf({ bytes, flags, address }: OutgoingMessage): Endpoint | number {
    if (bytes.length > n.UDP_MAX_V6) return -e.EMSGSIZE;
    if (flags & s.MSG_OOB) return -e.EOPNOTSUPP;
    if (this.error !== 0) return this.takeError();
    const target = address === undefined ? this.remote : this.parseDestination(address);
    if (target === undefined) return -e.EDESTADDRREQ;
    if (this.network.stack.isBroadcast(target.host) && !this.options.get(s.SO_BROADCAST)) return -e.EACCES;
    return this.isSendShut ? -e.EPIPE : target;
  }

  /** Sends a whole message of a protocol; bytes in all or -errno. */
  protected depart(protocol: number, host: Address, { source, link, hops, trafficClass }: Shape, bytes: Uint8Array) {
    const { network } = this;
    this.sentBytes += bytes.length;
    const [from, to] = [
      { host: source, port: 0 },
      { host, port: 0 },
    ];
    if (link.isLoopback || network.stack.isLocal(host) || network.transport === undefined) {
      arrive(network, protocol, { bytes, from, to, hops, trafficClass, link }, true);
      return 0;
    }
    if (protocol !== PROTOCOL_ICMP && protocol !== PROTOCOL_ICMP6) return -e.ENETUNREACH;
    const fault = network.transport.send({ protocol, from, to, bytes, hops, trafficClass });
    return fault === undefined ? 0 : -errnoOf(fault);
  }

  unreachable(fault: StreamFault): void {
    this.fail(errnoOf(fault));
  }
}

export class PingSocket extends BelowPorts {
  constructor(task: Task, domain: number, flags: number) {
    const protocol = domain === s.AF_INET ? n.IPPROTO_ICMP : n.IPPROTO_ICMPV6;
    super(task, { domain, type: s.SOCK_DGRAM, protocol }, flags);
  }
  protected get ports(): PortTable<PingSocket> {
    return this.network.ping;
  }

  override send(message: OutgoingMessage): number {
    const { bytes } = message;
    const target = this.targetOf(message);
    if (typeof target === 'number') return target;
    if (bytes.length < icmp.ICMP_HEADER || !icmp.ECHO_REQUESTS.includes(bytes[0]!) || bytes[1] !== 0) return -e.EINVAL;
    this.ensurePort(e.EAGAIN);
    const shape = shapeOf(this, target.host, message.control);
    const out = bytes.slice();
    icmp.setIdentifier(out, this.localPort);
    icmp.setChecksum(out, shape.source, target.host);
    return this.depart(this.kind.protocol, target.host, shape, out) || bytes.length;
  }

  /** Echo replies carry its identifier. */
  takes({ bytes, from, to }: Packet): boolean {
    const isReply = bytes[0] === (isV4(to.host) ? n.ICMP_ECHOREPLY : n.ICMPV6_ECHO_REPLY);
    const isPeer = this.remote === undefined || this.remote.host === from.host;
    return isReply && isPeer && icmp.identifierOf(bytes) === this.localPort && matchAddress(this, to.host) > 0;
  }
}

export class RawSocket extends BelowPorts {
  /** ICMP_FILTER: types that it does not want, one bit each. */
  filter: Uint8Array | undefined = undefined;

  constructor(task: Task, domain: number, protocol: number, flags: number) {
    super(task, { domain, type: s.SOCK_RAW, protocol }, flags);
    this.network.raw.add(this);
  }
  /** Raw sockets have no ports. */
  protected get ports(): PortTable<RawSocket> {
    return this.network.rawPorts;
  }
  private get hasHeader(): boolean {
    return this.kind.protocol === n.IPPROTO_RAW || this.protocolOption(n.IPPROTO_IP, n.IP_HDRINCL) !== 0;
  }

  override bind(task: Task, address: Uint8Array): number {
    const named = address.slice();
    named.fill(0, 2, 4);
    const answer = super.bind(task, named);
    // Two raw sockets may have one address.
    this.releasePort();
    return answer;
  }

  override send(message: OutgoingMessage): number {
    const target = this.targetOf(message);
    if (typeof target === 'number') return target;
    const shape = shapeOf(this, target.host, message.control);
    const { domain } = this.kind;
    const { protocol, bytes } = domain === s.AF_INET && this.hasHeader ? unwrap(message.bytes) : this.plain(message);
    if (bytes === undefined) return -e.EINVAL;
    const out = bytes.slice();
    if (protocol === n.IPPROTO_ICMPV6 && out.length >= 4) icmp.setChecksum(out, shape.source, target.host);
    return this.depart(protocol, target.host, shape, out) || message.bytes.length;
  }
  private plain({ bytes }: OutgoingMessage): { protocol: number; bytes: Uint8Array | undefined } {
    return { protocol: this.kind.protocol, bytes };
  }

  takes(protocol: number, { bytes, from, to, link }: Packet): boolean {
    if (protocol !== this.kind.protocol || isV4(to.host) !== (this.kind.domain === s.AF_INET)) return false;
    if (this.boundDevice !== undefined && this.boundDevice !== link) return false;
    if (this.remote !== undefined && this.remote.host !== from.host) return false;
    return matchAddress(this, to.host) > 0 && !this.isFiltered(bytes[0] ?? 0);
  }
  private isFiltered(type: number): boolean {
    const { filter } = this;
    if (filter === undefined || !isIcmp(this.kind.protocol)) return false;
    return ((filter[type >> 3] ?? 0) & (1 << (type & 7))) !== 0;
  }

  /** raw(7), icmp6(7): ICMP_FILTER has a bit for each of 32 types, ICMP6_FILTER for each of 256. */
  override setOption(level: number, name: number, value: Uint8Array): number {
    if (!this.isFilter(level, name)) return super.setOption(level, name, value);
    this.filter = value.slice(0, this.filterSize);
    return 0;
  }
  override getOption(level: number, name: number): Uint8Array | number {
    if (!this.isFilter(level, name)) return super.getOption(level, name);
    return this.filter ?? new Uint8Array(this.filterSize);
  }
  private get filterSize(): number {
    return this.kind.protocol === n.IPPROTO_ICMP ? 4 : 32;
  }
  private isFilter(level: number, name: number): boolean {
    const { protocol } = this.kind;
    if (protocol === n.IPPROTO_ICMP) return level === SOL_RAW && name === n.ICMP_FILTER;
    return protocol === n.IPPROTO_ICMPV6 && level === n.IPPROTO_ICMPV6 && name === n.ICMPV6_FILTER;
  }

  protected override release(): void {
    this.network.raw.delete(this);
    super.release();
  }
}

/** Takes an IPv4 header off that the program made itself. */
function unwrap(packet: Uint8Array): { protocol: number; bytes: Uint8Array | undefined } {
  const headerLen = ((packet[0] ?? 0) & 0xf) * 4;
  const isWhole = headerLen >= 20 && packet.length >= headerLen;
  return { protocol: packet[9] ?? 0, bytes: isWhole ? packet.subarray(headerLen) : undefined };
}

/** A message below ports has come, from this machine (`isOwn`) or from outside. False when nobody wants it. */
export function arrive(network: Network, protocol: number, packet: Packet, isOwn: boolean): boolean {
  let isTaken = false;
  for (const socket of network.raw) {
    if (!socket.takes(protocol, packet)) continue;
    socket.put(isV4(packet.to.host) ? icmp.withHeader(packet, protocol) : packet);
    isTaken = true;
  }
  if (!isIcmp(protocol) || packet.bytes.length < icmp.ICMP_HEADER) return isTaken;
  for (const socket of network.ping.at(icmp.identifierOf(packet.bytes))) {
    if (!socket.takes(packet)) continue;
    socket.put(packet);
    isTaken = true;
  }
  const isRequest = packet.bytes[0] === (isV4(packet.to.host) ? n.ICMP_ECHO : n.ICMPV6_ECHO_REQUEST);
  // The transport answers those from outside.
  if (isRequest && isOwn) arrive(network, protocol, icmp.echoReply(packet, 64), true);
  return isTaken;
}

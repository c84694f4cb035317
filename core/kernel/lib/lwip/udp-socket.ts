/**
 * UDP sockets, udp(7), RFC 768, and UDP-Lite, udplite(7). A datagram to an address of this machine goes straight into the
 * inbox of the socket that has the port; others leave by the transport.
 */
import { isMulticast, isV4 } from '../../../net/address.ts';
import { matchAddress, type PortTable } from '../../../net/ports.ts';
import { PROTOCOL_UDP, type StreamFault } from '../../../net/transport.ts';
import * as e from '../../abi/errno.ts';
import * as n from '../../abi/in.ts';
import * as s from '../../abi/socket.ts';
import type { Task } from '../../task.ts';
import type { OutgoingMessage } from '../posix-socket/lib.ts';
import { DatagramSocket, type Packet } from './datagram-socket.ts';
import { type Endpoint, familyOf } from './endpoint.ts';
import { errnoOf } from './faults.ts';
import { type Shape, shapeOf } from './shape.ts';

/** Datagrams gathered by UDP_CORK or MSG_MORE. */
interface Corked {
  readonly target: Endpoint;
  readonly shape: Shape;
  readonly parts: Uint8Array[];
  lenBytes: number;
}

export class UdpSocket extends DatagramSocket {
  private corked: Corked | undefined = undefined;

  constructor(task: Task, domain: number, flags: number, protocol: number = n.IPPROTO_UDP) {
    super(task, { domain, type: s.SOCK_DGRAM, protocol }, flags);
  }

  protected get ports(): PortTable<UdpSocket> {
    return this.kind.protocol === n.IPPROTO_UDPLITE ? this.network.udpLite : this.network.udp;
  }

  override connect(_task: Task, address: Uint8Array): number {
    if (address.length < 2) return -e.EINVAL;
    if (familyOf(address) === s.AF_UNSPEC) return this.disconnect();
    const { host, port } = this.parseDestination(address);
    if (this.network.stack.isBroadcast(host) && !this.options.get(s.SO_BROADCAST)) return -e.EACCES;
    const source = this.sourceFor(host);
    this.ensurePort(e.EAGAIN);
    this.localHost = source;
    this.remote = { host, port };
    return 0;
  }

  override send(message: OutgoingMessage): number {
    const { bytes, flags, address } = message;
    if (bytes.length > n.UDP_MAX_V6) return -e.EMSGSIZE;
    if (flags & s.MSG_OOB) return -e.EOPNOTSUPP;
    const target = this.corked?.target ?? (address === undefined ? this.remote : this.parseDestination(address));
    if (target === undefined) return -e.EDESTADDRREQ;
    if (target.port === 0) return -e.EINVAL;
    const lenBytes = bytes.length + (this.corked?.lenBytes ?? 0);
    if (isV4(target.host) && lenBytes > n.UDP_MAX_V4) return -e.EMSGSIZE;
    if (this.error !== 0) return this.takeError();
    const shape = this.corked?.shape ?? shapeOf(this, target.host, message.control);
    if (this.network.stack.isBroadcast(target.host) && !this.options.get(s.SO_BROADCAST)) return -e.EACCES;
    if (this.isSendShut) return -e.EPIPE;
    this.ensurePort(e.EAGAIN);
    if (this.corked !== undefined || flags & s.MSG_MORE || this.protocolOption(n.IPPROTO_UDP, n.UDP_CORK)) {
      return this.gather(target, shape, message);
    }
    return this.depart(target, shape, bytes);
  }

  /** Adds to the datagram that is being put together; sends it when nothing asks for more. */
  private gather(target: Endpoint, shape: Shape, { bytes, flags }: OutgoingMessage): number {
    this.corked ??= { target, shape, parts: [], lenBytes: 0 };
    this.corked.parts.push(bytes.slice());
    this.corked.lenBytes += bytes.length;
    if (flags & s.MSG_MORE || this.protocolOption(n.IPPROTO_UDP, n.UDP_CORK)) return bytes.length;
    const answer = this.uncork();
    return answer < 0 ? answer : bytes.length;
  }

  /** Sends what is gathered. */
  override uncork(): number {
    const { corked } = this;
    if (corked === undefined) return 0;
    this.corked = undefined;
    const whole = new Uint8Array(corked.lenBytes);
    let at = 0;
    for (const part of corked.parts) {
      whole.set(part, at);
      at += part.length;
    }
    return Math.min(0, this.depart(corked.target, corked.shape, whole));
  }

  private depart(to: Endpoint, { source, link, hops, trafficClass, loops }: Shape, bytes: Uint8Array): number {
    const { stack, transport } = this.network;
    const { counters } = link;
    const from = { host: source, port: this.localPort };
    this.sentBytes += bytes.length;
    const isForMany = isMulticast(to.host) || stack.isBroadcast(to.host);
    const isHere = link.isLoopback || stack.isLocal(to.host);
    if (isHere) {
      counters.sentPackets++;
      counters.sentBytes += bytes.length;
    }
    if (isHere || (isForMany && loops)) {
      const isTaken = deliverUdp(this.ports, { bytes, from, to, hops, trafficClass, link }, isForMany);
      // The answer to a port that nobody has reaches connected sockets only.
      if (!isTaken && isHere && !isForMany) this.unreachable('refused');
    }
    if (isHere || transport === undefined) return bytes.length;
    if (this.kind.protocol === n.IPPROTO_UDPLITE) return -e.EPROTONOSUPPORT;
    const fault = transport.send({ protocol: PROTOCOL_UDP, from, to, bytes, hops, trafficClass });
    return fault === undefined ? bytes.length : -errnoOf(fault);
  }

  /** A datagram from here did not arrive: only a connected socket is told, or one that asked by IP_RECVERR. */
  unreachable(fault: StreamFault): void {
    const asks = this.protocolOption(n.IPPROTO_IP, n.IP_RECVERR) || this.protocolOption(n.IPPROTO_IPV6, n.IPV6_RECVERR);
    if (this.remote !== undefined || asks) this.fail(errnoOf(fault));
  }

  /** How well a packet fits: 0 not at all. */
  fit({ to, from, link }: Packet): number {
    const match = matchAddress(this, to.host);
    if (match === 0 || !this.takesGroup(to.host, link)) return 0;
    if (this.boundDevice !== undefined && this.boundDevice !== link) return 0;
    if (this.remote === undefined) return match;
    return this.remote.host === from.host && this.remote.port === from.port ? match + 2 : 0;
  }
}

/** Gives a packet to the sockets it is for; false when there is none. */
export function deliverUdp(ports: PortTable<UdpSocket>, packet: Packet, isForMany: boolean): boolean {
  const receivers = findReceivers(ports, packet, isForMany);
  const { counters, isLoopback } = packet.link;
  for (const receiver of receivers) {
    if (isLoopback) {
      counters.receivedPackets++;
      counters.receivedBytes += packet.bytes.length;
    }
    receiver.put(packet);
  }
  return receivers.length > 0;
}

/** The socket that fits best: its own address before any, connected to the sender before not; all for many. */
function findReceivers(ports: PortTable<UdpSocket>, packet: Packet, isForMany: boolean): UdpSocket[] {
  let best = 1;
  let found: UdpSocket[] = [];
  for (const socket of ports.at(packet.to.port)) {
    const score = socket.fit(packet);
    if (score === 0 || (score < best && !isForMany)) continue;
    if (score > best && !isForMany) found = [];
    best = score;
    found.push(socket);
  }
  if (found.length < 2 || isForMany) return found;
  // Sharing by SO_REUSEPORT spreads senders; by SO_REUSEADDR the last one bound gets all.
  return [found[0]!.reusesPort ? found[packet.from.port % found.length]! : found.at(-1)!];
}

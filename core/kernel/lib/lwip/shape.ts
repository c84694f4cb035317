/**
 * How a message leaves: its source, its link, hops and traffic class, from the socket's options and the control messages
 * that go along with it (IP_PKTINFO, IP_TTL, IP_TOS and their IPv6 kin), ip(7) and ipv6(7).
 */
import { bytesToStr } from '../../../base/bytes.ts';
import { type Address, ANY4, ANY6, fromV4, isAny, isMulticast, isV4 } from '../../../net/address.ts';
import type { Link } from '../../../net/stack.ts';
import * as e from '../../abi/errno.ts';
import * as n from '../../abi/in.ts';
import { fail } from '../../errors.ts';
import type { ControlMessage } from '../posix-socket/lib.ts';
import type { InetSocket } from './inet-socket.ts';

export interface Shape {
  source: Address;
  link: Link;
  hops: number;
  trafficClass: number;
  /** Members on this machine hear what it sends to a group. */
  readonly loops: boolean;
}

const DEFAULT_HOPS = 64;

/** ENETUNREACH, EINVAL for control messages that mean nothing here. */
export function shapeOf(socket: InetSocket, destination: Address, control: readonly ControlMessage[]): Shape {
  const isGroup = isMulticast(destination);
  const link = (isGroup ? socket.multicastLink : undefined) ?? socket.boundDevice ?? linkTo(socket, destination);
  const isV4Out = isV4(destination);
  const shape: Shape = {
    source: sourceOn(socket, link, destination),
    link,
    hops: isV4Out ? hops(socket, isGroup, n.IPPROTO_IP) : hops(socket, isGroup, n.IPPROTO_IPV6),
    trafficClass: isV4Out
      ? socket.protocolOption(n.IPPROTO_IP, n.IP_TOS)
      : socket.protocolOption(n.IPPROTO_IPV6, n.IPV6_TCLASS),
    loops:
      (isV4Out
        ? socket.optionOr(n.IPPROTO_IP, n.IP_MULTICAST_LOOP, 1)
        : socket.optionOr(n.IPPROTO_IPV6, n.IPV6_MULTICAST_LOOP, 1)) !== 0,
  };
  for (const message of control) applyControl(socket, shape, message);
  return shape;
}

function linkTo(socket: InetSocket, destination: Address): Link {
  return (socket.network.stack.pathTo(destination) ?? fail(e.ENETUNREACH)).link;
}

function sourceOn(socket: InetSocket, link: Link, destination: Address): Address {
  if (!isAny(socket.localHost) && !isMulticast(socket.localHost)) return socket.localHost;
  const path = socket.network.stack.pathTo(destination);
  if (path?.link === link) return path.source;
  const own = link.addresses.find(({ address }) => isV4(address) === isV4(destination));
  return own?.address ?? fail(e.ENETUNREACH);
}

function hops(socket: InetSocket, isGroup: boolean, level: number): number {
  const [many, one] =
    level === n.IPPROTO_IP ? [n.IP_MULTICAST_TTL, n.IP_TTL] : [n.IPV6_MULTICAST_HOPS, n.IPV6_UNICAST_HOPS];
  return isGroup ? socket.optionOr(level, many, 1) : socket.optionOr(level, one, DEFAULT_HOPS);
}

function int(data: Uint8Array): number {
  if (data.length < 4) fail(e.EINVAL);
  return new DataView(data.buffer, data.byteOffset).getInt32(0, true);
}

function applyControl(socket: InetSocket, shape: Shape, { level, type, data }: ControlMessage): void {
  if (level === n.IPPROTO_IP) applyV4(socket, shape, type, data);
  else if (level === n.IPPROTO_IPV6) applyV6(socket, shape, type, data);
}

function applyV4(socket: InetSocket, shape: Shape, type: number, data: Uint8Array): void {
  switch (type) {
    case n.IP_PKTINFO:
      if (data.length < 12) fail(e.EINVAL);
      usePacketInfo(socket, shape, int(data), fromV4(data.subarray(4, 8)));
      break;
    case n.IP_TTL:
      shape.hops = inRange(int(data), 1, 255);
      break;
    case n.IP_TOS:
      shape.trafficClass = inRange(data.length === 1 ? data[0]! : int(data), 0, 255);
      break;
    case n.IP_RETOPTS:
      break;
    default:
      fail(e.EINVAL);
  }
}

function applyV6(socket: InetSocket, shape: Shape, type: number, data: Uint8Array): void {
  switch (type) {
    case n.IPV6_PKTINFO:
      if (data.length < 20) fail(e.EINVAL);
      usePacketInfo(socket, shape, int(data.subarray(16)), bytesToStr(data.subarray(0, 16)));
      break;
    case n.IPV6_HOPLIMIT:
      shape.hops = inRange(int(data), -1, 255);
      if (shape.hops === -1) shape.hops = DEFAULT_HOPS;
      break;
    case n.IPV6_TCLASS:
      shape.trafficClass = Math.max(0, inRange(int(data), -1, 255));
      break;
    case n.IPV6_DONTFRAG:
      break;
    default:
      fail(e.EINVAL);
  }
}

const inRange = (value: number, min: number, max: number): number =>
  value < min || value > max ? fail(e.EINVAL) : value;

/** Link and source of this message alone. ENODEV, EINVAL for an address that is not the machine's. */
function usePacketInfo(socket: InetSocket, shape: Shape, index: number, source: Address): void {
  const { stack } = socket.network;
  if (index !== 0) shape.link = stack.links.find((link) => link.index === index) ?? fail(e.ENODEV);
  if (source === ANY4 || source === ANY6) return;
  if (!stack.isLocal(source)) fail(e.EINVAL);
  shape.source = source;
}

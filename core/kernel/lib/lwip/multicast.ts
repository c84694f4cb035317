/**
 * Multicast groups, ip(7) and ipv6(7): which sockets are members of which group on which link. A socket that is no member
 * still hears the groups that others of the machine have joined, unless IP_MULTICAST_ALL is off.
 */
import { bytesToStr } from '../../../base/bytes.ts';
import { type Address, ANY4, fromV4, isMulticast, isV4, v4 } from '../../../net/address.ts';
import type { Link } from '../../../net/stack.ts';
import * as e from '../../abi/errno.ts';
import * as n from '../../abi/in.ts';
import { fail } from '../../errors.ts';
import type { InetSocket } from './inet-socket.ts';

/** 224.0.0.1 and ff02::1, which every machine is a member of. */
const ALL_HOSTS4 = v4(224, 0, 0, 1);
const ALL_HOSTS6 = bytesToStr(Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));

interface Membership {
  readonly link: Link;
  readonly group: Address;
}

const isSame = (a: Membership, b: Membership): boolean => a.link === b.link && a.group === b.group;

export class Groups {
  private readonly bySocket = new Map<InetSocket, Membership[]>();

  /** EADDRINUSE for a member. */
  join(socket: InetSocket, membership: Membership): number {
    const own = this.bySocket.get(socket) ?? [];
    if (own.some((each) => isSame(each, membership))) return -e.EADDRINUSE;
    this.bySocket.set(socket, [...own, membership]);
    return 0;
  }
  /** EADDRNOTAVAIL for one that is none. */
  leave(socket: InetSocket, membership: Membership): number {
    const own = this.bySocket.get(socket) ?? [];
    const rest = own.filter((each) => !isSame(each, membership));
    if (rest.length === own.length) return -e.EADDRNOTAVAIL;
    this.bySocket.set(socket, rest);
    return 0;
  }
  leaveAll(socket: InetSocket): void {
    this.bySocket.delete(socket);
  }
  isMember(socket: InetSocket, membership: Membership): boolean {
    return this.bySocket.get(socket)?.some((each) => isSame(each, membership)) ?? false;
  }
  /** Somebody of the machine is. */
  has(membership: Membership): boolean {
    if (membership.group === ALL_HOSTS4 || membership.group === ALL_HOSTS6) return true;
    for (const all of this.bySocket.values()) if (all.some((each) => isSame(each, membership))) return true;
    return false;
  }
  /** Groups that a link has joined, for /proc/net. */
  of(link: Link): Address[] {
    const found = new Set<Address>([ALL_HOSTS4, ALL_HOSTS6]);
    for (const all of this.bySocket.values()) for (const each of all) if (each.link === link) found.add(each.group);
    return [...found];
  }
}

/** A packet to `group` that came in on `link` is for the socket. */
export function isMember(socket: InetSocket, link: Link, group: Address): boolean {
  const { groups } = socket.network;
  const membership = { link, group };
  if (groups.isMember(socket, membership)) return true;
  const [level, name] = isV4(group) ? [n.IPPROTO_IP, n.IP_MULTICAST_ALL] : [n.IPPROTO_IPV6, n.IPV6_MULTICAST_ALL];
  return (socket.protocolOptions.get(level * 0x10000 + name) ?? 1) !== 0 && groups.has(membership);
}

/** The link of an index, of an address, or the one that a route to the group leads to. ENODEV. */
function findLink(socket: InetSocket, index: number, address: Address | undefined, group: Address): Link {
  const { stack } = socket.network;
  if (index !== 0) return stack.links.find((link) => link.index === index) ?? fail(e.ENODEV);
  if (address !== undefined && address !== ANY4) {
    const has = (link: Link): boolean => link.addresses.some((own) => own.address === address);
    return stack.links.find(has) ?? fail(e.ENODEV);
  }
  return stack.pathTo(group)?.link ?? fail(e.ENODEV);
}

const int = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);

/** struct ip_mreq: group, address of the interface; struct ip_mreqn has its index behind. */
function parseV4(socket: InetSocket, value: Uint8Array): Membership {
  if (value.length < 8) fail(e.EINVAL);
  const group = fromV4(value.subarray(0, 4));
  if (!isMulticast(group)) fail(e.EINVAL);
  const index = value.length >= 12 ? int(value, 8) : 0;
  return { group, link: findLink(socket, index, fromV4(value.subarray(4, 8)), group) };
}

/** struct ipv6_mreq: group, index. */
function parseV6(socket: InetSocket, value: Uint8Array): Membership {
  if (value.length < 20) fail(e.EINVAL);
  const group = bytesToStr(value.subarray(0, 16));
  if (!isMulticast(group)) fail(e.EINVAL);
  return { group, link: findLink(socket, int(value, 16), undefined, group) };
}

/** struct group_req: u32 index, padding, sockaddr. */
function parseGroupRequest(socket: InetSocket, value: Uint8Array): Membership {
  if (value.length < 136) fail(e.EINVAL);
  const isV6 = value[8] === 10;
  const group = isV6 ? bytesToStr(value.subarray(16, 32)) : fromV4(value.subarray(12, 16));
  if (!isMulticast(group)) fail(e.EINVAL);
  return { group, link: findLink(socket, int(value, 0), undefined, group) };
}

type Change = (socket: InetSocket, value: Uint8Array) => number;

const join =
  (parse: (socket: InetSocket, value: Uint8Array) => Membership): Change =>
  (socket, value) =>
    socket.network.groups.join(socket, parse(socket, value));
const leave =
  (parse: (socket: InetSocket, value: Uint8Array) => Membership): Change =>
  (socket, value) =>
    socket.network.groups.leave(socket, parse(socket, value));

/** The link that multicast leaves by: an address, struct ip_mreqn, or for IPv6 an index. */
const chooseV4: Change = (socket, value) => {
  if (value.length < 4) return -e.EINVAL;
  const index = value.length >= 12 ? int(value, 8) : 0;
  const address = fromV4(value.length >= 8 ? value.subarray(4, 8) : value.subarray(0, 4));
  const isNone = index === 0 && address === ANY4;
  if (isNone) socket.multicastLink = undefined;
  else {
    const { links } = socket.network.stack;
    const found = links.find((link) =>
      index !== 0 ? link.index === index : link.addresses.some((own) => own.address === address),
    );
    if (found === undefined) return -e.EADDRNOTAVAIL;
    socket.multicastLink = found;
  }
  return 0;
};
const chooseV6: Change = (socket, value) => {
  if (value.length < 4) return -e.EINVAL;
  const index = int(value, 0);
  const found = socket.network.stack.links.find((link) => link.index === index);
  if (index !== 0 && found === undefined) return -e.ENODEV;
  socket.multicastLink = found;
  return 0;
};

/** Options that change memberships, by level and name. */
export const membershipOptions: readonly (readonly [level: number, name: number, set: Change])[] = [
  [n.IPPROTO_IP, n.IP_ADD_MEMBERSHIP, join(parseV4)],
  [n.IPPROTO_IP, n.IP_DROP_MEMBERSHIP, leave(parseV4)],
  [n.IPPROTO_IP, n.IP_MULTICAST_IF, chooseV4],
  [n.IPPROTO_IP, n.MCAST_JOIN_GROUP, join(parseGroupRequest)],
  [n.IPPROTO_IP, n.MCAST_LEAVE_GROUP, leave(parseGroupRequest)],
  [n.IPPROTO_IPV6, n.IPV6_ADD_MEMBERSHIP, join(parseV6)],
  [n.IPPROTO_IPV6, n.IPV6_DROP_MEMBERSHIP, leave(parseV6)],
  [n.IPPROTO_IPV6, n.IPV6_MULTICAST_IF, chooseV6],
  [n.IPPROTO_IPV6, n.MCAST_JOIN_GROUP, join(parseGroupRequest)],
  [n.IPPROTO_IPV6, n.MCAST_LEAVE_GROUP, leave(parseGroupRequest)],
];

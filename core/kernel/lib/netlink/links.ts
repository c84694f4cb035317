/** RTM_GETLINK and RTM_GETADDR, rtnetlink(7): network cards and their addresses. */
import { bytesToStr, strToBytes } from '../../../base/bytes.ts';
import { type Address, isV4, LOOPBACK6, v4Part } from '../../../net/address.ts';
import { broadcastOf } from '../../../net/routes.ts';
import type { Link, LinkAddress } from '../../../net/stack.ts';
import { ENODEV } from '../../abi/errno.ts';
import * as n from '../../abi/in.ts';
import * as nl from '../../abi/netlink.ts';
import { AF_INET, AF_INET6 } from '../../abi/socket.ts';
import { fail } from '../../errors.ts';
import { hardwareType, linkFlags, type Network, TX_QUEUE_LENGTH } from '../lwip/lib.ts';
import { type Answer, parseAttributes, u32 } from './message.ts';

const MAX_MTU = 65535;
const FOREVER = 0xffffffff;

/** An address in its own length: 4 or 16 bytes. */
export const addressBytes = (address: Address): Uint8Array => strToBytes(isV4(address) ? v4Part(address) : address);
export const familyOf = (address: Address): number => (isV4(address) ? AF_INET : AF_INET6);

/** struct ifinfomsg. */
function ifinfo(link: Link): Uint8Array {
  const bytes = new Uint8Array(nl.IFINFOMSG_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, hardwareType(link), true);
  view.setInt32(4, link.index, true);
  view.setUint32(8, linkFlags(link) | n.IFF_LOWER_UP, true);
  return bytes;
}

/** struct rtnl_link_stats64 (u64) or rtnl_link_stats (u32): packets in and out, bytes in and out; nothing is lost here. */
function statistics({ counters }: Link, isLong: boolean): Uint8Array {
  const { receivedPackets, sentPackets, receivedBytes, sentBytes } = counters;
  const values = [receivedPackets, sentPackets, receivedBytes, sentBytes];
  if (!isLong) {
    const short = new Uint32Array(24);
    short.set(values.map((value) => value % 2 ** 32));
    return new Uint8Array(short.buffer);
  }
  const long = new BigUint64Array(25);
  long.set(values.map(BigInt));
  return new Uint8Array(long.buffer);
}

export function linkAnswer(link: Link): Answer {
  const broadcast = link.isLoopback ? new Uint8Array(6) : new Uint8Array(6).fill(0xff);
  return {
    type: nl.RTM_NEWLINK,
    fixed: ifinfo(link),
    attributes: [
      [nl.IFLA_IFNAME, link.name],
      [nl.IFLA_TXQLEN, TX_QUEUE_LENGTH],
      [nl.IFLA_OPERSTATE, Uint8Array.of(link.isLoopback ? nl.IF_OPER_UNKNOWN : nl.IF_OPER_UP)],
      [nl.IFLA_LINKMODE, Uint8Array.of(0)],
      [nl.IFLA_MTU, link.mtu],
      [nl.IFLA_MIN_MTU, link.isLoopback ? 0 : 68],
      [nl.IFLA_MAX_MTU, link.isLoopback ? 0 : MAX_MTU],
      [nl.IFLA_GROUP, 0],
      [nl.IFLA_PROMISCUITY, 0],
      [nl.IFLA_NUM_TX_QUEUES, 1],
      [nl.IFLA_NUM_RX_QUEUES, 1],
      [nl.IFLA_CARRIER, Uint8Array.of(1)],
      [nl.IFLA_QDISC, 'noqueue'],
      [nl.IFLA_CARRIER_CHANGES, 0],
      [nl.IFLA_PROTO_DOWN, Uint8Array.of(0)],
      [nl.IFLA_ADDRESS, link.hardwareAddress],
      [nl.IFLA_BROADCAST, broadcast],
      [nl.IFLA_STATS64, statistics(link, true)],
      [nl.IFLA_STATS, statistics(link, false)],
    ],
  };
}

/** The link that a request names, by index or name. ENODEV. */
export function namedLink({ stack }: Network, body: Uint8Array): Link {
  const attributes = parseAttributes(body, nl.IFINFOMSG_SIZE);
  const index = u32(body, 4);
  const name = attributes.get(nl.IFLA_IFNAME) ?? attributes.get(nl.IFLA_ALT_IFNAME);
  const text = name === undefined ? undefined : bytesToStr(name).replace(/\0.*$/s, '');
  const isMeant = (link: Link): boolean => (index !== 0 ? link.index === index : link.name === text);
  return stack.links.find(isMeant) ?? fail(ENODEV);
}

function scopeOf({ isLoopback }: Link, { address }: LinkAddress): number {
  if (isLoopback || address === LOOPBACK6) return nl.RT_SCOPE_HOST;
  const isLinkLocal = !isV4(address) && address.charCodeAt(0) === 0xfe && address.charCodeAt(1) >> 6 === 2;
  return isLinkLocal ? nl.RT_SCOPE_LINK : nl.RT_SCOPE_UNIVERSE;
}

export function addressAnswer(link: Link, own: LinkAddress): Answer {
  const { address, prefixLen } = own;
  const fixed = new Uint8Array(nl.IFADDRMSG_SIZE);
  fixed.set([familyOf(address), prefixLen, nl.IFA_F_PERMANENT, scopeOf(link, own)]);
  new DataView(fixed.buffer).setUint32(4, link.index, true);
  const bytes = addressBytes(address);
  const broadcast = link.isLoopback ? undefined : broadcastOf(own);
  const isOld = isV4(address);
  return {
    type: nl.RTM_NEWADDR,
    fixed,
    attributes: [
      [nl.IFA_ADDRESS, bytes],
      [nl.IFA_LOCAL, isOld ? bytes : undefined],
      [nl.IFA_BROADCAST, broadcast && addressBytes(broadcast)],
      [nl.IFA_LABEL, isOld ? link.name : undefined],
      [nl.IFA_FLAGS, nl.IFA_F_PERMANENT],
      [nl.IFA_CACHEINFO, new Uint8Array(Uint32Array.of(FOREVER, FOREVER, 0, 0).buffer)],
    ],
  };
}

/** Addresses of one family, or of both for AF_UNSPEC: all of IPv4 before those of IPv6. */
export function addressAnswers({ stack }: Network, family: number): Answer[] {
  const all = stack.links.flatMap((link) => link.addresses.map((own) => ({ link, own })));
  return [AF_INET, AF_INET6]
    .filter((each) => family === 0 || family === each)
    .flatMap((each) => all.filter(({ own }) => familyOf(own.address) === each))
    .map(({ link, own }) => addressAnswer(link, own));
}

/**
 * getsockopt(2) and setsockopt(2) below SOL_SOCKET: one row for each option of ip(7), ipv6(7), tcp(7), udp(7). What
 * shapes packets is kept and shown: the loopback carries none.
 */
import { strToBytes } from '../../../base/bytes.ts';
import { isV4, v4Part } from '../../../net/address.ts';
import * as e from '../../abi/errno.ts';
import * as n from '../../abi/in.ts';
import { AF_INET6, SOCK_RAW, SOCK_STREAM } from '../../abi/socket.ts';
import type { InetSocket } from './inet-socket.ts';
import { membershipOptions } from './multicast.ts';
import { segmentSize, tcpInfo } from './tcp-info.ts';

/** Options of all levels in one map. */
export const optionKey = (level: number, name: number): number => level * 0x10000 + name;

interface OptionRow {
  readonly level: number;
  readonly name: number;
  /** Value of a new socket. */
  readonly initial: number;
  /** Values that can be set. */
  readonly range: readonly [min: number, max: number];
  /** Any value but 0 becomes 1. */
  readonly isSwitch: boolean;
}

function row(level: number, name: number, initial: number, min: number, max: number): OptionRow {
  return { level, name, initial, range: [min, max], isSwitch: false };
}
const switches = (level: number, names: readonly number[], initial = 0): OptionRow[] =>
  names.map((name) => ({ level, name, initial, range: [-(2 ** 31), 2 ** 31 - 1], isSwitch: true }));

const { IPPROTO_IP: IP, IPPROTO_IPV6: IPV6, IPPROTO_TCP: TCP, IPPROTO_UDP: UDP } = n;
const MAX = 2 ** 31 - 1;

const rows: readonly OptionRow[] = [
  row(IP, n.IP_TOS, 0, -MAX - 1, MAX),
  row(IP, n.IP_TTL, 64, 1, 255),
  row(IP, n.IP_MINTTL, 0, 0, 255),
  row(IP, n.IP_MTU_DISCOVER, 1, 0, 5),
  row(IP, n.IP_MULTICAST_TTL, 1, 0, 255),
  ...switches(IP, [n.IP_PKTINFO, n.IP_RECVERR, n.IP_RECVTTL, n.IP_RECVTOS, n.IP_RECVOPTS, n.IP_RETOPTS]),
  ...switches(IP, [n.IP_FREEBIND, n.IP_TRANSPARENT, n.IP_BIND_ADDRESS_NO_PORT, n.IP_HDRINCL]),
  ...switches(IP, [n.IP_RECVORIGDSTADDR, n.IP_PASSSEC, n.IP_RECVERR_RFC4884]),
  row(IP, n.IP_LOCAL_PORT_RANGE, 0, -MAX - 1, MAX),
  row(IP, n.IP_UNICAST_IF, 0, 0, 0),
  ...switches(IP, [n.IP_MULTICAST_LOOP, n.IP_MULTICAST_ALL], 1),
  row(IPV6, n.IPV6_UNICAST_HOPS, 64, -1, 255),
  row(IPV6, n.IPV6_MULTICAST_HOPS, 1, -1, 255),
  row(IPV6, n.IPV6_MTU_DISCOVER, 1, 0, 5),
  row(IPV6, n.IPV6_TCLASS, 0, -1, 255),
  ...switches(IPV6, [n.IPV6_V6ONLY, n.IPV6_RECVERR, n.IPV6_RECVPKTINFO, n.IPV6_RECVHOPLIMIT, n.IPV6_RECVTCLASS]),
  ...switches(IPV6, [n.IPV6_DONTFRAG, n.IPV6_FREEBIND, n.IPV6_TRANSPARENT, n.IPV6_RECVORIGDSTADDR]),
  ...switches(IPV6, [n.IPV6_RECVHOPOPTS, n.IPV6_RECVRTHDR, n.IPV6_RECVDSTOPTS, n.IPV6_RECVPATHMTU]),
  ...switches(IPV6, [n.IPV6_FLOWINFO, n.IPV6_FLOWINFO_SEND]),
  row(IPV6, n.IPV6_UNICAST_IF, 0, 0, 0),
  ...switches(IPV6, [n.IPV6_MULTICAST_LOOP, n.IPV6_MULTICAST_ALL, n.IPV6_AUTOFLOWLABEL], 1),
  ...switches(TCP, [n.TCP_NODELAY, n.TCP_CORK]),
  ...switches(TCP, [n.TCP_QUICKACK], 1),
  row(TCP, n.TCP_KEEPIDLE, 7200, 1, 32767),
  row(TCP, n.TCP_KEEPINTVL, 75, 1, 32767),
  row(TCP, n.TCP_KEEPCNT, 9, 1, 127),
  row(TCP, n.TCP_SYNCNT, 6, 1, 127),
  row(TCP, n.TCP_LINGER2, 60, -MAX - 1, MAX),
  row(TCP, n.TCP_DEFER_ACCEPT, 0, -MAX - 1, MAX),
  row(TCP, n.TCP_WINDOW_CLAMP, 0, 0, MAX),
  row(TCP, n.TCP_USER_TIMEOUT, 0, 0, MAX),
  row(TCP, n.TCP_NOTSENT_LOWAT, 0, -MAX - 1, MAX),
  ...switches(TCP, [n.TCP_THIN_LINEAR_TIMEOUTS, n.TCP_THIN_DUPACK]),
  row(TCP, n.TCP_FASTOPEN, 0, 0, MAX),
  ...switches(UDP, [n.UDP_CORK]),
];

const byKey = new Map(rows.map((option) => [optionKey(option.level, option.name), option]));

const word = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);

/** Those that are no plain numbers, or that only show something. */
const shown = new Map<number, (socket: InetSocket) => Uint8Array | number>([
  [optionKey(IP, n.IP_OPTIONS), () => new Uint8Array(0)],
  [optionKey(IP, n.IP_MTU), mtuOf],
  [optionKey(IPV6, n.IPV6_MTU), (socket) => (socket.remote === undefined ? word(65536) : mtuOf(socket))],
  [optionKey(IP, n.IP_MULTICAST_IF), multicastAddress],
  [optionKey(IPV6, n.IPV6_MULTICAST_IF), ({ multicastLink }) => word(multicastLink?.index ?? 0)],
  [optionKey(TCP, n.TCP_MAXSEG), (socket) => word(socket.remote === undefined ? 536 : segmentSize(socket))],
  [optionKey(TCP, n.TCP_INFO), tcpInfo],
  [optionKey(TCP, n.TCP_CONGESTION), () => strToBytes('cubic'.padEnd(16, '\0'))],
]);

function multicastAddress({ multicastLink }: InetSocket): Uint8Array {
  const own = multicastLink?.addresses.find(({ address }) => isV4(address));
  return strToBytes(own === undefined ? '\0\0\0\0' : v4Part(own.address));
}

function mtuOf({ remote, network }: InetSocket): Uint8Array | number {
  const path = remote && network.stack.pathTo(remote.host);
  return path === undefined ? -e.ENOTCONN : word(path.link.mtu);
}

/** The level exists for this kind of socket: TCP's for streams, IPv6's for AF_INET6. */
function hasLevel({ kind }: InetSocket, level: number): boolean {
  if (level === TCP) return kind.type === SOCK_STREAM;
  if (kind.type === SOCK_RAW && level === UDP) return false;
  if (level === UDP) return kind.type !== SOCK_STREAM;
  return level === IP || (level === IPV6 && kind.domain === AF_INET6);
}

export function getInetOption(socket: InetSocket, level: number, name: number): Uint8Array | number {
  if (!hasLevel(socket, level)) return -e.EOPNOTSUPP;
  const key = optionKey(level, name);
  const option = byKey.get(key);
  if (option !== undefined) return word(socket.protocolOptions.get(key) ?? option.initial);
  return shown.get(key)?.(socket) ?? -e.ENOPROTOOPT;
}

/** ip(7) options take a single byte too. */
function numberOf(level: number, value: Uint8Array): number | undefined {
  if (value.length >= 4) return new DataView(value.buffer, value.byteOffset).getInt32(0, true);
  return level === IP && value.length > 0 ? value[0] : undefined;
}

export function setInetOption(socket: InetSocket, level: number, name: number, value: Uint8Array): number {
  if (!hasLevel(socket, level)) return -e.ENOPROTOOPT;
  const key = optionKey(level, name);
  const option = byKey.get(key);
  if (option === undefined) return setOther(socket, level, name, value);
  const wanted = numberOf(level, value);
  if (wanted === undefined) return -e.EINVAL;
  if (wanted < option.range[0] || wanted > option.range[1]) return -e.EINVAL;
  if (key === V6ONLY && socket.localPort !== 0) return -e.EINVAL;
  socket.protocolOptions.set(key, settled(option, wanted));
  if (key === CORK && wanted === 0) return socket.uncork();
  if (key === TCP_CORK) socket.setCork(wanted !== 0);
  if (key === NODELAY && wanted !== 0) socket.pushHeld();
  return 0;
}

const CORK = optionKey(UDP, n.UDP_CORK);
const TCP_CORK = optionKey(TCP, n.TCP_CORK);
const NODELAY = optionKey(TCP, n.TCP_NODELAY);
const V6ONLY = optionKey(IPV6, n.IPV6_V6ONLY);

/** What a set value reads back as. */
function settled({ name, level, initial, isSwitch }: OptionRow, wanted: number): number {
  if (isSwitch) return Number(wanted !== 0);
  if (level === IP && name === n.IP_TOS) return wanted & 0xff;
  return wanted === -1 && level === IPV6 ? initial : wanted;
}

function setOther(socket: InetSocket, level: number, name: number, value: Uint8Array): number {
  const membership = membershipOptions.find((row) => row[0] === level && row[1] === name);
  if (membership !== undefined) return membership[2](socket, value);
  if (level !== TCP) return -e.ENOPROTOOPT;
  if (name === n.TCP_CONGESTION) return String.fromCharCode(...value).startsWith('cubic') ? 0 : -e.ENOENT;
  // As with net.ipv4.tcp_fastopen 0.
  if (name === n.TCP_FASTOPEN_CONNECT) return value.some((byte) => byte !== 0) ? -e.EOPNOTSUPP : 0;
  return name === n.TCP_ULP ? -e.ENOENT : -e.ENOPROTOOPT;
}

/** /proc/net of internet sockets and cards, proc(5): the columns that Linux prints, in its widths. */
import { strToBytes } from '../../../base/bytes.ts';
import { type Address, isAny, isV4, v4Part } from '../../../net/address.ts';
import type { Link, LinkAddress } from '../../../net/stack.ts';
import * as n from '../../abi/in.ts';
import { AF_INET6 } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import type { Row } from '../../vfs/generated-fs.ts';
import type { DatagramSocket } from './datagram-socket.ts';
import type { Endpoint } from './endpoint.ts';
import type { InetSocket } from './inet-socket.ts';
import { maskBytes } from './link-ioctls.ts';
import { networkOf } from './network.ts';
import type { TcpSocket } from './tcp-socket.ts';

const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0');
const hexBytes = (bytes: Iterable<number>): string => [...bytes].map((byte) => hex(byte, 2)).join('');

/** Bytes of an address in words of the processor's order, as the kernel prints them. */
function hexAddress(address: Address, isV6: boolean): string {
  const bytes = strToBytes(isV6 ? (isV4(address) && isAny(address) ? '\0'.repeat(16) : address) : v4Part(address));
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) text += hexBytes(bytes.slice(at, at + 4).reverse());
  return text;
}

const isSix = ({ kind }: InetSocket): boolean => kind.domain === AF_INET6;
const place = (socket: InetSocket, { host, port }: Endpoint): string =>
  `${hexAddress(host, isSix(socket))}:${hex(port, 4)}`;

function nowhere(socket: InetSocket): string {
  return `${'0'.repeat(isSix(socket) ? 32 : 8)}:0000`;
}

interface Columns {
  readonly sent: number;
  readonly received: number;
  readonly tail: string;
}

/** A line of tcp, udp, raw and their kin. */
function line(socket: InetSocket, index: number, width: number, { sent, received, tail }: Columns): string {
  const local = place(socket, { host: socket.localHost, port: socket.localPort });
  const remote = socket.remote === undefined ? nowhere(socket) : place(socket, socket.remote);
  const queues = `${hex(sent, 8)}:${hex(received, 8)} 00:00000000 00000000`;
  const { ino, uid } = socket.inode!.stat();
  const owner = `${String(uid).padStart(5)}        0 ${ino}`;
  return `${String(index).padStart(width)}: ${local} ${remote} ${hex(socket.tcpState, 2)} ${queues} ${owner} ${tail}`;
}

const HEADING =
  '  sl  local_address                         remote_address                        st tx_queue rx_queue tr ';

function heading(isV6: boolean, isTcp: boolean): string {
  if (isV6) return `${HEADING}tm->when retrnsmt   uid  timeout inode${isTcp ? '' : ' ref pointer drops'}`;
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode`;
  return (isTcp ? text : ` ${text} ref pointer drops`).padEnd(isTcp ? 149 : 127);
}

/** Linux prints the address of the socket in its memory; nobody can do anything with one of ours. */
const POINTER = '0000000000000000';

function tcpTable(kernel: Kernel, isV6: boolean): string {
  const sockets = [...networkOf(kernel).tcp].filter(
    (socket) => isSix(socket) === isV6 && socket.tcpState !== n.TCP_CLOSE,
  );
  const columns = (socket: TcpSocket): Columns => ({
    sent: socket.isListening ? 0 : socket.unsentBytes,
    received: socket.waiting?.count ?? socket.readableBytes,
    tail: `1 ${POINTER} 100 0 0 10 ${socket.isListening ? '0' : '-1'}`,
  });
  const lines = sockets.map((socket, i) => line(socket, i, 4, columns(socket)));
  return finish(heading(isV6, true), isV6 ? lines : lines.map((text) => text.padEnd(149)));
}

function datagramTable(isV6: boolean, sockets: Iterable<DatagramSocket>): string {
  const own = [...sockets].filter((socket) => isSix(socket) === isV6);
  const columns = ({ queueUse }: DatagramSocket): Columns => ({
    sent: 0,
    received: queueUse.usedBytes,
    tail: `2 ${POINTER} ${queueUse.dropped}`,
  });
  const lines = own.map((socket) => line(socket, socket.localPort & 0xffff, 5, columns(socket)));
  return finish(heading(isV6, false), isV6 ? lines : lines.map((text) => text.padEnd(127)));
}

const finish = (first: string, lines: readonly string[]): string => `${[first, ...lines].join('\n')}\n`;

function devices(kernel: Kernel): string {
  const lines = networkOf(kernel).stack.links.map(({ name, counters }) => {
    const side = (bytes: number, packets: number, width: number): string =>
      `${String(bytes).padStart(width)} ${String(packets).padStart(7)}    0    0    0     0          0         0`;
    const { receivedBytes, receivedPackets, sentBytes, sentPackets } = counters;
    const sent = `${String(sentBytes).padStart(8)} ${String(sentPackets).padStart(7)}    0    0    0     0       0          0`;
    return `${name.padStart(6)}: ${side(receivedBytes, receivedPackets, 7)} ${sent}\n`;
  });
  return (
    'Inter-|   Receive                                                |  Transmit\n' +
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n' +
    lines.join('')
  );
}

/** IPv4's main table; flags: 1 up, 2 by a gateway. */
function routes(kernel: Kernel): string {
  const lines = (networkOf(kernel).transport?.routes ?? [])
    .filter(({ destination }) => isV4(destination))
    .map(({ destination, prefixLen, gateway, link }) => {
      const via = gateway === undefined ? '00000000' : hexAddress(gateway, false);
      const mask = hexBytes(maskBytes(prefixLen).reverse());
      const flags = gateway === undefined ? '0001' : '0003';
      return `${link.name}\t${hexAddress(destination, false)}\t${via}\t${flags}\t0\t0\t0\t${mask}\t0\t0\t0`;
    });
  const first = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';
  return [first, ...lines].map((text) => `${text.padEnd(127)}\n`).join('');
}

/** Scope column of if_inet6: 0x10 host, 0x20 link, 0 global; 0x80: permanent. */
function addresses6(kernel: Kernel): string {
  const row = (link: Link, { address, prefixLen }: LinkAddress): string => {
    const scope = link.isLoopback ? 0x10 : address.charCodeAt(0) === 0xfe ? 0x20 : 0;
    const bytes = hexBytes(strToBytes(address)).toLowerCase();
    const numbers = [link.index, prefixLen, scope, 0x80].map((value) => hex(value, 2).toLowerCase()).join(' ');
    return `${bytes} ${numbers} ${link.name.padStart(8)}\n`;
  };
  return networkOf(kernel)
    .stack.links.flatMap((link) => link.addresses.filter(({ address }) => !isV4(address)).map((own) => row(link, own)))
    .join('');
}

function sockstat(kernel: Kernel): string {
  const { tcp, udp, udpLite, raw } = networkOf(kernel);
  const count = (sockets: Iterable<InetSocket>): number => [...sockets].filter((socket) => !isSix(socket)).length;
  return [
    `sockets: used ${count(tcp) + count(udp) + count(udpLite) + count(raw)}`,
    `TCP: inuse ${count(tcp)} orphan 0 tw 0 alloc ${count(tcp)} mem 0`,
    `UDP: inuse ${count(udp)} mem 0`,
    `UDPLITE: inuse ${count(udpLite)}`,
    `RAW: inuse ${count(raw)}`,
    'FRAG: inuse 0 memory 0\n',
  ].join('\n');
}

type NetFile = readonly [name: string, read: (kernel: Kernel) => string];

const files: readonly NetFile[] = [
  ['tcp', (kernel) => tcpTable(kernel, false)],
  ['tcp6', (kernel) => tcpTable(kernel, true)],
  ['udp', (kernel) => datagramTable(false, networkOf(kernel).udp)],
  ['udp6', (kernel) => datagramTable(true, networkOf(kernel).udp)],
  ['udplite', (kernel) => datagramTable(false, networkOf(kernel).udpLite)],
  ['udplite6', (kernel) => datagramTable(true, networkOf(kernel).udpLite)],
  ['raw', (kernel) => datagramTable(false, networkOf(kernel).raw)],
  ['raw6', (kernel) => datagramTable(true, networkOf(kernel).raw)],
  ['icmp', (kernel) => datagramTable(false, networkOf(kernel).ping)],
  ['icmp6', (kernel) => datagramTable(true, networkOf(kernel).ping)],
  ['dev', devices],
  ['route', routes],
  ['if_inet6', addresses6],
  ['sockstat', sockstat],
  // No table of hardware addresses exists: streams need none.
  ['arp', () => 'IP address       HW type     Flags       HW address            Mask     Device\n'],
];

/** Rows for /proc: `net` of each process shows the one network. */
export const procNetRows: readonly Row<{ readonly kernel: Kernel }>[] = files.flatMap(([name, read]) =>
  ['<pid>', '<pid>/task/<tid>'].map((directory) => ({
    path: `${directory}/net/${name}`,
    read: ({ kernel }: { readonly kernel: Kernel }) => read(kernel),
  })),
);

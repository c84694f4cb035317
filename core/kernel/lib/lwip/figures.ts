/** Cards and sockets of the machine as its owner sees them (net/figures.ts): the connection table. */
import { isAny } from '../../../net/address.ts';
import { formatAddress, formatEndpoint } from '../../../net/address-text.ts';
import type { CardFigures, ConnectionFigures, NetworkFigures, SocketKind, SocketState } from '../../../net/figures.ts';
import type { Link } from '../../../net/stack.ts';
import * as n from '../../abi/in.ts';
import type { Kernel } from '../../kernel.ts';
import type { DatagramSocket } from './datagram-socket.ts';
import type { InetSocket } from './inet-socket.ts';
import { type Network, networkOf } from './network.ts';
import type { TcpSocket } from './tcp-socket.ts';

const states: Readonly<Record<number, SocketState>> = {
  [n.TCP_LISTEN]: 'listen',
  [n.TCP_SYN_SENT]: 'connecting',
  [n.TCP_ESTABLISHED]: 'established',
  [n.TCP_CLOSE_WAIT]: 'close-wait',
  [n.TCP_LAST_ACK]: 'last-ack',
  [n.TCP_FIN_WAIT2]: 'fin-wait',
};

function ends(socket: InetSocket): Pick<ConnectionFigures, 'local' | 'remote' | 'card'> {
  const { localHost, localPort, remote, network } = socket;
  const local = formatEndpoint({ host: localHost, port: localPort });
  if (remote === undefined) {
    const card = isAny(localHost) ? undefined : network.stack.pathTo(localHost)?.link.name;
    return { local, ...(card === undefined ? {} : { card: cardOf(network, socket) ?? card }) };
  }
  const card = network.stack.pathTo(remote.host)?.link.name;
  return { local, remote: formatEndpoint(remote), ...(card === undefined ? {} : { card }) };
}

/** The card that has the address a socket is bound to: packets to it from the machine itself take the loopback. */
const cardOf = ({ stack }: Network, { localHost }: InetSocket): string | undefined =>
  stack.links.find(({ addresses }) => addresses.some(({ address }) => address === localHost))?.name;

function tcpFigures(socket: TcpSocket): ConnectionFigures {
  const { stream } = socket;
  return {
    kind: 'tcp',
    state: states[socket.tcpState]!,
    ...ends(socket),
    sentBytes: stream?.sentBytes ?? 0,
    receivedBytes: stream?.receivedBytes ?? 0,
    waiting: socket.waiting?.count ?? stream?.available ?? 0,
    unsentBytes: stream?.unsent ?? 0,
    dropped: 0,
  };
}

function datagramFigures(kind: SocketKind, socket: DatagramSocket): ConnectionFigures {
  const { usedBytes, dropped } = socket.queueUse;
  return {
    kind,
    state: socket.remote === undefined ? 'unconnected' : 'established',
    ...ends(socket),
    sentBytes: socket.sentBytes,
    receivedBytes: socket.receivedBytes,
    waiting: usedBytes,
    unsentBytes: 0,
    dropped,
  };
}

function cardFigures(link: Link, network: string | undefined): CardFigures {
  const { name, mtu, hardwareAddress, addresses, counters } = link;
  return {
    name,
    ...(network === undefined ? {} : { network }),
    hardwareAddress: Array.from(hardwareAddress, (byte) => byte.toString(16).padStart(2, '0')).join(':'),
    mtu,
    addresses: addresses.map(({ address, prefixLen }) => `${formatAddress(address)}/${prefixLen}`),
    ...counters,
  };
}

export function networkFigures(kernel: Kernel): NetworkFigures {
  const network = networkOf(kernel);
  const open = [...network.tcp].filter((socket) => socket.tcpState !== n.TCP_CLOSE);
  return {
    cards: network.stack.links.map((link) => cardFigures(link, network.transport?.networkOf(link))),
    connections: [
      ...open.map(tcpFigures),
      ...[...network.udp, ...network.udpLite].map((socket) => datagramFigures('udp', socket)),
      ...[...network.ping].map((socket) => datagramFigures('icmp', socket)),
      ...[...network.raw].map((socket) => datagramFigures('raw', socket)),
    ],
  };
}

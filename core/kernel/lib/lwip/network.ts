/** What all internet sockets of one machine share: the network, and the port numbers of each protocol. */

import { PortTable } from '../../../net/ports.ts';
import { LoopbackStack, type NetworkStack } from '../../../net/stack.ts';
import { type Kernel, service } from '../../kernel.ts';
import type { TcpSocket } from './tcp-socket.ts';
import type { UdpSocket } from './udp-socket.ts';

export interface Network {
  stack: NetworkStack;
  readonly tcp: PortTable<TcpSocket>;
  readonly udp: PortTable<UdpSocket>;
}

function randomSeed(kernel: Kernel): number {
  const bytes = new Uint8Array(2);
  kernel.host.random(bytes);
  return bytes[0]! | (bytes[1]! << 8);
}

export const networkOf: (kernel: Kernel) => Network = service('lwip', (kernel) => ({
  stack: new LoopbackStack(),
  tcp: new PortTable<TcpSocket>(randomSeed(kernel)),
  udp: new PortTable<UdpSocket>(randomSeed(kernel)),
}));

/** Joins the sockets of a machine to its transport: what comes from outside finds its socket. */
import { isMulticast } from '../../../net/address.ts';
import { type Datagram, type Endpoint, PROTOCOL_UDP, type StreamFault } from '../../../net/transport.ts';
import type { Kernel } from '../../kernel.ts';
import type { Packet } from './datagram-socket.ts';
import { arrive } from './icmp-socket.ts';
import { type Network, networkOf } from './network.ts';
import { deliverUdp } from './udp-socket.ts';

/** Does nothing for a machine on no network. */
export function attachTransport(kernel: Kernel): void {
  const network = networkOf(kernel);
  const { transport } = network;
  if (transport === undefined) return;
  transport.handlers = {
    connection: (stream) => network.connection(stream),
    datagram: (datagram) => receive(network, datagram),
    undeliverable: (protocol, local, remote, fault) => tellSender(network, protocol, local, remote, fault),
    changed: () => network.changed(),
  };
  kernel.inputs.push(() => transport.poll());
}

function receive(network: Network, { protocol, from, to, bytes, hops, trafficClass, card }: Datagram): boolean {
  const packet: Packet = { bytes, from, to, hops, trafficClass, link: card };
  const isForMany = isMulticast(to.host) || network.stack.isBroadcast(to.host);
  if (protocol !== PROTOCOL_UDP) return arrive(network, protocol, packet, false);
  return deliverUdp(network.udp, packet, isForMany) || isForMany;
}

function tellSender(
  network: Network,
  protocol: Datagram['protocol'],
  local: Endpoint,
  remote: Endpoint,
  fault: StreamFault,
): void {
  if (protocol !== PROTOCOL_UDP) {
    for (const socket of network.ping) if (socket.localHost === local.host) socket.unreachable(fault);
    return;
  }
  for (const socket of network.udp.at(local.port)) {
    const peer = socket.remote;
    if (peer === undefined || (peer.host === remote.host && peer.port === remote.port)) socket.unreachable(fault);
  }
}

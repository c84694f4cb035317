/** Networks and forwards as the contract tells of them. */
import type { ForwardInfo, NetworkInfo } from '../../contract/api/net.ts';
import { formatAddress, formatPrefix } from '../../net/address-text.ts';
import { DEFAULT_NETWORK, gatewaysOf, type NetworkConfig } from '../../net/network.ts';
import type { Leases } from './leases.ts';
import type { OpenForward } from './membership.ts';

export function describeNetwork(network: NetworkConfig, leases: Leases): NetworkInfo {
  const { name, v4, v6, isIsolated } = network;
  return {
    name,
    subnet: formatPrefix(v4),
    ...(v6 === undefined ? {} : { subnet6: formatPrefix(v6) }),
    gateways: gatewaysOf(network).map(formatAddress),
    isIsolated,
    isBuiltIn: name === DEFAULT_NETWORK.name,
    machines: leases.machines(false).map(({ name: machine, addresses, pid }) => ({
      name: machine,
      addresses: addresses.map(formatAddress),
      pid,
      isOwn: pid === process.pid,
    })),
  };
}

export const describeForward = ({ spec, forward }: OpenForward): ForwardInfo => ({
  address: spec.address,
  hostPort: forward.port,
  guestPort: spec.guestPort,
  protocol: spec.protocol,
});

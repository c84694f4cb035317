/** Tells every station of this process which faults on purpose it imposes: the receiver of a packet imposes those of both links. */
import type { Address } from '../../net/address.ts';
import type { WireFaults } from '../../net/fault-plan.ts';
import { Membership } from './membership.ts';
import type { VirtualNetwork } from './virtual-network.ts';

export function imposeFaults(memberships: Iterable<Membership>, networks: readonly VirtualNetwork[]): void {
  const toGateways = new Map(networks.map((network) => [network, [] as WireFaults[]]));
  for (const membership of memberships) {
    const own: WireFaults[] = [];
    for (const { id, network, ends } of membership.wires) {
      const other = ends[0] === membership ? ends[1] : ends[0];
      const addressesOf = (name: string): readonly Address[] => network.addressesOf(name);
      const stagesOf = ({ links }: Membership, direction: 'in' | 'out') =>
        links.stages(direction, network.config, addressesOf);
      const left = other instanceof Membership ? stagesOf(other, 'out') : [];
      own.push({ wire: id, stages: [...left, ...stagesOf(membership, 'in')] });
      if (other === network) toGateways.get(network)?.push({ wire: id, stages: stagesOf(membership, 'out') });
    }
    membership.peer.impair(own);
  }
  for (const [network, faults] of toGateways) network.gateway.station.impair(faults);
}

/** Brings what the kernel command line says of network interfaces to the machine's cards, before its program starts. */
import type { BootNetwork } from '../kernel/boot-files.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { interfaceConfigurations } from '../kernel/lib/uknetdev/configuration.ts';
import { type Address, isV4 } from '../net/address.ts';
import { formatAddress, parseAddress } from '../net/address-text.ts';
import type { Link } from '../net/stack.ts';
import type { Transport } from '../net/transport.ts';

/** What programs are told in /etc. */
export function configureNetwork(kernel: Kernel): BootNetwork {
  const { transport } = kernel.host;
  const configured = interfaceConfigurations(kernel);
  const [first] = configured;
  if (transport === undefined) return first ?? {};
  const cards = transport.links.filter(({ isLoopback }) => !isLoopback);
  for (const [i, { address, prefixLen, gateway }] of configured.entries()) {
    const card = cards[i];
    if (card === undefined) continue;
    if (address !== undefined) setAddress(transport, card, parseAddress(address)!, prefixLen);
    if (gateway !== undefined) setGateway(transport, card, parseAddress(gateway)!);
  }
  if (kernel.domainname === '(none)' && transport.searchDomain !== undefined)
    kernel.domainname = transport.searchDomain;
  const own = cards[0]?.addresses.find(({ address }) => isV4(address));
  return {
    ...(own === undefined ? {} : { address: formatAddress(own.address) }),
    dns: first?.dns ?? transport.nameServers.map(formatAddress),
  };
}

/** A card has one IPv4 address; without a prefix length it keeps the network's. */
function setAddress(transport: Transport, card: Link, address: Address, prefixLen: number | undefined): void {
  const before = card.addresses.find((own) => isV4(own.address));
  const others = card.addresses.filter((own) => !isV4(own.address));
  if (before?.address === address && (prefixLen ?? before.prefixLen) === before.prefixLen) return;
  transport.setAddresses(card, [{ address, prefixLen: prefixLen ?? before?.prefixLen ?? 24 }, ...others]);
}

function setGateway(transport: Transport, card: Link, gateway: Address): void {
  const others = transport.routes.filter(
    (route) => route.link !== card || route.gateway === undefined || !isV4(route.gateway),
  );
  const route = { destination: parseAddress('0.0.0.0')!, prefixLen: 0, gateway, link: card };
  transport.setRoutes([...others, route]);
}

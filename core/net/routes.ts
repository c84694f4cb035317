/** Routing tables: the most specific row wins, the earlier one of two alike. */
import { type Address, ANY4, ANY6, isInPrefix, isV4 } from './address.ts';
import { maskAddress } from './address-text.ts';
import type { Link, LinkAddress } from './stack.ts';
import type { Route } from './transport.ts';

/** The rows that a card brings: its own prefixes, and a default route for each gateway. */
export function cardRoutes(link: Link, gateways: readonly Address[]): Route[] {
  const own = link.addresses.map(({ address, prefixLen }) => ({
    destination: maskAddress(address, prefixLen),
    prefixLen,
    gateway: undefined,
    link,
  }));
  return [
    ...own,
    ...gateways.map((gateway) => ({
      destination: isV4(gateway) ? ANY4 : ANY6,
      prefixLen: 0,
      gateway,
      link,
    })),
  ];
}

/** The last address of an IPv4 prefix; undefined for IPv6 and for prefixes without one. */
export function broadcastOf({ address, prefixLen, broadcast }: LinkAddress): Address | undefined {
  if (broadcast !== undefined) return broadcast;
  if (!isV4(address) || prefixLen > 30) return undefined;
  let text = address.slice(0, 12);
  for (let i = 0; i < 4; i++) {
    const left = Math.min(8, Math.max(0, prefixLen - i * 8));
    text += String.fromCharCode(address.charCodeAt(12 + i) | (0xff >> left));
  }
  return text;
}

export function findRoute(routes: readonly Route[], destination: Address): Route | undefined {
  let best: Route | undefined;
  for (const route of routes) {
    if (best !== undefined && route.prefixLen <= best.prefixLen) continue;
    if (isInPrefix(destination, route.destination, route.prefixLen)) best = route;
  }
  return best;
}

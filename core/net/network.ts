/** What a virtual network is made of. */
import { type Address, isV4, v4 } from './address.ts';
import { addToAddress, maskAddress, type Prefix } from './address-text.ts';
import type { CardConfig } from './station.ts';

export interface NetworkConfig {
  readonly name: string;
  /** IPv4; its first address is the host's. */
  readonly v4: Prefix;
  readonly v6: Prefix | undefined;
  /** No way out of it but forwards. */
  readonly isIsolated: boolean;
}

export const DEFAULT_NETWORK: NetworkConfig = {
  name: 'default',
  v4: { network: v4(172, 44, 0, 0), prefixLen: 24 },
  v6: undefined,
  isIsolated: false,
};

export const MTU = 1500;

export const prefixesOf = ({ v4: prefix4, v6 }: NetworkConfig): Prefix[] => [
  prefix4,
  ...(v6 === undefined ? [] : [v6]),
];

/** The host's addresses on a network, where its gateway and name server are. */
export function gatewaysOf(config: NetworkConfig): Address[] {
  return prefixesOf(config).map(({ network }) => addToAddress(network, 1));
}

/** How many guests a network has addresses for. */
export function hostCount({ v4: { prefixLen } }: NetworkConfig): number {
  return 2 ** (32 - prefixLen) - 3;
}

/** The `n`th guest's addresses, from 0: 172.44.0.2, and the IPv6 address with the same number. */
export function guestAddresses(config: NetworkConfig, n: number): Address[] {
  return prefixesOf(config).map(({ network }) => addToAddress(network, n + 2));
}

/** A locally administered hardware address made of the IPv4 address, so that no two of a network are alike. */
export function hardwareAddress(address: Address): Uint8Array {
  return Uint8Array.from([0x02, 0x42, ...Array.from(address.slice(12), (byte) => byte.charCodeAt(0))]);
}

/** The prefix length that an address has on a network; undefined when it is not in it. */
export function prefixLenIn({ v4: prefix4, v6 }: NetworkConfig, address: Address): number | undefined {
  const prefix = isV4(address) ? prefix4 : v6;
  if (prefix === undefined || maskAddress(address, prefix.prefixLen) !== prefix.network) return undefined;
  return prefix.prefixLen;
}

export function cardOn(network: NetworkConfig, addresses: readonly Address[]): CardConfig {
  const own = addresses.map((address) => ({ address, prefixLen: prefixLenIn(network, address)! }));
  const first = addresses.find(isV4) ?? addresses[0]!;
  const gateways = network.isIsolated ? [] : gatewaysOf(network);
  return { network: network.name, hardwareAddress: hardwareAddress(first), mtu: MTU, addresses: own, gateways };
}

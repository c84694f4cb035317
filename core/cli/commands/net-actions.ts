/** What the commands of `elfdeck net` do. */
import { writeSync } from 'node:fs';
import { NetworkStore } from '../../manager/net/network-store.ts';
import { leasesOf } from '../../manager/net/networks.ts';
import { Home } from '../../manager/store/home.ts';
import { formatAddress, formatPrefix } from '../../net/address-text.ts';
import { gatewaysOf, type NetworkConfig } from '../../net/network.ts';

const print = (text: string): void => void writeSync(1, `${text}\n`);

export interface CreateOptions {
  subnet?: string;
  ipv6?: string;
  isolated?: boolean;
}

export async function createNetwork(name: string, { subnet, ipv6, isolated }: CreateOptions): Promise<void> {
  const made = await new NetworkStore(Home.open()).create({
    name,
    ...(subnet === undefined ? {} : { cidr: subnet }),
    ...(ipv6 === undefined ? {} : { cidr6: ipv6 }),
    ...(isolated === undefined ? {} : { isIsolated: isolated }),
  });
  print(`${made.name} ${prefixes(made)}`);
}

export async function removeNetworks(names: readonly string[]): Promise<void> {
  const home = Home.open();
  const store = new NetworkStore(home);
  for (const name of names) {
    await store.remove(name, () => leasesOf(home, name).machines(false).length > 0);
    print(name);
  }
}

const prefixes = ({ v4, v6 }: NetworkConfig): string =>
  [v4, ...(v6 === undefined ? [] : [v6])].map(formatPrefix).join(' ');

function describe(home: Home, network: NetworkConfig) {
  return {
    name: network.name,
    subnet: formatPrefix(network.v4),
    ...(network.v6 === undefined ? {} : { ipv6: formatPrefix(network.v6) }),
    gateways: gatewaysOf(network).map(formatAddress),
    isolated: network.isIsolated,
    machines: leasesOf(home, network.name)
      .machines(false)
      .map(({ name, addresses }) => ({ name, addresses: addresses.map(formatAddress) })),
  };
}

export function listNetworks({ output }: { output: string }): void {
  const home = Home.open();
  const rows = new NetworkStore(home).list().map((network) => describe(home, network));
  if (output === 'json') {
    print(JSON.stringify(rows, null, 2));
    return;
  }
  const cells = rows.map(({ name, subnet, ipv6, isolated, machines }) => [
    name,
    subnet,
    ipv6 ?? '-',
    isolated ? 'isolated' : 'open',
    String(machines.length),
  ]);
  table([['NAME', 'SUBNET', 'IPV6', 'OUTSIDE', 'MACHINES'], ...cells]);
}

function table(rows: readonly string[][]): void {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  for (const row of rows)
    print(
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    );
}

export function inspectNetwork(name: string): void {
  const home = Home.open();
  print(JSON.stringify(describe(home, new NetworkStore(home).get(name)), null, 2));
}

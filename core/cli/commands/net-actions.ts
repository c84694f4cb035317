/** What the commands of `elfdeck net` do. */
import { resolve } from 'node:path';
import type { CardFigures, ConnectionFigures, ForwardInfo, NetworkInfo } from '../../contract/api/net.ts';
import { VmError } from '../../contract/errors.ts';
import type { FaultRule, ForwardSpec } from '../../contract/vm-spec.ts';
import { formatEndpoint, parseAddress } from '../../net/address-text.ts';
import { formatFaults, parseFaults } from '../fault-text.ts';
import { withManager } from '../manager-client.ts';
import { parseForward } from '../network-options.ts';

// Not writeSync: a pipe that is full would fail it, and tables can be long.
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));

/** `-o`. */
export interface OutputOption {
  output: string;
}

function table(rows: readonly string[][]): void {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: string[]): string => row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ');
  for (const row of rows) print(line(row).trimEnd());
}

// Networks

export interface CreateOptions {
  subnet?: string;
  ipv6?: string;
  isolated?: boolean;
}

export const createNetwork = (name: string, { subnet, ipv6, isolated }: CreateOptions): Promise<void> =>
  withManager(async ({ api }) => {
    const made = await api.call('net.create', {
      name,
      ...(subnet === undefined ? {} : { subnet }),
      ...(ipv6 === undefined ? {} : { subnet6: ipv6 }),
      ...(isolated === undefined ? {} : { isIsolated: isolated }),
    });
    print([made.name, made.subnet, ...(made.subnet6 === undefined ? [] : [made.subnet6])].join(' '));
  });

export const removeNetworks = (names: readonly string[]): Promise<void> =>
  withManager(async ({ api }) => {
    for (const network of names) {
      await api.call('net.remove', { network });
      print(network);
    }
  });

export const listNetworks = ({ output }: OutputOption): Promise<void> =>
  withManager(async ({ api }) => {
    const networks = await api.call('net.list', {});
    if (output === 'json') {
      printJson(networks);
      return;
    }
    const cells = networks.map(({ name, subnet, subnet6, isIsolated, machines }) => [
      name,
      subnet,
      subnet6 ?? '-',
      isIsolated ? 'isolated' : 'open',
      String(machines.length),
    ]);
    table([['NAME', 'SUBNET', 'IPV6', 'OUTSIDE', 'MACHINES'], ...cells]);
  });

export const inspectNetwork = (name: string): Promise<void> =>
  withManager(async ({ api }) => {
    const found = (await api.call('net.list', {})).find((network) => network.name === name);
    if (found === undefined) throw noNetwork(name);
    printJson(found);
  });

const noNetwork = (name: string): VmError =>
  new VmError('net.not-found', `there is no network "${name}"; "elfdeck net ls" lists them`, { name });

const machineRows = ({ name, machines }: NetworkInfo): string[][] =>
  machines.map((machine) => [machine.name, name, machine.addresses.join(','), String(machine.pid)]);

export const listMachines = ({ output }: OutputOption): Promise<void> =>
  withManager(async ({ api }) => {
    const networks = await api.call('net.list', {});
    if (output === 'json') {
      printJson(networks.flatMap(({ name, machines }) => machines.map((machine) => ({ network: name, ...machine }))));
    } else table([['NAME', 'NETWORK', 'ADDRESSES', 'PROCESS'], ...networks.flatMap(machineRows)]);
  });

// A machine that runs

const connectionRow = (row: ConnectionFigures): string[] => [
  row.kind,
  row.state,
  row.local,
  row.remote ?? '*',
  row.card ?? '*',
  ...[row.receivedBytes, row.sentBytes, row.waiting, row.unsentBytes].map(String),
];

export const listConnections = (vm: string, { output }: OutputOption): Promise<void> =>
  withManager(async ({ api }) => {
    const rows = await api.call('net.conns', { vm });
    if (output === 'json') printJson(rows);
    else
      table([
        ['PROTO', 'STATE', 'LOCAL', 'REMOTE', 'CARD', 'RECEIVED', 'SENT', 'WAITING', 'UNSENT'],
        ...rows.map(connectionRow),
      ]);
  });

const cardRow = (card: CardFigures): string[] => [
  card.name,
  card.network ?? '-',
  card.addresses.join(','),
  ...[card.receivedBytes, card.receivedPackets, card.sentBytes, card.sentPackets, card.droppedPackets].map(String),
];

export const showMachine = (vm: string, { output }: OutputOption): Promise<void> =>
  withManager(async ({ api }) => {
    const machine = await api.call('net.machine', { vm });
    if (output === 'json') {
      printJson(machine);
      return;
    }
    table([
      ['CARD', 'NETWORK', 'ADDRESSES', 'RX BYTES', 'RX PACKETS', 'TX BYTES', 'TX PACKETS', 'DROPPED'],
      ...machine.cards.map(cardRow),
    ]);
    for (const forward of machine.forwards) print(`forward ${forwardText(forward)}`);
    for (const rule of machine.faults) print(`faults ${formatFaults(rule)}`);
    if (machine.capture !== undefined) print(`capture ${machine.capture}`);
  });

const forwardText = ({ address, hostPort, guestPort, protocol }: ForwardInfo): string =>
  `${formatEndpoint({ host: parseAddress(address)!, port: hostPort })} -> ${guestPort}/${protocol}`;

export const addForwards = (vm: string, texts: readonly string[]): Promise<void> => {
  const forwards: ForwardSpec[] = texts.map(parseForward);
  return withManager(async ({ api }) => {
    for (const forward of forwards) print(forwardText(await api.call('net.forward', { vm, forward })));
  });
};

/** `[ADDR:]HOST[:GUEST][/tcp|udp]`, as it was given to `forward` or without what isn't needed to tell it. */
export const removeForward = (vm: string, text: string): Promise<void> => {
  const match = /^(?:(\[[^\]]*\]|[^:]*):)?(\d+)(?::\d+)?(?:\/(tcp|udp))?$/.exec(text);
  const [, place, port, protocol = 'tcp'] = match ?? [];
  // `8080:80` reads as an address and a port: the first of two numbers is the port.
  const [address, hostPort] = place !== undefined && /^\d+$/.test(place) ? [undefined, place] : [place, port];
  if (match === null || hostPort === undefined)
    throw new VmError('net.malformed', `${text}: write the port of this computer, for example 8080 or 5353/udp`, {
      text,
    });
  return withManager(async ({ api }) => {
    await api.call('net.unforward', {
      vm,
      hostPort: Number(hostPort),
      protocol: protocol as 'tcp' | 'udp',
      ...(address === undefined ? {} : { address: address.replace(/^\[(.*)\]$/, '$1') }),
    });
  });
};

export const setCapture = (vm: string, file: string): Promise<void> =>
  withManager(async ({ api }) => {
    await api.call('net.capture', { vm, path: file === 'off' ? null : resolve(file) });
  });

/** Without rules shows those there are; `none` ends them. */
export const faults = (vm: string, texts: readonly string[]): Promise<void> => {
  const rules: FaultRule[] = texts.includes('none') && texts.length === 1 ? [] : texts.map(parseFaults);
  return withManager(async ({ api }) => {
    if (texts.length > 0) await api.call('net.set-faults', { vm, faults: rules });
    for (const rule of (await api.call('net.machine', { vm })).faults) print(formatFaults(rule));
  });
};

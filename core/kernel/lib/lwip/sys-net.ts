/** /sys/class/net: one directory for each card, as Linux's Documentation/ABI/testing/sysfs-class-net has it. */
import type { Link } from '../../../net/stack.ts';
import { EINVAL } from '../../abi/errno.ts';
import { fail } from '../../errors.ts';
import type { Row, SysSubject, Variable } from '../../vfs/generated-fs.ts';
import { hardwareType, linkFlags, TX_QUEUE_LENGTH } from './link-ioctls.ts';
import { networkOf } from './network.ts';

export const linkVariable: Variable<SysSubject> = {
  name: 'link',
  enter: ({ kernel }, name) =>
    networkOf(kernel).stack.links.some((link) => link.name === name) ? { kernel, name } : undefined,
  list: ({ kernel }) => networkOf(kernel).stack.links.map(({ name }) => name),
};

const linkOf = ({ kernel, name }: SysSubject): Link =>
  networkOf(kernel).stack.links.find((link) => link.name === name)!;

const colons = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');

const values: readonly (readonly [name: string, value: (link: Link) => string | number])[] = [
  ['address', ({ hardwareAddress }) => colons(hardwareAddress)],
  ['broadcast', ({ isLoopback }) => colons(new Uint8Array(6).fill(isLoopback ? 0 : 0xff))],
  ['addr_len', () => 6],
  ['addr_assign_type', () => 0],
  ['ifindex', ({ index }) => index],
  ['iflink', ({ index }) => index],
  ['ifalias', () => ''],
  ['type', hardwareType],
  ['mtu', ({ mtu }) => mtu],
  ['flags', (link) => `0x${linkFlags(link).toString(16)}`],
  ['carrier', () => 1],
  ['carrier_changes', () => 0],
  ['dormant', () => 0],
  ['link_mode', () => 0],
  ['dev_id', () => '0x0'],
  ['dev_port', () => 0],
  ['netdev_group', () => 0],
  ['proto_down', () => 0],
  ['operstate', ({ isLoopback }) => (isLoopback ? 'unknown' : 'up')],
  ['tx_queue_len', () => TX_QUEUE_LENGTH],
  // A virtual card has neither.
  ['speed', () => fail(EINVAL)],
  ['duplex', () => fail(EINVAL)],
  ['uevent', ({ name, index }) => `INTERFACE=${name}\nIFINDEX=${index}`],
  ['statistics/rx_bytes', ({ counters }) => counters.receivedBytes],
  ['statistics/rx_packets', ({ counters }) => counters.receivedPackets],
  ['statistics/tx_bytes', ({ counters }) => counters.sentBytes],
  ['statistics/tx_packets', ({ counters }) => counters.sentPackets],
  // Nothing is lost between sockets.
  ...['rx_errors', 'tx_errors', 'rx_dropped', 'tx_dropped', 'multicast', 'collisions', 'rx_crc_errors'].map(
    (name) => [`statistics/${name}`, () => 0] as const,
  ),
];

const DIRECTORY = 'devices/virtual/net';

export const sysNetRows: readonly Row<SysSubject>[] = [
  { path: 'class/net/<link>', link: ({ name }) => `../../${DIRECTORY}/${name}` },
  ...values.map(([name, value]) => ({
    path: `${DIRECTORY}/<link>/${name}`,
    read: (subject: SysSubject) => `${value(linkOf(subject))}\n`,
  })),
];

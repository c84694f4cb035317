/** ioctl(2) requests about network links, netdevice(7): struct ifreq has a name, then what is asked for. */
import { bytesToStr, strToBytes } from '../../../base/bytes.ts';
import { type Address, ANY4, fromV4, isV4, v4Part } from '../../../net/address.ts';
import type { Link, LinkAddress } from '../../../net/stack.ts';
import * as e from '../../abi/errno.ts';
import * as n from '../../abi/in.ts';
import { AF_INET } from '../../abi/socket.ts';
import { fail } from '../../errors.ts';
import type { Task } from '../../task.ts';
import { networkOf } from './network.ts';

/** IFF_* of a link: there are none that are down. */
export function linkFlags({ isLoopback }: Link): number {
  return n.IFF_UP | n.IFF_RUNNING | (isLoopback ? n.IFF_LOOPBACK : n.IFF_BROADCAST | n.IFF_MULTICAST);
}

export const hardwareType = ({ isLoopback }: Link): number => (isLoopback ? n.ARPHRD_LOOPBACK : n.ARPHRD_ETHER);
/** Packets that a link queues, as Linux has it by default. */
export const TX_QUEUE_LENGTH = 1000;

export const v4AddressOf = ({ addresses }: Link): LinkAddress =>
  addresses.find(({ address }) => isV4(address)) ?? fail(e.EADDRNOTAVAIL);

const word = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);
const sockaddr = (bytes: Uint8Array): Uint8Array => Uint8Array.of(AF_INET, 0, 0, 0, ...bytes, 0, 0, 0, 0, 0, 0, 0, 0);
const v4Sockaddr = (address: string): Uint8Array => sockaddr(strToBytes(v4Part(address)));

export function maskBytes(prefixLen: number): Uint8Array {
  return Uint8Array.from({ length: 4 }, (_, i) => (0xff00 >> Math.min(8, Math.max(0, prefixLen - i * 8))) & 0xff);
}

/** What goes into the union of struct ifreq. */
const answers: readonly (readonly [request: number, answer: (link: Link) => Uint8Array])[] = [
  [n.SIOCGIFFLAGS, (link) => word(linkFlags(link)).subarray(0, 2)],
  [n.SIOCGIFADDR, (link) => v4Sockaddr(v4AddressOf(link).address)],
  [n.SIOCGIFDSTADDR, (link) => v4Sockaddr(v4AddressOf(link).address)],
  [n.SIOCGIFBRDADDR, (link) => v4Sockaddr(v4AddressOf(link).broadcast ?? ANY4)],
  [n.SIOCGIFNETMASK, (link) => sockaddr(maskBytes(v4AddressOf(link).prefixLen))],
  [n.SIOCGIFMETRIC, () => word(0)],
  [n.SIOCGIFMTU, ({ mtu }) => word(mtu)],
  [n.SIOCGIFINDEX, ({ index }) => word(index)],
  [n.SIOCGIFMAP, () => NO_MAP],
  [n.SIOCGIFTXQLEN, () => word(TX_QUEUE_LENGTH)],
  [n.SIOCGIFHWADDR, (link) => Uint8Array.of(hardwareType(link), hardwareType(link) >> 8, ...link.hardwareAddress)],
];

/** The link whose name is in the request; a name with a colon stands for an address of the link. */
function namedLink(task: Task, gva: number): Link {
  const [name] = bytesToStr(task.memory.readBytes(gva, n.IFNAMSIZ)).split(/[\0:]/);
  return networkOf(task.kernel).stack.links.find((link) => link.name === name) ?? fail(e.ENODEV);
}

function linkName(task: Task, gva: number): number {
  const index = task.memory.getI32(gva + n.IFNAMSIZ);
  const link = networkOf(task.kernel).stack.links.find((one) => one.index === index);
  if (link === undefined) return -e.ENODEV;
  task.memory.writeBytes(gva, strToBytes(link.name.padEnd(n.IFNAMSIZ, '\0')));
  return 0;
}

/** struct ifconf: i32 bytes of buffer, a pointer to struct ifreq[]. A null pointer asks for the size. */
function linkList(task: Task, gva: number): number {
  const { memory } = task;
  const links = networkOf(task.kernel).stack.links.filter(({ addresses }) => addresses.some((a) => isV4(a.address)));
  const buffer = memory.getLong(gva + 8);
  const room = buffer === 0 ? links.length : Math.floor(memory.getI32(gva) / n.IFREQ_SIZE);
  const shown = links.slice(0, Math.max(0, room));
  if (buffer !== 0) {
    for (const [i, link] of shown.entries()) {
      const record = new Uint8Array(n.IFREQ_SIZE);
      record.set(strToBytes(link.name));
      record.set(v4Sockaddr(v4AddressOf(link).address), n.IFNAMSIZ);
      memory.writeBytes(buffer + i * n.IFREQ_SIZE, record);
    }
  }
  memory.setU32(gva, shown.length * n.IFREQ_SIZE);
  return 0;
}

/** Changes an address of a card; links stay up and the loopback keeps what it has. EPERM, EOPNOTSUPP. */
function setV4(task: Task, gva: number, change: (own: LinkAddress | undefined, value: Address) => LinkAddress): number {
  if (!task.process.credentials.isPrivileged) return -e.EPERM;
  const link = namedLink(task, gva);
  const network = networkOf(task.kernel);
  if (network.transport === undefined || link.isLoopback) return -e.EOPNOTSUPP;
  const value = fromV4(task.memory.readBytes(gva + n.IFNAMSIZ + 4, 4));
  const own = link.addresses.find(({ address }) => isV4(address));
  const others = link.addresses.filter((each) => each !== own);
  network.transport.setAddresses(link, [change(own, value), ...others]);
  network.changed();
  return 0;
}

/** The prefix length that an address of the old classes has. */
function classPrefix(address: Address): number {
  const first = address.charCodeAt(12);
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

function prefixOf(mask: Address): number {
  const bits = [...v4Part(mask)].map((char) => char.charCodeAt(0).toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : fail(e.EINVAL);
}

const setAddress = (task: Task, gva: number): number =>
  setV4(task, gva, (own, address) => ({ address, prefixLen: own?.prefixLen ?? classPrefix(address) }));
const setNetmask = (task: Task, gva: number): number =>
  setV4(task, gva, (own, mask) => ({ ...(own ?? fail(e.EADDRNOTAVAIL)), prefixLen: prefixOf(mask) }));

/** Links can't be taken down. */
function setFlags(task: Task, gva: number): number {
  if (!task.process.credentials.isPrivileged) return -e.EPERM;
  namedLink(task, gva);
  return task.memory.getU16(gva + n.IFNAMSIZ) & n.IFF_UP ? 0 : -e.EOPNOTSUPP;
}

/** struct ifmap: nothing is mapped. */
const NO_MAP = new Uint8Array(24);

export const linkRequests: readonly (readonly [request: number, answer: (task: Task, gva: number) => number])[] = [
  [n.SIOCGIFNAME, linkName],
  [n.SIOCGIFCONF, linkList],
  [n.SIOCSIFADDR, setAddress],
  [n.SIOCSIFNETMASK, setNetmask],
  [n.SIOCSIFFLAGS, setFlags],
  ...answers.map(
    ([request, answer]) =>
      [
        request,
        (task: Task, gva: number): number => {
          task.memory.writeBytes(gva + n.IFNAMSIZ, answer(namedLink(task, gva)));
          return 0;
        },
      ] as const,
  ),
];

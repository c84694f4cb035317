/** netlink: AF_NETLINK sockets with what rtnetlink(7) tells of links, addresses and routes. */
import { EPROTONOSUPPORT, ESOCKTNOSUPPORT } from '../../abi/errno.ts';
import * as nl from '../../abi/netlink.ts';
import { AF_INET, AF_INET6, AF_NETLINK, SOCK_DGRAM, SOCK_RAW } from '../../abi/socket.ts';
import { type Kernel, service } from '../../kernel.ts';
import { defineLib } from '../../lib.ts';
import { networkOf } from '../lwip/lib.ts';
import { type SocketFamily, socketFamilies } from '../posix-socket/lib.ts';
import { addressAnswers, linkAnswer } from './links.ts';
import type { Answer } from './message.ts';
import { NetlinkPorts, NetlinkSocket } from './netlink-socket.ts';

const portsOf: (kernel: Kernel) => NetlinkPorts = service('netlink', () => new NetlinkPorts());

const family: SocketFamily = {
  domain: AF_NETLINK,
  create(task, type, protocol, flags) {
    if (type !== SOCK_RAW && type !== SOCK_DGRAM) return -ESOCKTNOSUPPORT;
    if (protocol !== nl.NETLINK_ROUTE) return -EPROTONOSUPPORT;
    return new NetlinkSocket(task, type, flags, portsOf(task.kernel));
  },
};

/** What the members of each group are told when the network has changed. */
function tellMembers(kernel: Kernel): void {
  const network = networkOf(kernel);
  const news: readonly (readonly [group: number, answers: () => Answer[]])[] = [
    [nl.RTNLGRP_LINK, () => network.stack.links.map(linkAnswer)],
    [nl.RTNLGRP_IPV4_IFADDR, () => addressAnswers(network, AF_INET)],
    [nl.RTNLGRP_IPV6_IFADDR, () => addressAnswers(network, AF_INET6)],
  ];
  for (const socket of portsOf(kernel).sockets.values()) {
    for (const [group, answers] of news) if (socket.groups.has(group)) socket.notify(answers());
  }
}

export const netlink = defineLib({
  name: 'netlink',
  option: 'LIBNETLINK',
  summary: 'netlink sockets: links, addresses and routes',
  needs: ['posix-socket', 'lwip'],
  syscalls: [],
  init(kernel) {
    socketFamilies(kernel).set(AF_NETLINK, family);
    networkOf(kernel).onChange.add(() => tellMembers(kernel));
  },
});

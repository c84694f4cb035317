/** lwip: internet sockets. The machine's own addresses only; network cards come with a virtual switch. */
import * as e from '../../abi/errno.ts';
import * as n from '../../abi/in.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM } from '../../abi/socket.ts';
import { defineLib } from '../../lib.ts';
import type { Task } from '../../task.ts';
import { contributedRows } from '../../vfs/generated-fs.ts';
import { linkIoctls, type Socket, type SocketFamily, socketFamilies } from '../posix-socket/lib.ts';
import { attachTransport } from './attach.ts';
import { PingSocket, RawSocket } from './icmp-socket.ts';
import { linkRequests } from './link-ioctls.ts';
import { procNetRows } from './proc-net.ts';
import { procSysNetRows } from './proc-sys-net.ts';
import { linkVariable, sysNetRows } from './sys-net.ts';
import { TcpSocket } from './tcp-socket.ts';
import { UdpSocket } from './udp-socket.ts';

function createDatagram(task: Task, domain: number, protocol: number, flags: number): Socket | number {
  switch (protocol) {
    case 0:
    case n.IPPROTO_UDP:
      return new UdpSocket(task, domain, flags);
    case n.IPPROTO_UDPLITE:
      return new UdpSocket(task, domain, flags, protocol);
    case domain === AF_INET ? n.IPPROTO_ICMP : n.IPPROTO_ICMPV6:
      return new PingSocket(task, domain, flags);
    default:
      return -e.EPROTONOSUPPORT;
  }
}

function family(domain: number): SocketFamily {
  return {
    domain,
    create(task, type, protocol, flags) {
      const isProtocol = (own: number): boolean => protocol === 0 || protocol === own;
      if (type === SOCK_STREAM)
        return isProtocol(n.IPPROTO_TCP) ? new TcpSocket(task, domain, flags) : -e.EPROTONOSUPPORT;
      if (type === SOCK_DGRAM) return createDatagram(task, domain, protocol, flags);
      if (type !== SOCK_RAW) return -e.ESOCKTNOSUPPORT;
      if (!task.process.credentials.isPrivileged) return -e.EPERM;
      return protocol > 0 && protocol < 256 ? new RawSocket(task, domain, protocol, flags) : -e.EPROTONOSUPPORT;
    },
  };
}

export { networkFigures } from './figures.ts';
export { hardwareType, linkFlags, TX_QUEUE_LENGTH } from './link-ioctls.ts';
export { type Network, networkOf } from './network.ts';

export const lwip = defineLib({
  name: 'lwip',
  option: 'LIBLWIP',
  summary: 'TCP, UDP and ICMP sockets',
  needs: ['posix-socket'],
  syscalls: [],
  init(kernel) {
    for (const domain of [AF_INET, AF_INET6]) socketFamilies(kernel).set(domain, family(domain));
    for (const [request, answer] of linkRequests) linkIoctls(kernel).set(request, answer);
    attachTransport(kernel);
    const { proc, sys, sysVariables } = contributedRows(kernel);
    proc.push(...procNetRows, ...procSysNetRows);
    sys.push(...sysNetRows);
    sysVariables.push(linkVariable);
  },
});

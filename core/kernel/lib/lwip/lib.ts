/** lwip: internet sockets. The machine's own addresses only; network cards come with a virtual switch. */
import * as e from '../../abi/errno.ts';
import * as n from '../../abi/in.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM } from '../../abi/socket.ts';
import { defineLib } from '../../lib.ts';
import { linkIoctls, type SocketFamily, socketFamilies } from '../posix-socket/lib.ts';
import { linkRequests } from './link-ioctls.ts';
import { TcpSocket } from './tcp-socket.ts';
import { UdpSocket } from './udp-socket.ts';

function family(domain: number): SocketFamily {
  return {
    domain,
    create(task, type, protocol, flags) {
      const isProtocol = (own: number): boolean => protocol === 0 || protocol === own;
      if (type === SOCK_STREAM)
        return isProtocol(n.IPPROTO_TCP) ? new TcpSocket(task, domain, flags) : -e.EPROTONOSUPPORT;
      if (type === SOCK_DGRAM)
        return isProtocol(n.IPPROTO_UDP) ? new UdpSocket(task, domain, flags) : -e.EPROTONOSUPPORT;
      if (type === SOCK_RAW && !task.process.credentials.isPrivileged) return -e.EPERM;
      return -e.ESOCKTNOSUPPORT;
    },
  };
}

export const lwip = defineLib({
  name: 'lwip',
  option: 'LIBLWIP',
  summary: 'TCP and UDP sockets between programs of one instance',
  needs: ['posix-socket'],
  syscalls: [],
  init(kernel) {
    for (const domain of [AF_INET, AF_INET6]) socketFamilies(kernel).set(domain, family(domain));
    for (const [request, answer] of linkRequests) linkIoctls(kernel).set(request, answer);
  },
});

/** posix-socket: the system calls of sockets; families register with it. */
import { defineLib } from '../../lib.ts';
import { contributedRows } from '../../vfs/generated-fs.ts';
import * as lifecycle from './lifecycle.ts';
import { getsockopt, setsockopt } from './options.ts';
import { recvfrom, recvmmsg, recvmsg } from './receive.ts';
import { sendmmsg, sendmsg, sendto } from './send.ts';

export {
  type ControlMessage,
  IncomingMessage,
  type OutgoingMessage,
  type PeerCredentials,
  plainMessage,
} from './message.ts';
export { OptionValues } from './option-values.ts';
export { DEFAULT_BUFFER, linkIoctls, Socket, type SocketFamily, type SocketKind, socketFamilies } from './socket.ts';

export const posixSocket = defineLib({
  name: 'posix-socket',
  option: 'LIBPOSIX_SOCKET',
  summary: 'sockets',
  needs: ['vfscore', 'posix-fdtab', 'posix-fdio', 'uksignal'],
  syscalls: [
    lifecycle.socket,
    lifecycle.socketpair,
    lifecycle.bind,
    lifecycle.listen,
    lifecycle.accept,
    lifecycle.accept4,
    lifecycle.connect,
    lifecycle.getsockname,
    lifecycle.getpeername,
    lifecycle.shutdown,
    getsockopt,
    setsockopt,
    sendto,
    recvfrom,
    sendmsg,
    recvmsg,
    sendmmsg,
    recvmmsg,
  ],
  init: (kernel) => {
    contributedRows(kernel).proc.push({ path: 'net', link: () => 'self/net' });
  },
});

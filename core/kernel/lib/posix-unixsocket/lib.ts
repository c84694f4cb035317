/** posix-unixsocket: sockets between programs of one machine. */
import { EPROTONOSUPPORT, ESOCKTNOSUPPORT } from '../../abi/errno.ts';
import { AF_UNIX, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM } from '../../abi/socket.ts';
import { defineLib } from '../../lib.ts';
import type { Task } from '../../task.ts';
import { contributedRows } from '../../vfs/generated-fs.ts';
import { type Socket, type SocketFamily, socketFamilies } from '../posix-socket/lib.ts';
import { ConnectedSocket } from './connected.ts';
import { DatagramSocket } from './datagram.ts';
import { unixRows } from './proc-net.ts';
import { credentialsOf } from './unix-socket.ts';

function make(task: Task, type: number, protocol: number, flags: number): ConnectedSocket | DatagramSocket | number {
  if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
  switch (type) {
    case SOCK_STREAM:
    case SOCK_SEQPACKET:
      return new ConnectedSocket(task, type, flags);
    // Linux takes SOCK_RAW for SOCK_DGRAM here.
    case SOCK_RAW:
    case SOCK_DGRAM:
      return new DatagramSocket(task, flags);
    default:
      return -ESOCKTNOSUPPORT;
  }
}

function makePair(task: Task, type: number, protocol: number, flags: number): [Socket, Socket] | number {
  const first = make(task, type, protocol, flags);
  if (typeof first === 'number') return first;
  const second = make(task, type, protocol, flags);
  const own = credentialsOf(task.process);
  if (first instanceof ConnectedSocket && second instanceof ConnectedSocket) first.join(second, own, own);
  else if (first instanceof DatagramSocket && second instanceof DatagramSocket) first.join(second, own);
  return [first, second as Socket];
}

const family: SocketFamily = { domain: AF_UNIX, create: make, createPair: makePair };

export const posixUnixsocket = defineLib({
  name: 'posix-unixsocket',
  option: 'LIBPOSIX_UNIXSOCKET',
  summary: 'unix domain sockets',
  needs: ['posix-socket', 'vfscore'],
  syscalls: [],
  init: (kernel) => {
    socketFamilies(kernel).set(AF_UNIX, family);
    contributedRows(kernel).proc.push(...unixRows);
  },
});

/** socket(2), socketpair(2), bind(2), listen(2), accept(2), connect(2), getsockname(2), getpeername(2), shutdown(2). */
import { EAFNOSUPPORT, EFAULT, EINVAL, EMFILE, EOPNOTSUPP } from '../../abi/errno.ts';
import { O_NONBLOCK, O_RDWR } from '../../abi/fcntl.ts';
import * as s from '../../abi/socket.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { blockingIo } from '../../vfs/blocking.ts';
import { installPair } from '../../vfs/install-pair.ts';
import type { SysResult } from '../../wait.ts';
import { socketOf } from './options.ts';
import { readAddress, writeAddress } from './sockaddr.ts';
import { type SocketFamily, socketFamilies } from './socket.ts';

const FLAGS = s.SOCK_NONBLOCK | s.SOCK_CLOEXEC;

/** Splits SOCK_* into type and O_* flags; EINVAL, EAFNOSUPPORT. */
function request(task: Task, domain: number, typeAndFlags: number) {
  if (typeAndFlags & ~(FLAGS | s.SOCK_TYPE_MASK)) fail(EINVAL);
  const family: SocketFamily = socketFamilies(task.kernel).get(domain) ?? fail(EAFNOSUPPORT);
  return {
    family,
    type: typeAndFlags & s.SOCK_TYPE_MASK,
    flags: O_RDWR | (typeAndFlags & s.SOCK_NONBLOCK ? O_NONBLOCK : 0),
    isCloseOnExec: (typeAndFlags & s.SOCK_CLOEXEC) !== 0,
  };
}

const kindArgs = [
  arg.oneOf('domain', s.domainNames),
  arg.flags('type', s.socketTypeNames),
  arg.int('protocol'),
] as const;

export const socket = defineSyscall({
  nr: 41,
  name: 'socket',
  support: { partial: 'no AF_PACKET, AF_VSOCK and other rare families; netlink has NETLINK_ROUTE only' },
  args: kindArgs,
  result: result.fd,
  run(task, domain, typeAndFlags, protocol) {
    const { family, type, flags, isCloseOnExec } = request(task, domain, typeAndFlags);
    const created = family.create(task, type, protocol, flags);
    return typeof created === 'number' ? created : task.process.fds.installOrDrop(created, isCloseOnExec);
  },
});

/** A family without pairs first says whether it has such sockets at all. */
function refusePair(task: Task, family: SocketFamily, type: number, protocol: number): number {
  const one = family.create(task, type, protocol, O_RDWR);
  if (typeof one === 'number') return one;
  one.drop();
  return -EOPNOTSUPP;
}

export const socketpair = defineSyscall({
  nr: 53,
  name: 'socketpair',
  support: 'full',
  args: [...kindArgs, arg.pointer('sv')],
  result: result.ok,
  run(task, domain, typeAndFlags, protocol, fdsGva) {
    const { family, type, flags, isCloseOnExec } = request(task, domain, typeAndFlags);
    task.memory.check(fdsGva, 8, 'w');
    const pair = family.createPair?.(task, type, protocol, flags) ?? refusePair(task, family, type, protocol);
    if (typeof pair === 'number') return pair;
    installPair(task, fdsGva, pair[0], pair[1], isCloseOnExec);
    return 0;
  },
});

export const bind = defineSyscall({
  nr: 49,
  name: 'bind',
  support: 'full',
  args: [arg.fd('sockfd'), arg.pointer('addr'), arg.int('addrlen')],
  result: result.ok,
  run: (task, fd, addr, len) => socketOf(task, fd).bind(task, readAddress(task, addr, len)),
});

export const listen = defineSyscall({
  nr: 50,
  name: 'listen',
  support: 'full',
  args: [arg.fd('sockfd'), arg.int('backlog')],
  result: result.ok,
  run: (task, fd, backlog) => socketOf(task, fd).listen(backlog < 0 ? s.SOMAXCONN : Math.min(backlog, s.SOMAXCONN)),
});

export const connect = defineSyscall({
  nr: 42,
  name: 'connect',
  support: 'full',
  args: [arg.fd('sockfd'), arg.pointer('addr'), arg.int('addrlen')],
  result: result.ok,
  run(task, fd, addr, len) {
    const from = socketOf(task, fd);
    const address = readAddress(task, addr, len);
    return blockingIo(task, from, () => from.connect(task, address), from.writeTimeoutNs);
  },
});

function doAccept(task: Task, fd: number, addr: number, lenGva: number, flags: number): SysResult {
  if (flags & ~FLAGS) return -EINVAL;
  const listener = socketOf(task, fd);
  const attempt = (): number => {
    // Before a connection is taken: it would be lost.
    if (task.process.fds.isFull) return -EMFILE;
    const accepted = listener.accept(task);
    if (typeof accepted === 'number') return accepted;
    if (flags & s.SOCK_NONBLOCK) accepted.flags |= O_NONBLOCK;
    const peer = accepted.acceptedAddress();
    const acceptedFd = task.process.fds.installOrDrop(accepted, (flags & s.SOCK_CLOEXEC) !== 0);
    try {
      if (typeof peer !== 'number') writeAddress(task, addr, lenGva, peer);
    } catch (error) {
      task.process.fds.close(acceptedFd);
      throw error;
    }
    return acceptedFd;
  };
  return blockingIo(task, listener, attempt, listener.readTimeoutNs);
}

const acceptArgs = [arg.fd('sockfd'), arg.pointer('addr'), arg.pointer('addrlen')] as const;

export const accept = defineSyscall({
  nr: 43,
  name: 'accept',
  support: 'full',
  args: acceptArgs,
  result: result.fd,
  run: (task, fd, addr, len) => doAccept(task, fd, addr, len, 0),
});

export const accept4 = defineSyscall({
  nr: 288,
  name: 'accept4',
  support: 'full',
  args: [...acceptArgs, arg.flags('flags', s.socketTypeNames)],
  result: result.fd,
  run: doAccept,
});

/** Unlike accept(2), these have no use for NULL. */
function writeName(task: Task, addr: number, len: number, name: Uint8Array): number {
  task.memory.getI32(len);
  if (addr === 0) return -EFAULT;
  writeAddress(task, addr, len, name);
  return 0;
}

export const getsockname = defineSyscall({
  nr: 51,
  name: 'getsockname',
  support: 'full',
  args: acceptArgs,
  result: result.ok,
  run(task, fd, addr, len) {
    return writeName(task, addr, len, socketOf(task, fd).localAddress());
  },
});

export const getpeername = defineSyscall({
  nr: 52,
  name: 'getpeername',
  support: 'full',
  args: acceptArgs,
  result: result.ok,
  run(task, fd, addr, len) {
    const peer = socketOf(task, fd).peerAddress();
    return typeof peer === 'number' ? peer : writeName(task, addr, len, peer);
  },
});

export const shutdown = defineSyscall({
  nr: 48,
  name: 'shutdown',
  support: 'full',
  args: [arg.fd('sockfd'), arg.oneOf('how', s.shutdownNames)],
  result: result.ok,
  run: (task, fd, how) => (how < s.SHUT_RD || how > s.SHUT_RDWR ? -EINVAL : socketOf(task, fd).shutdown(how)),
});

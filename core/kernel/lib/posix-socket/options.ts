/** getsockopt(2), setsockopt(2): the options of SOL_SOCKET, one table row each; other levels belong to the family. */
import { bytesToStr, strToBytes } from '../../../base/bytes.ts';
import { EDOM, EINVAL, ENOPROTOOPT, ENOTSOCK, EPERM } from '../../abi/errno.ts';
import * as s from '../../abi/socket.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { NS_PER_SECOND } from '../../timespec.ts';
import { Socket } from './socket.ts';

/** The socket behind a descriptor. EBADF, ENOTSOCK. */
export function socketOf(task: Task, fd: number): Socket {
  const file = task.process.fds.require(fd);
  return file instanceof Socket ? file : fail(ENOTSOCK);
}

interface Option {
  get(socket: Socket): Uint8Array | number;
  /** Absent for options that can't be set. 0 or -errno. */
  set?(socket: Socket, value: DataView, task: Task): number;
  /** Fewest bytes that a value has. */
  size: number;
}

const INT = 4;
const MAX_INT = 2 ** 31 - 1;
/** Least sizes of buffers: SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF. */
const MIN_BUFFER = 2304;
/** net.core.wmem_max. */
const MAX_BUFFER = 212992;
const HZ_NS = NS_PER_SECOND / 250;

function words(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

/** Kept and shown; what it would change does not exist here. */
function kept(name: number, initial = 0, isBoolean = true): Option {
  return {
    size: INT,
    get: (socket) => words(socket.options.get(name) ?? initial),
    set(socket, value) {
      const number = value.getInt32(0, true);
      socket.options.set(name, isBoolean ? Number(number !== 0) : number);
      return 0;
    },
  };
}

function shown(value: (socket: Socket) => number): Option {
  return { size: INT, get: (socket) => words(value(socket)) };
}

function timestamp(name: number, other: number): Option {
  const plain = kept(name);
  return {
    ...plain,
    set(socket, value, task) {
      socket.options.delete(other);
      return plain.set!(socket, value, task);
    },
  };
}

/** A number that no other socket of the machine has. */
const cookie: Option = {
  size: 8,
  get: (socket) => new Uint8Array(BigUint64Array.of(BigInt(socket.inode!.stat().ino)).buffer),
};

const peerName: Option = { size: 0, get: (socket) => socket.peerAddress() };

/** Linux doubles what is asked for, to pay for its bookkeeping. */
function buffer(key: 'sendBuffer' | 'receiveBuffer', isForced: boolean): Option {
  return {
    size: INT,
    get: (socket) => words(socket[key]),
    set(socket, value, task) {
      if (isForced && !task.process.credentials.isPrivileged) return -EPERM;
      const wanted = value.getInt32(0, true);
      const asked = isForced ? Math.max(0, wanted) : Math.min(wanted >>> 0, MAX_BUFFER);
      socket[key] = Math.max(2 * asked, MIN_BUFFER);
      return 0;
    },
  };
}

/** struct timeval; 0 means no limit. */
function timeout(key: 'readTimeoutNs' | 'writeTimeoutNs'): Option {
  return {
    size: 16,
    get(socket) {
      const ns = socket[key] === Number.POSITIVE_INFINITY ? 0 : socket[key];
      const out = new DataView(new ArrayBuffer(16));
      out.setBigInt64(0, BigInt(Math.floor(ns / NS_PER_SECOND)), true);
      out.setBigInt64(8, BigInt(Math.floor((ns % NS_PER_SECOND) / 1000)), true);
      return new Uint8Array(out.buffer);
    },
    set(socket, value) {
      const seconds = Number(value.getBigInt64(0, true));
      const micros = Number(value.getBigInt64(8, true));
      if (micros < 0 || micros >= 1e6) return -EDOM;
      const ns = seconds * NS_PER_SECOND + Math.ceil((micros * 1000) / HZ_NS) * HZ_NS;
      socket[key] = ns === 0 ? Number.POSITIVE_INFINITY : Math.max(0, ns);
      return 0;
    },
  };
}

const linger: Option = {
  size: 8,
  get: (socket) => words(socket.options.get(s.SO_LINGER) === undefined ? 0 : 1, socket.options.get(s.SO_LINGER) ?? 0),
  set(socket, value) {
    if (value.getInt32(0, true) === 0) socket.options.delete(s.SO_LINGER);
    else socket.options.set(s.SO_LINGER, value.getInt32(4, true));
    return 0;
  },
};

const passCredentials: Option = {
  size: INT,
  get: (socket) => words(socket.passesCredentials ? 1 : 0),
  set(socket, value) {
    socket.passesCredentials = value.getInt32(0, true) !== 0;
    return 0;
  },
};

const peerCredentials: Option = {
  size: 12,
  get({ peerCredentials: { pid, uid, gid } }) {
    return words(pid, uid, gid);
  },
};

/** socket(7): 0 means 1, a negative value no limit. */
const receiveLowWater: Option = {
  size: INT,
  get: (socket) => words(socket.receiveLowWater),
  set(socket, value) {
    const wanted = value.getInt32(0, true);
    socket.receiveLowWater = wanted < 0 ? MAX_INT : wanted || 1;
    return 0;
  },
};

const options = new Map<number, Option>([
  [s.SO_DEBUG, kept(s.SO_DEBUG)],
  [s.SO_REUSEADDR, kept(s.SO_REUSEADDR)],
  [s.SO_REUSEPORT, kept(s.SO_REUSEPORT)],
  [s.SO_TYPE, shown(({ kind }) => kind.type)],
  [s.SO_DOMAIN, shown(({ kind }) => kind.domain)],
  [s.SO_PROTOCOL, shown(({ kind }) => kind.protocol)],
  [s.SO_ERROR, shown((socket) => -socket.takeError())],
  [s.SO_ACCEPTCONN, shown((socket) => (socket.isListening ? 1 : 0))],
  [s.SO_DONTROUTE, kept(s.SO_DONTROUTE)],
  [s.SO_BROADCAST, kept(s.SO_BROADCAST)],
  [s.SO_KEEPALIVE, kept(s.SO_KEEPALIVE)],
  [s.SO_OOBINLINE, kept(s.SO_OOBINLINE)],
  [s.SO_PRIORITY, kept(s.SO_PRIORITY, 0, false)],
  // One of the two: the later one set.
  [s.SO_TIMESTAMP, timestamp(s.SO_TIMESTAMP, s.SO_TIMESTAMPNS)],
  [s.SO_TIMESTAMPNS, timestamp(s.SO_TIMESTAMPNS, s.SO_TIMESTAMP)],
  [s.SO_NO_CHECK, kept(s.SO_NO_CHECK)],
  [s.SO_MARK, kept(s.SO_MARK, 0, false)],
  [s.SO_RXQ_OVFL, kept(s.SO_RXQ_OVFL)],
  [s.SO_SELECT_ERR_QUEUE, kept(s.SO_SELECT_ERR_QUEUE)],
  [s.SO_BUSY_POLL, kept(s.SO_BUSY_POLL, 0, false)],
  [s.SO_PREFER_BUSY_POLL, kept(s.SO_PREFER_BUSY_POLL)],
  [s.SO_INCOMING_CPU, kept(s.SO_INCOMING_CPU, 0, false)],
  [s.SO_INCOMING_NAPI_ID, shown(() => 0)],
  [s.SO_COOKIE, cookie],
  [s.SO_PEERNAME, peerName],
  [s.SO_RCVLOWAT, receiveLowWater],
  [s.SO_SNDLOWAT, shown(() => 1)],
  [s.SO_SNDBUF, buffer('sendBuffer', false)],
  [s.SO_RCVBUF, buffer('receiveBuffer', false)],
  [s.SO_SNDBUFFORCE, buffer('sendBuffer', true)],
  [s.SO_RCVBUFFORCE, buffer('receiveBuffer', true)],
  [s.SO_RCVTIMEO, timeout('readTimeoutNs')],
  [s.SO_SNDTIMEO, timeout('writeTimeoutNs')],
  // The same on machines of 64 bits.
  [s.SO_RCVTIMEO_NEW, timeout('readTimeoutNs')],
  [s.SO_SNDTIMEO_NEW, timeout('writeTimeoutNs')],
  [s.SO_LINGER, linger],
  [s.SO_BINDTODEVICE, { size: 0, get: deviceName }],
  [s.SO_PASSCRED, passCredentials],
  [s.SO_PEERCRED, peerCredentials],
]);

const IFNAMSIZ = 16;

function bindToDevice(task: Task, socket: Socket, gva: number, len: number): number {
  const bytes = task.memory.readBytes(gva, Math.min(len, IFNAMSIZ - 1));
  return socket.bindToDevice(bytesToStr(bytes).replace(/\0.*$/s, ''));
}

/** SO_BINDTODEVICE: a name with its NUL, or nothing. */
function deviceName({ device }: Socket): Uint8Array {
  return strToBytes(device === '' ? '' : `${device}\0`);
}

export const getsockopt = defineSyscall({
  nr: 55,
  name: 'getsockopt',
  support: 'full',
  args: [
    arg.fd('sockfd'),
    arg.oneOf('level', s.levelNames),
    arg.oneOf('optname', s.optionNames),
    arg.pointer('optval'),
    arg.pointer('optlen'),
  ],
  result: result.ok,
  run(task, fd, level, name, valueGva, lenGva) {
    const socket = socketOf(task, fd);
    const room = task.memory.getI32(lenGva);
    if (room < 0) return -EINVAL;
    const value =
      level === s.SOL_SOCKET ? (options.get(name)?.get(socket) ?? -ENOPROTOOPT) : socket.getOption(level, name);
    if (typeof value === 'number') return value;
    const part = value.subarray(0, room);
    task.memory.writeBytes(valueGva, part);
    task.memory.setU32(lenGva, part.length);
    return 0;
  },
});

export const setsockopt = defineSyscall({
  nr: 54,
  name: 'setsockopt',
  support: { partial: 'options that shape packets are kept and shown; no socket filters, zero copy or SO_PEEK_OFF' },
  args: [
    arg.fd('sockfd'),
    arg.oneOf('level', s.levelNames),
    arg.oneOf('optname', s.optionNames),
    arg.pointer('optval'),
    arg.int('optlen'),
  ],
  result: result.ok,
  run(task, fd, level, name, valueGva, len) {
    const socket = socketOf(task, fd);
    if (len < 0) return -EINVAL;
    const option = options.get(name);
    if (level === s.SOL_SOCKET) {
      if (name === s.SO_BINDTODEVICE) return bindToDevice(task, socket, valueGva, len);
      if (len < INT) return -EINVAL;
      if (option?.set === undefined) return -ENOPROTOOPT;
      if (len < option.size) return -EINVAL;
      const bytes = task.memory.readBytes(valueGva, option.size);
      return option.set(socket, new DataView(bytes.buffer), task);
    }
    return socket.setOption(level, name, task.memory.readBytes(valueGva, Math.min(len, 4096)));
  },
});

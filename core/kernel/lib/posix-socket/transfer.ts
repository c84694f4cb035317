/** send(2), recv(2) and their kin. One attempt at a message is synchronous; waiting is built around it. */
import { EAGAIN, EINVAL, EMSGSIZE } from '../../abi/errno.ts';
import { O_NONBLOCK } from '../../abi/fcntl.ts';
import { IOV_MAX } from '../../abi/fs.ts';
import * as s from '../../abi/socket.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { readTimespecNs } from '../../timespec.ts';
import { orPartial, signalBrokenPipe, waitUntil } from '../../vfs/blocking.ts';
import { readVector } from '../../vfs/io.ts';
import type { SysResult } from '../../wait.ts';
import { dropControl, noControl, type OutgoingControl, readControl, writeControl } from './control.ts';
import { IncomingMessage } from './message.ts';
import { socketOf } from './options.ts';
import { readAddress, writeAddress } from './sockaddr.ts';
import type { Socket } from './socket.ts';

/** Buffers of a message in guest memory: address and length, in turns. */
type Parts = readonly number[];

const sum = (parts: Parts): number => parts.reduce((total, value, i) => (i % 2 === 1 ? total + value : total), 0);

function mayWait(socket: Socket, flags: number): boolean {
  return (socket.flags & O_NONBLOCK) === 0 && (flags & s.MSG_DONTWAIT) === 0;
}

/** struct msghdr in guest memory. */
class MessageHeader {
  readonly task: Task;
  readonly gva: number;
  constructor(task: Task, gva: number) {
    task.memory.check(gva, s.MSGHDR_SIZE, 'r');
    this.task = task;
    this.gva = gva;
  }
  private long(offset: number): number {
    return this.task.memory.getLong(this.gva + offset);
  }
  get name(): number {
    return this.long(0);
  }
  get nameLen(): number {
    return this.task.memory.getI32(this.gva + 8);
  }
  get parts(): Parts {
    const count = this.long(24);
    if (count > IOV_MAX) fail(EMSGSIZE);
    return readVector(this.task, this.long(16), count).parts;
  }
  get control(): { gva: number; len: number } {
    const gva = this.long(32);
    return { gva, len: gva === 0 ? 0 : this.long(40) };
  }
}

/** A message on its way out; of a stream, a part may have gone already. */
class Sending {
  done = 0;
  private bytes: Uint8Array;
  private readonly task: Task;
  private readonly socket: Socket;
  private readonly address: Uint8Array | undefined;
  private readonly control: OutgoingControl;
  private readonly flags: number;

  constructor(
    task: Task,
    socket: Socket,
    parts: Parts,
    address: Uint8Array | undefined,
    control: OutgoingControl,
    flags: number,
  ) {
    this.task = task;
    this.socket = socket;
    this.bytes = gather(task, parts);
    this.address = address;
    this.control = control;
    this.flags = flags;
  }

  /** Sends what goes now: bytes in all, -errno, or -EAGAIN when the rest must wait. */
  attempt(): number {
    const { socket, flags, address, bytes } = this;
    for (;;) {
      const { files, credentials } = this.done === 0 ? this.control : noControl;
      const rest = this.done === 0 ? bytes : bytes.subarray(this.done);
      const sent = socket.send({ bytes: rest, flags, address, files, credentials }, this.task);
      if (sent === -EAGAIN) return sent;
      if (sent < 0) return this.done > 0 ? this.done : this.failed(sent);
      this.done += sent;
      if (this.done >= bytes.length || socket.kind.type !== s.SOCK_STREAM) return this.done;
    }
  }

  private failed(answer: number): number {
    const isQuiet = this.flags & s.MSG_NOSIGNAL || this.socket.kind.type !== s.SOCK_STREAM;
    return isQuiet ? answer : signalBrokenPipe(this.task, answer);
  }

  run(): SysResult {
    const first = this.attempt();
    if (first !== -EAGAIN || !mayWait(this.socket, this.flags)) {
      dropControl(this.control);
      return first === -EAGAIN && this.done > 0 ? this.done : first;
    }
    // Guest memory may move while the task waits.
    this.bytes = this.bytes.slice();
    this.socket.retain();
    const finished = (): void => {
      dropControl(this.control);
      this.socket.drop();
    };
    const { queue, writeTimeoutNs } = this.socket;
    const wait = waitUntil(
      this.task,
      () => queue,
      () => this.attempt(),
      writeTimeoutNs,
      finished,
    );
    return orPartial(wait, () => this.done);
  }
}

/** The bytes in one piece: a view of guest memory when they are in one place. */
function gather(task: Task, parts: Parts): Uint8Array {
  if (parts.length === 2) return task.memory.view(parts[0]!, parts[1]!, 'r');
  const bytes = new Uint8Array(sum(parts));
  let at = 0;
  for (let i = 0; i < parts.length; i += 2) {
    bytes.set(task.memory.view(parts[i]!, parts[i + 1]!, 'r'), at);
    at += parts[i + 1]!;
  }
  return bytes;
}

export const sendto = defineSyscall({
  nr: 44,
  name: 'sendto',
  support: 'full',
  args: [
    arg.fd('sockfd'),
    arg.inBuffer('buf', { len: 'len' }),
    arg.size('len'),
    arg.flags('flags', s.messageFlagNames),
    arg.pointer('dest_addr'),
    arg.int('addrlen'),
  ],
  result: result.size,
  run(task, fd, buf, len, flags, addr, addrLen) {
    const socket = socketOf(task, fd);
    const address = addr === 0 ? undefined : readAddress(task, addr, addrLen);
    return new Sending(task, socket, [buf, len], address, noControl, flags).run();
  },
});

function prepareSend(task: Task, socket: Socket, gva: number, flags: number): Sending {
  const header = new MessageHeader(task, gva);
  const address = header.name === 0 ? undefined : readAddress(task, header.name, header.nameLen);
  const { parts, control } = header;
  const carried = control.len > 0 ? readControl(task, control.gva, control.len) : noControl;
  try {
    return new Sending(task, socket, parts, address, carried, flags);
  } catch (error) {
    dropControl(carried);
    throw error;
  }
}

const messageArgs = [arg.fd('sockfd'), arg.pointer('msg'), arg.flags('flags', s.messageFlagNames)] as const;

export const sendmsg = defineSyscall({
  nr: 46,
  name: 'sendmsg',
  support: 'full',
  args: messageArgs,
  result: result.size,
  run: (task, fd, msg, flags) => prepareSend(task, socketOf(task, fd), msg, flags).run(),
});

/** Sends or receives several messages: `one` answers for message `i`; what was done counts when a later one fails. */
function each(
  task: Task,
  socket: Socket,
  count: number,
  isWaiting: (done: number) => boolean,
  one: (index: number) => number,
  timeoutNs: number,
): SysResult {
  let done = 0;
  const attempt = (): number => {
    while (done < count) {
      const answer = one(done);
      if (answer === -EAGAIN && isWaiting(done)) return answer;
      if (answer < 0) return done > 0 ? done : answer;
      done++;
    }
    return done;
  };
  const first = attempt();
  if (first !== -EAGAIN || !isWaiting(done)) return first;
  socket.retain();
  const wait = waitUntil(
    task,
    () => socket.queue,
    attempt,
    timeoutNs,
    () => socket.drop(),
  );
  return orPartial(wait, () => done);
}

const multiArgs = [
  arg.fd('sockfd'),
  arg.pointer('msgvec'),
  arg.uint('vlen'),
  arg.flags('flags', s.messageFlagNames),
] as const;

export const sendmmsg = defineSyscall({
  nr: 307,
  name: 'sendmmsg',
  support: 'full',
  args: multiArgs,
  result: result.int,
  run(task, fd, vector, count, flags) {
    const socket = socketOf(task, fd);
    const one = (index: number): number => {
      const gva = vector + index * s.MMSGHDR_SIZE;
      const sent = prepareSend(task, socket, gva, flags | s.MSG_DONTWAIT).run() as number;
      if (sent >= 0) task.memory.setU32(gva + s.MSGHDR_SIZE, sent);
      return sent;
    };
    return each(task, socket, Math.min(count, IOV_MAX), () => mayWait(socket, flags), one, socket.writeTimeoutNs);
  },
});

/** A message on its way in; with MSG_WAITALL a stream fills the buffer over several attempts. */
class Receiving {
  done = 0;
  private readonly task: Task;
  private readonly socket: Socket;
  private readonly parts: Parts;
  private readonly total: number;
  private readonly flags: number;
  private readonly deliver: (count: number, message: IncomingMessage) => void;

  /** `deliver` gives address, control data and flags to the guest, once. */
  constructor(
    task: Task,
    socket: Socket,
    parts: Parts,
    flags: number,
    deliver: (count: number, message: IncomingMessage) => void,
  ) {
    this.task = task;
    this.socket = socket;
    this.parts = parts;
    this.total = sum(parts);
    this.flags = flags;
    this.deliver = deliver;
  }

  attempt(): number {
    const { socket, flags, total } = this;
    const isPatient = flags & s.MSG_WAITALL && socket.kind.type === s.SOCK_STREAM && !(flags & s.MSG_PEEK);
    for (;;) {
      const message = new IncomingMessage();
      const count = this.receiveInto(message);
      if (count < 0) return count === -EAGAIN || this.done === 0 ? count : this.done;
      this.done += count;
      const hasControl = message.files.length > 0;
      if (isPatient && count > 0 && this.done < total && !hasControl) continue;
      this.finish(message);
      return flags & s.MSG_TRUNC ? Math.max(message.fullLength, this.done) : this.done;
    }
  }

  private finish(message: IncomingMessage): void {
    try {
      this.deliver(this.done, message);
    } finally {
      message.dropFiles();
    }
  }

  private receiveInto(message: IncomingMessage): number {
    const { task, socket, parts, flags, done } = this;
    if (parts.length === 2) {
      return socket.receive(task.memory.view(parts[0]! + done, parts[1]! - done, 'w'), flags, message);
    }
    for (let i = 0; i < parts.length; i += 2) task.memory.check(parts[i]!, parts[i + 1]!, 'w');
    const bytes = new Uint8Array(this.total - done);
    const count = socket.receive(bytes, flags, message);
    if (count > 0) this.scatter(bytes.subarray(0, count));
    return count;
  }

  private scatter(bytes: Uint8Array): void {
    let skip = this.done;
    let at = 0;
    for (let i = 0; i < this.parts.length && at < bytes.length; i += 2) {
      const len = this.parts[i + 1]!;
      const part = bytes.subarray(at, at + Math.max(0, len - skip));
      this.task.memory.writeBytes(this.parts[i]! + Math.min(skip, len), part);
      at += part.length;
      skip = Math.max(0, skip - len);
    }
  }

  run(): SysResult {
    const { socket } = this;
    const first = this.attempt();
    if (first !== -EAGAIN || !mayWait(socket, this.flags)) {
      return first === -EAGAIN && this.done > 0 ? this.done : first;
    }
    socket.retain();
    const wait = waitUntil(
      this.task,
      () => socket.queue,
      () => this.attempt(),
      socket.readTimeoutNs,
      () => socket.drop(),
    );
    return orPartial(wait, () => this.done);
  }
}

export const recvfrom = defineSyscall({
  nr: 45,
  name: 'recvfrom',
  support: 'full',
  args: [
    arg.fd('sockfd'),
    arg.outBuffer('buf', { len: 'len' }),
    arg.size('len'),
    arg.flags('flags', s.messageFlagNames),
    arg.pointer('src_addr'),
    arg.pointer('addrlen'),
  ],
  result: result.size,
  run(task, fd, buf, len, flags, addr, lenGva) {
    const deliver = (_count: number, { address }: IncomingMessage): void => {
      if (addr !== 0) writeAddress(task, addr, lenGva, address ?? new Uint8Array(0));
    };
    return new Receiving(task, socketOf(task, fd), [buf, len], flags, deliver).run();
  },
});

function prepareReceive(task: Task, socket: Socket, gva: number, flags: number): Receiving {
  const header = new MessageHeader(task, gva);
  const { name, nameLen, parts, control } = header;
  if (name !== 0 && nameLen < 0) fail(EINVAL);
  const deliver = (_count: number, message: IncomingMessage): void => {
    const { memory } = task;
    const address = message.address ?? new Uint8Array(0);
    if (name !== 0) {
      memory.writeBytes(name, address.subarray(0, nameLen));
      memory.setU32(gva + 8, address.length);
    }
    const written = writeControl(task, socket, message, control, flags);
    memory.setLong(gva + 40, written.used);
    memory.setU32(gva + 48, message.flags | written.flags | (flags & s.MSG_CMSG_CLOEXEC));
  };
  return new Receiving(task, socket, parts, flags, deliver);
}

export const recvmsg = defineSyscall({
  nr: 47,
  name: 'recvmsg',
  support: 'full',
  args: messageArgs,
  result: result.size,
  run: (task, fd, msg, flags) => prepareReceive(task, socketOf(task, fd), msg, flags).run(),
});

export const recvmmsg = defineSyscall({
  nr: 299,
  name: 'recvmmsg',
  support: 'full',
  args: [...multiArgs, arg.timespec('timeout')],
  result: result.int,
  run(task, fd, vector, count, flags, timeoutGva) {
    const socket = socketOf(task, fd);
    const timeoutNs = timeoutGva === 0 ? Number.POSITIVE_INFINITY : readTimespecNs(task.memory, timeoutGva);
    if (Number.isNaN(timeoutNs)) return -EINVAL;
    const one = (index: number): number => {
      const gva = vector + index * s.MMSGHDR_SIZE;
      const received = prepareReceive(task, socket, gva, flags | s.MSG_DONTWAIT).run() as number;
      if (received >= 0) task.memory.setU32(gva + s.MSGHDR_SIZE, received);
      return received;
    };
    const isWaiting = (done: number): boolean => mayWait(socket, flags) && !(flags & s.MSG_WAITFORONE && done > 0);
    const limitNs = Math.min(timeoutNs, socket.readTimeoutNs);
    return each(task, socket, Math.min(count, IOV_MAX), isWaiting, one, limitNs);
  },
});

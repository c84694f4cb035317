/** recvfrom(2), recvmsg(2), recvmmsg(2). One attempt at a message is synchronous; waiting is built around it. */
import { EAGAIN, EINVAL } from '../../abi/errno.ts';
import { IOV_MAX } from '../../abi/fs.ts';
import * as s from '../../abi/socket.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { readTimespecNs } from '../../timespec.ts';
import { orPartial, waitUntil } from '../../vfs/blocking.ts';
import type { SysResult } from '../../wait.ts';
import { writeControl } from './control.ts';
import { IncomingMessage } from './message.ts';
import { eachMessage, MessageHeader, mayWait, messageArgs, multiArgs, type Parts, sum } from './message-calls.ts';
import { socketOf } from './options.ts';
import { writeAddress } from './sockaddr.ts';
import type { Socket } from './socket.ts';

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

/** Flags that change nothing about the bytes: for the common receives no message is made. */
const PLAIN_FLAGS = s.MSG_NOSIGNAL | s.MSG_DONTWAIT;

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
    const socket = socketOf(task, fd);
    if (addr === 0 && (flags & ~PLAIN_FLAGS) === 0) {
      const count = socket.read(task.memory.view(buf, len, 'w'));
      if (count !== -EAGAIN || !mayWait(socket, flags)) return count;
    }
    const deliver = (_count: number, { address }: IncomingMessage): void => {
      if (addr !== 0) writeAddress(task, addr, lenGva, address ?? new Uint8Array(0));
    };
    return new Receiving(task, socket, [buf, len], flags, deliver).run();
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
    return eachMessage(task, socket, Math.min(count, IOV_MAX), isWaiting, one, limitNs);
  },
});

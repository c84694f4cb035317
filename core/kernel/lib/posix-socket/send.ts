/** sendto(2), sendmsg(2), sendmmsg(2). One attempt at a message is synchronous; waiting is built around it. */
import { EAGAIN } from '../../abi/errno.ts';
import { IOV_MAX } from '../../abi/fs.ts';
import * as s from '../../abi/socket.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { orPartial, signalBrokenPipe, waitUntil } from '../../vfs/blocking.ts';
import type { SysResult } from '../../wait.ts';
import { dropControl, noControl, type OutgoingControl, readControl } from './control.ts';
import { eachMessage, MessageHeader, mayWait, messageArgs, multiArgs, type Parts, sum } from './message-calls.ts';
import { socketOf } from './options.ts';
import { readAddress } from './sockaddr.ts';
import type { Socket } from './socket.ts';

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
      const { files, credentials, others } = this.done === 0 ? this.control : noControl;
      const rest = this.done === 0 ? bytes : bytes.subarray(this.done);
      const sent = socket.send({ bytes: rest, flags, address, files, credentials, control: others }, this.task);
      if (sent === -EAGAIN) return sent;
      if (sent < 0) return this.done > 0 ? this.done : this.failed(sent);
      this.done += sent;
      if (this.done >= bytes.length || socket.kind.type !== s.SOCK_STREAM) return this.done;
    }
  }

  failed(answer: number): number {
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

/** Flags that change nothing about the bytes: the common sends of streams, for which no message is made. */
const PLAIN_FLAGS = s.MSG_NOSIGNAL | s.MSG_DONTWAIT;

/** Goes on after a plain first attempt that took a part, or failed. */
function finishPlain(task: Task, socket: Socket, buf: number, len: number, flags: number, sent: number): SysResult {
  const sending = new Sending(task, socket, [buf, len], undefined, noControl, flags);
  if (sent < 0) return sending.failed(sent);
  sending.done = sent;
  return socket.kind.type === s.SOCK_STREAM ? sending.run() : sent;
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
    if (addr === 0 && (flags & ~PLAIN_FLAGS) === 0) {
      const sent = socket.write(task.memory.view(buf, len, 'r'));
      if (sent === len) return sent;
      if (sent !== -EAGAIN) return finishPlain(task, socket, buf, len, flags, sent);
      if (!mayWait(socket, flags)) return sent;
    }
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

export const sendmsg = defineSyscall({
  nr: 46,
  name: 'sendmsg',
  support: 'full',
  args: messageArgs,
  result: result.size,
  run: (task, fd, msg, flags) => prepareSend(task, socketOf(task, fd), msg, flags).run(),
});

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
    return eachMessage(
      task,
      socket,
      Math.min(count, IOV_MAX),
      () => mayWait(socket, flags),
      one,
      socket.writeTimeoutNs,
    );
  },
});

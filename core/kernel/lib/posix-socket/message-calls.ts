/** What sending and receiving share: struct msghdr, calls for several messages, when a call may wait. */
import { EAGAIN, EMSGSIZE } from '../../abi/errno.ts';
import { O_NONBLOCK } from '../../abi/fcntl.ts';
import { IOV_MAX } from '../../abi/fs.ts';
import * as s from '../../abi/socket.ts';
import { fail } from '../../errors.ts';
import { arg } from '../../syscall/args.ts';
import type { Task } from '../../task.ts';
import { orPartial, waitUntil } from '../../vfs/blocking.ts';
import { readVector } from '../../vfs/io.ts';
import type { SysResult } from '../../wait.ts';
import type { Socket } from './socket.ts';

/** Buffers of a message in guest memory: address and length, in turns. */
export type Parts = readonly number[];

/** Bytes of all buffers. */
export const sum = (parts: Parts): number =>
  parts.reduce((total, value, i) => (i % 2 === 1 ? total + value : total), 0);

export function mayWait(socket: Socket, flags: number): boolean {
  return (socket.flags & O_NONBLOCK) === 0 && (flags & (s.MSG_DONTWAIT | s.MSG_ERRQUEUE)) === 0;
}

/** struct msghdr in guest memory. */
export class MessageHeader {
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

export const messageArgs = [arg.fd('sockfd'), arg.pointer('msg'), arg.flags('flags', s.messageFlagNames)] as const;

export const multiArgs = [
  arg.fd('sockfd'),
  arg.pointer('msgvec'),
  arg.uint('vlen'),
  arg.flags('flags', s.messageFlagNames),
] as const;

/** Sends or receives several messages: `one` answers for message `i`; what was done counts when a later one fails. */
export function eachMessage(
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

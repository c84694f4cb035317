/**
 * What all unix domain sockets share, unix(7): names, the inbox, shutdown, waiting for room. Two connected sockets know
 * each other; what one sends goes straight into the other's inbox.
 *
 * Whoever finds an inbox (or a queue of connections) full is put on its owner's list of waiting senders and woken when
 * there is room again.
 */
import { EADDRINUSE, EAGAIN, EINVAL, EMSGSIZE, EOPNOTSUPP } from '../../abi/errno.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '../../abi/poll.ts';
import { MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, SHUT_RD, SHUT_WR } from '../../abi/socket.ts';
import type { Process } from '../../process.ts';
import type { Task } from '../../task.ts';
import {
  type IncomingMessage,
  type OutgoingMessage,
  type PeerCredentials,
  Socket,
  type SocketKind,
} from '../posix-socket/lib.ts';
import type { Delivery, Inbox } from './inbox.ts';
import { boundSockets, isAbstract, isPathTaken, parseSockaddr, toSockaddr } from './names.ts';

/** What Linux keeps of the send buffer for its own bookkeeping. */
const MESSAGE_OVERHEAD = 32;

export function credentialsOf({ pid, credentials }: Process): PeerCredentials {
  return { pid, uid: credentials.euid, gid: credentials.egid };
}

export abstract class UnixSocket extends Socket {
  readonly inbox: Inbox;
  /** Name it is bound to; undefined for none. */
  name: string | undefined = undefined;
  isReceiveShut = false;
  isSendShut = false;
  isClosed = false;
  /** Sockets that found no room here. */
  readonly waiting = new Set<UnixSocket>();
  private unbind: () => void = () => {};

  constructor(task: Task, kind: SocketKind, flags: number, inbox: Inbox) {
    super(task, kind, flags);
    this.inbox = inbox;
  }

  override bind(task: Task, address: Uint8Array): number {
    const wanted = parseSockaddr(address);
    if (this.name !== undefined) {
      if (wanted === '') return 0;
      return !isAbstract(wanted) && isPathTaken(task, wanted) ? -EADDRINUSE : -EINVAL;
    }
    const { name, release } = boundSockets(this.kernel).bind(task, this, wanted);
    this.name = name;
    this.unbind = release;
    return 0;
  }

  override localAddress(): Uint8Array {
    return toSockaddr(this.name);
  }

  /** Bytes that `sender` may put in now. */
  protected roomFor(sender: UnixSocket): number {
    return sender.sendBuffer - this.inbox.used;
  }

  /** Notes that `sender` waits for room; the answer that makes it wait. */
  keepWaiting(sender: UnixSocket): number {
    this.waiting.add(sender);
    return -EAGAIN;
  }

  wakeWaiting(): void {
    for (const sender of this.waiting) {
      if (this.inbox.used * 2 > sender.sendBuffer) continue;
      this.waiting.delete(sender);
      sender.queue.wakeFor(POLLOUT);
    }
  }

  /** -EMSGSIZE for a message that could never go. */
  protected checkSize({ bytes }: OutgoingMessage): number {
    return bytes.length > this.sendBuffer - MESSAGE_OVERHEAD ? -EMSGSIZE : 0;
  }

  /** Puts a message into `target`'s inbox. Credentials go along when either side wants them. */
  protected deliver(target: UnixSocket, message: OutgoingMessage, bytes: Uint8Array, sender: Task | undefined): void {
    const wantsCredentials = this.passesCredentials || target.passesCredentials;
    const own = wantsCredentials && sender !== undefined ? credentialsOf(sender.process) : undefined;
    const delivery: Delivery = {
      bytes,
      files: message.files.map((file) => file.retain()),
      credentials: message.credentials ?? own,
      address: this.name === undefined ? undefined : toSockaddr(this.name),
    };
    target.inbox.put(delivery);
    target.queue.wakeFor(POLLIN);
  }

  override receive(into: Uint8Array, flags: number, message: IncomingMessage): number {
    if (flags & MSG_OOB) return -EOPNOTSUPP;
    if (flags & MSG_ERRQUEUE) return -EAGAIN;
    const refusal = this.mayReceive();
    if (refusal !== 0) return refusal;
    if (!this.inbox.isEmpty) {
      const count = this.inbox.take(into, flags, message);
      if (!(flags & MSG_PEEK)) this.wakeWaiting();
      return count;
    }
    if (this.error !== 0) return this.takeError();
    return this.isReceiveShut ? 0 : -EAGAIN;
  }

  /** 0, or why nothing can be received in the state the socket is in. */
  protected mayReceive(): number {
    return 0;
  }

  get readableBytes(): number {
    return this.inbox.nextLength;
  }

  shutdown(how: number): number {
    if (how !== SHUT_WR) this.isReceiveShut = true;
    if (how !== SHUT_RD) this.isSendShut = true;
    this.queue.wakeFor(POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
    return 0;
  }

  /** Whether a message could be sent now; takes part in `poll`. */
  protected abstract readonly hasRoom: boolean;

  override poll(): number {
    const ended = (this.isReceiveShut ? POLLIN | POLLRDHUP : 0) | (this.isReceiveShut && this.isSendShut ? POLLHUP : 0);
    const readable = this.inbox.isEmpty ? 0 : POLLIN;
    return ended | readable | (this.error !== 0 ? POLLERR : 0) | (this.hasRoom ? POLLOUT : 0);
  }

  protected override release(): void {
    this.isClosed = true;
    this.unbind();
    this.inbox.clear();
    for (const sender of this.waiting) sender.queue.wakeFor(POLLOUT | POLLHUP);
    this.waiting.clear();
  }
}

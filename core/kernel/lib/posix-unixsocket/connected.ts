/** Unix sockets with connections: SOCK_STREAM and SOCK_SEQPACKET. */
import * as e from '../../abi/errno.ts';
import { O_RDWR } from '../../abi/fcntl.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '../../abi/poll.ts';
import { AF_UNIX, SHUT_RD, SHUT_WR, SOCK_STREAM } from '../../abi/socket.ts';
import type { Task } from '../../task.ts';
import type { OutgoingMessage, PeerCredentials } from '../posix-socket/lib.ts';
import { MessageInbox, StreamInbox } from './inbox.ts';
import { boundSockets, parseSockaddr, toSockaddr } from './names.ts';
import { credentialsOf, UnixSocket } from './unix-socket.ts';

const NOBODY: PeerCredentials = { pid: 0, uid: -1, gid: -1 };
const EVERYTHING = POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP;

/** Connections that wait to be accepted. */
interface Listening {
  backlog: number;
  readonly pending: ConnectedSocket[];
  readonly credentials: PeerCredentials;
}

export class ConnectedSocket extends UnixSocket {
  private peer: ConnectedSocket | undefined = undefined;
  private listening: Listening | undefined = undefined;
  private credentialsOfPeer = NOBODY;
  /** Had a peer, be it gone by now. */
  private wasConnected = false;
  /** The peer's name, known even when it is gone. */
  private peerName: string | undefined = undefined;

  constructor(task: Task, type: number, flags: number) {
    const inbox = type === SOCK_STREAM ? new StreamInbox() : new MessageInbox();
    super(task, { domain: AF_UNIX, type, protocol: 0 }, flags, inbox);
  }

  private get isStream(): boolean {
    return this.kind.type === SOCK_STREAM;
  }
  override get isListening(): boolean {
    return this.listening !== undefined;
  }
  override get peerCredentials(): PeerCredentials {
    return this.credentialsOfPeer;
  }
  override peerAddress(): Uint8Array | number {
    return this.wasConnected ? toSockaddr(this.peerName) : -e.ENOTCONN;
  }

  /** Makes this and `other` the ends of a connection. */
  join(other: ConnectedSocket, own: PeerCredentials, others: PeerCredentials): void {
    for (const [socket, peer, credentials] of [
      [this, other, others],
      [other, this, own],
    ] as const) {
      socket.peer = peer;
      socket.wasConnected = true;
      socket.credentialsOfPeer = credentials;
      socket.peerName = peer.name;
    }
  }

  override listen(backlog: number): number {
    if (this.name === undefined || this.wasConnected) return -e.EINVAL;
    const task = this.kernel.scheduler.current;
    const credentials = task === undefined ? NOBODY : credentialsOf(task.process);
    if (this.listening === undefined) this.listening = { backlog, pending: [], credentials };
    else this.listening.backlog = backlog;
    this.credentialsOfPeer = credentials;
    this.wakeConnecting();
    return 0;
  }

  override connect(task: Task, address: Uint8Array): number {
    const name = parseSockaddr(address);
    if (name === '') return -e.EINVAL;
    if (this.isListening) return -e.EINVAL;
    const target = boundSockets(this.kernel).find(task, name, this.kind.type);
    if (!(target instanceof ConnectedSocket)) return -e.EPROTOTYPE;
    if (target.listening === undefined || target.isReceiveShut) return -e.ECONNREFUSED;
    if (this.wasConnected) return -e.EISCONN;
    const { listening } = target;
    if (listening.pending.length > listening.backlog) return target.keepWaiting(this);
    const server = new ConnectedSocket(task, this.kind.type, O_RDWR);
    server.name = target.name;
    server.passesCredentials = target.passesCredentials;
    this.join(server, credentialsOf(task.process), listening.credentials);
    listening.pending.push(server);
    target.queue.wakeFor(POLLIN);
    this.queue.wakeFor(POLLOUT);
    return 0;
  }

  override accept(): ConnectedSocket | number {
    if (this.listening === undefined) return -e.EINVAL;
    const next = this.listening.pending.shift();
    if (next === undefined) return this.isReceiveShut ? -e.EINVAL : -e.EAGAIN;
    this.wakeConnecting();
    return next;
  }

  /** Those who found the queue of connections full try again. */
  private wakeConnecting(): void {
    for (const socket of this.waiting) socket.queue.wakeFor(POLLOUT);
    this.waiting.clear();
  }

  override send(message: OutgoingMessage, sender: Task | undefined): number {
    const { peer } = this;
    if (message.address !== undefined && this.isStream) return this.wasConnected ? -e.EISCONN : -e.EOPNOTSUPP;
    if (this.isSendShut) return -e.EPIPE;
    if (!this.wasConnected) return -e.ENOTCONN;
    if (peer === undefined || peer.isReceiveShut) return -e.EPIPE;
    return this.isStream ? this.sendBytes(peer, message, sender) : this.sendRecord(peer, message, sender);
  }

  private sendBytes(peer: ConnectedSocket, message: OutgoingMessage, sender: Task | undefined): number {
    const { bytes } = message;
    if (bytes.length === 0) return 0;
    const room = peer.roomFor(this);
    if (room <= 0) return peer.keepWaiting(this);
    const part = bytes.length > room ? bytes.subarray(0, room) : bytes;
    this.deliver(peer, message, part, sender);
    return part.length;
  }

  private sendRecord(peer: ConnectedSocket, message: OutgoingMessage, sender: Task | undefined): number {
    const tooBig = this.checkSize(message);
    if (tooBig !== 0) return tooBig;
    if (!peer.inbox.isEmpty && peer.roomFor(this) < message.bytes.length) return peer.keepWaiting(this);
    this.deliver(peer, message, message.bytes, sender);
    return message.bytes.length;
  }

  protected override mayReceive(): number {
    if (this.wasConnected) return 0;
    return this.isStream ? -e.EINVAL : -e.ENOTCONN;
  }

  override get unsentBytes(): number {
    return this.peer?.inbox.used ?? 0;
  }

  protected get hasRoom(): boolean {
    const { peer } = this;
    if (peer === undefined) return !this.isListening;
    if (peer.roomFor(this) * 2 > this.sendBuffer) return true;
    peer.keepWaiting(this);
    return false;
  }

  override poll(): number {
    if (this.listening !== undefined) return this.listening.pending.length > 0 ? POLLIN : 0;
    return super.poll() | (this.wasConnected ? 0 : POLLHUP);
  }

  override shutdown(how: number): number {
    if (!this.wasConnected && !this.isListening) return -e.ENOTCONN;
    // The other direction of what the peer may do.
    this.peer?.shutFromPeer(how !== SHUT_RD, how !== SHUT_WR);
    return super.shutdown(how);
  }

  private shutFromPeer(isReceive: boolean, isSend: boolean): void {
    this.isReceiveShut ||= isReceive;
    this.isSendShut ||= isSend;
    this.queue.wakeFor(EVERYTHING);
  }

  protected override release(): void {
    const { peer } = this;
    const hasUnread = !this.inbox.isEmpty;
    super.release();
    for (const waiting of this.listening?.pending.splice(0) ?? []) waiting.abort();
    if (peer === undefined) return;
    this.peer = undefined;
    peer.peerGone(hasUnread);
  }

  /** A connection that nobody accepted ends with an error for the one who made it. */
  private abort(): void {
    const { peer } = this;
    this.peer = undefined;
    this.drop();
    peer?.peerGone(true);
  }

  /** `isReset`: it left things unread. */
  private peerGone(isReset: boolean): void {
    this.peer = undefined;
    if (isReset) this.error = e.ECONNRESET;
    this.shutFromPeer(true, true);
  }
}

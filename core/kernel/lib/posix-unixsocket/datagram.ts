/** Unix datagram sockets: messages to whoever has a name, or to the peer that connect(2) chose. */
import * as e from '../../abi/errno.ts';
import { AF_UNIX, AF_UNSPEC, SOCK_DGRAM, UNIX_MAX_DGRAM_QLEN } from '../../abi/socket.ts';
import type { Task } from '../../task.ts';
import type { OutgoingMessage, PeerCredentials } from '../posix-socket/lib.ts';
import { MessageInbox } from './inbox.ts';
import { boundSockets, parseSockaddr, toSockaddr } from './names.ts';
import { UnixSocket } from './unix-socket.ts';

const NOBODY: PeerCredentials = { pid: 0, uid: -1, gid: -1 };

export class DatagramSocket extends UnixSocket {
  declare readonly inbox: MessageInbox;
  private peer: DatagramSocket | undefined = undefined;
  private credentialsOfPeer = NOBODY;

  constructor(task: Task, flags: number) {
    super(task, { domain: AF_UNIX, type: SOCK_DGRAM, protocol: 0 }, flags, new MessageInbox());
  }

  override get peerCredentials(): PeerCredentials {
    return this.credentialsOfPeer;
  }
  override peerAddress(): Uint8Array | number {
    return this.peer === undefined ? -e.ENOTCONN : toSockaddr(this.peer.name);
  }

  /** Makes this and `other` peers of each other (socketpair). */
  join(other: DatagramSocket, credentials: PeerCredentials): void {
    this.peer = other;
    other.peer = this;
    this.credentialsOfPeer = other.credentialsOfPeer = credentials;
  }

  override connect(task: Task, address: Uint8Array): number {
    if (address.length >= 2 && (address[0]! | (address[1]! << 8)) === AF_UNSPEC) {
      this.peer = undefined;
      return 0;
    }
    const target = this.find(task, address);
    if (typeof target === 'number') return target;
    this.peer = target;
    return 0;
  }

  /** The socket of that name, if it takes messages from this one. */
  private find(task: Task, address: Uint8Array): DatagramSocket | number {
    const name = parseSockaddr(address);
    if (name === '') return -e.EINVAL;
    const target = boundSockets(this.kernel).find(task, name, SOCK_DGRAM);
    if (!(target instanceof DatagramSocket)) return -e.EPROTOTYPE;
    return target.peer === undefined || target.peer === this ? target : -e.EPERM;
  }

  override send(message: OutgoingMessage, sender: Task | undefined): number {
    if (this.isSendShut) return -e.EPIPE;
    const tooBig = this.checkSize(message);
    if (tooBig !== 0) return tooBig;
    const target = this.targetOf(message, sender);
    if (typeof target === 'number') return target;
    if (target.isReceiveShut) return -e.EPIPE;
    if (target.isFullFor(this, message.bytes.length)) return target.keepWaiting(this);
    this.deliver(target, message, message.bytes, sender);
    return message.bytes.length;
  }

  private targetOf({ address }: OutgoingMessage, sender: Task | undefined): DatagramSocket | number {
    if (address !== undefined && sender !== undefined) return this.find(sender, address);
    const { peer } = this;
    if (peer === undefined) return -e.ENOTCONN;
    if (!peer.isClosed) return peer;
    this.peer = undefined;
    return -e.ECONNREFUSED;
  }

  private isFullFor(sender: DatagramSocket, lenBytes: number): boolean {
    if (this.inbox.isEmpty) return false;
    const isCrowded = this.peer !== sender && this.inbox.count > UNIX_MAX_DGRAM_QLEN;
    return isCrowded || this.roomFor(sender) < lenBytes;
  }

  override wakeWaiting(): void {
    if (this.inbox.count <= UNIX_MAX_DGRAM_QLEN) super.wakeWaiting();
  }

  protected get hasRoom(): boolean {
    const { peer } = this;
    if (peer === undefined || peer.isClosed || !peer.isFullFor(this, this.sendBuffer / 2)) return true;
    peer.keepWaiting(this);
    return false;
  }
}

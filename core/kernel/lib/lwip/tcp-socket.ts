/**
 * TCP sockets, tcp(7), RFC 9293, between programs of one machine: two connected sockets know each other, and what one
 * sends goes straight into the other's inbox. Errors, resets and readiness are those that packets would bring.
 *
 * Back-pressure: a sender that finds no room is marked starved and woken when a third of the room is free again; a
 * connection that finds the listener's queue full waits at the listener, as one whose SYN was dropped.
 */
import { ByteRing } from '../../../base/byte-ring.ts';
import { type Address, isMulticast } from '../../../net/address.ts';
import { matchAddress, type PortTable } from '../../../net/ports.ts';
import * as e from '../../abi/errno.ts';
import { O_NONBLOCK, O_RDWR } from '../../abi/fcntl.ts';
import * as n from '../../abi/in.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '../../abi/poll.ts';
import * as s from '../../abi/socket.ts';
import type { Task } from '../../task.ts';
import type { IncomingMessage, OutgoingMessage } from '../posix-socket/lib.ts';
import { anyHost, destinationOf, type Endpoint, familyOf, parseEndpoint } from './endpoint.ts';
import { InetSocket } from './inet-socket.ts';

const EVERYTHING = POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP;
/** net.ipv4.tcp_wmem and tcp_rmem: what getsockopt shows of a new socket. */
const SEND_BUFFER = 16384;
const RECEIVE_BUFFER = 131072;

type State = 'closed' | 'listening' | 'connecting' | 'connected';

interface Listening {
  backlog: number;
  /** Connections that wait to be accepted. */
  readonly pending: TcpSocket[];
  /** Sockets that found the queue full. */
  readonly waiting: Set<TcpSocket>;
}

export class TcpSocket extends InetSocket {
  private state: State = 'closed';
  private listening: Listening | undefined = undefined;
  private peer: TcpSocket | undefined = undefined;
  private readonly inbox = new ByteRing(Number.MAX_SAFE_INTEGER);
  /** The peer has sent its FIN. */
  private hasPeerEnded = false;
  private isReceiveShut = false;
  private isSendShut = false;
  /** Wants to send and found no room. */
  private isStarved = false;
  /** A connect(2) answered EINPROGRESS; the next one tells its outcome. */
  private isOutcomePending = false;
  /** Listener whose full queue this socket waits for. */
  private waitsAt: TcpSocket | undefined = undefined;

  constructor(task: Task, domain: number, flags: number) {
    super(task, { domain, type: s.SOCK_STREAM, protocol: n.IPPROTO_TCP }, flags);
    this.sendBuffer = SEND_BUFFER;
    this.receiveBuffer = RECEIVE_BUFFER;
  }

  protected get ports(): PortTable<TcpSocket> {
    return this.network.tcp;
  }
  protected get mayBind(): boolean {
    return this.state === 'closed';
  }
  override get isListening(): boolean {
    return this.state === 'listening';
  }
  get tcpState(): number {
    if (this.state === 'listening') return n.TCP_LISTEN;
    if (this.state === 'connecting') return n.TCP_SYN_SENT;
    if (this.state === 'closed') return n.TCP_CLOSE;
    if (this.hasPeerEnded) return n.TCP_CLOSE_WAIT;
    return this.isSendShut ? n.TCP_FIN_WAIT2 : n.TCP_ESTABLISHED;
  }

  override peerAddress(): Uint8Array | number {
    const isOver = this.state !== 'connected' || (this.hasPeerEnded && this.isSendShut);
    return isOver ? -e.ENOTCONN : super.peerAddress();
  }

  // Connecting

  override listen(backlog: number): number {
    if (this.state !== 'closed' && this.state !== 'listening') return -e.EINVAL;
    if (this.listening !== undefined) {
      this.listening.backlog = backlog;
      this.admitWaiting();
      return 0;
    }
    this.ensurePort(e.EADDRINUSE);
    if (!this.ports.isFree(this, this.localPort)) return -e.EADDRINUSE;
    this.state = 'listening';
    this.listening = { backlog, pending: [], waiting: new Set() };
    this.isReceiveShut = this.isSendShut = false;
    return 0;
  }

  override connect(task: Task, address: Uint8Array): number {
    if (address.length < 2) return -e.EINVAL;
    if (familyOf(address) === s.AF_UNSPEC) return this.disconnect();
    const refusal = this.mayConnect();
    if (refusal !== undefined) return refusal;
    const { host, port } = parseEndpoint(this.kind.domain, address);
    const remote = { host: destinationOf(host), port };
    if (isMulticast(remote.host) || this.network.stack.isBroadcast(remote.host)) return -e.ENETUNREACH;
    this.checkVersion(remote.host);
    const source = this.sourceFor(remote.host);
    this.ensurePort(e.EADDRNOTAVAIL);
    if (this.isTaken(source, remote)) return -e.EADDRNOTAVAIL;
    this.localHost = source;
    this.remote = remote;
    this.isReceiveShut = this.isSendShut = this.hasPeerEnded = false;
    this.state = 'connecting';
    this.seekListener(task);
    return this.connectOutcome();
  }

  /** What connect(2) answers when this socket has no new connection to make now. */
  private mayConnect(): number | undefined {
    if (this.isOutcomePending && this.state !== 'connecting') return this.connectOutcome();
    if (this.state === 'connecting') return this.flags & O_NONBLOCK ? -e.EALREADY : -e.EAGAIN;
    return this.state === 'closed' ? undefined : -e.EISCONN;
  }

  /** A non-blocking connect always tells its outcome later: on Linux the answer's packet comes after the call. */
  private connectOutcome(): number {
    if (this.flags & O_NONBLOCK && !this.isOutcomePending) {
      this.isOutcomePending = true;
      return -e.EINPROGRESS;
    }
    this.isOutcomePending = this.state === 'connecting';
    if (this.state === 'connecting') return -e.EAGAIN;
    if (this.state === 'connected') return 0;
    return this.takeError() || -e.ECONNABORTED;
  }

  /** A connection between the same two ends exists already. */
  private isTaken(source: Address, remote: Endpoint): boolean {
    for (const other of this.ports.at(this.localPort)) {
      if (other === this || other.state !== 'connected' || other.localHost !== source) continue;
      if (other.remote!.host === remote.host && other.remote!.port === remote.port) return true;
    }
    return false;
  }

  private seekListener(task: Task): void {
    const listener = this.findListener();
    if (listener === undefined) this.end(e.ECONNREFUSED);
    else listener.admit(this, task);
  }

  /** The listener with the best matching address; those that share by SO_REUSEPORT take turns by the peer's port. */
  private findListener(): TcpSocket | undefined {
    const { host, port } = this.remote!;
    let best = 1;
    let found: TcpSocket[] = [];
    for (const socket of this.ports.at(port)) {
      const match = socket.isListening ? matchAddress(socket, host) : 0;
      if (match < best) continue;
      if (match > best) found = [];
      best = match;
      found.push(socket);
    }
    return found[this.localPort % found.length];
  }

  private get hasAcceptRoom(): boolean {
    return this.listening !== undefined && this.listening.pending.length <= this.listening.backlog;
  }

  /** Connects `client` to a new socket in the queue, or keeps it waiting while the queue is full. */
  private admit(client: TcpSocket, task: Task): void {
    if (!this.hasAcceptRoom) {
      this.listening!.waiting.add(client);
      client.waitsAt = this;
      return;
    }
    const server = new TcpSocket(task, this.kind.domain, O_RDWR);
    server.inherit(this, client);
    client.join(server);
    this.listening!.pending.push(server);
    this.queue.wakeFor(POLLIN);
  }

  private admitWaiting(): void {
    const task = this.kernel.scheduler.current;
    for (const client of this.listening?.waiting ?? []) {
      if (task === undefined || !this.hasAcceptRoom) return;
      this.listening!.waiting.delete(client);
      client.waitsAt = undefined;
      this.admit(client, task);
    }
  }

  /** An accepted socket begins with the options of its listener. */
  private inherit(listener: TcpSocket, client: TcpSocket): void {
    for (const [name, value] of listener.options) this.options.set(name, value);
    for (const [key, value] of listener.protocolOptions) this.protocolOptions.set(key, value);
    this.sendBuffer = listener.sendBuffer;
    this.receiveBuffer = listener.receiveBuffer;
    this.readTimeoutNs = listener.readTimeoutNs;
    this.writeTimeoutNs = listener.writeTimeoutNs;
    this.localHost = client.remote!.host;
    this.takePort(listener.localPort);
    this.remote = { host: client.localHost, port: client.localPort };
  }

  private join(server: TcpSocket): void {
    this.peer = server;
    server.peer = this;
    this.state = server.state = 'connected';
    this.queue.wakeFor(POLLOUT);
  }

  override accept(): TcpSocket | number {
    if (this.listening === undefined) return -e.EINVAL;
    const next = this.listening.pending.shift();
    if (next === undefined) return -e.EAGAIN;
    this.admitWaiting();
    return next;
  }

  /** connect(2) to AF_UNSPEC. */
  private disconnect(): number {
    this.leave(true);
    this.state = 'closed';
    this.remote = undefined;
    this.isOutcomePending = this.hasPeerEnded = this.isReceiveShut = this.isSendShut = false;
    this.error = 0;
    if (!this.isHostBound) this.localHost = anyHost(this.kind.domain);
    if (!this.isPortBound) this.releasePort();
    this.queue.wakeFor(EVERYTHING);
    return 0;
  }

  // Bytes

  /** Bytes that may be on their way: both buffers, of which Linux lets programs use about half. */
  private get room(): number {
    const { peer } = this;
    return peer === undefined ? 0 : this.capacityTo(peer) - peer.inbox.used;
  }
  /** Linux grows the buffers of a fresh socket by need; ours are of one size then. */
  private capacityTo(peer: TcpSocket): number {
    const own = this.sendBuffer === SEND_BUFFER ? RECEIVE_BUFFER : this.sendBuffer;
    return own + peer.receiveBuffer;
  }

  override send({ bytes, flags }: OutgoingMessage): number {
    if (flags & s.MSG_OOB) return -e.EOPNOTSUPP;
    if (this.state === 'connecting') return -e.EAGAIN;
    if (this.error !== 0) return this.takeError();
    if (this.state !== 'connected' || this.isSendShut) return -e.EPIPE;
    const { peer } = this;
    // The other program has closed: its machine would take the bytes and answer with a reset.
    if (peer === undefined) {
      if (bytes.length > 0) this.end(e.EPIPE);
      return bytes.length;
    }
    if (bytes.length === 0) return 0;
    const { room } = this;
    this.isStarved = bytes.length > room;
    if (room <= 0) return -e.EAGAIN;
    const part = this.isStarved ? bytes.subarray(0, room) : bytes;
    peer.inbox.put(part);
    this.count(part.length);
    peer.queue.wakeFor(POLLIN);
    return part.length;
  }

  private count(lenBytes: number): void {
    const counters = this.network.stack.links[0]!.counters;
    counters.sentBytes += lenBytes;
    counters.receivedBytes += lenBytes;
    counters.sentPackets++;
    counters.receivedPackets++;
  }

  override receive(into: Uint8Array, flags: number, message: IncomingMessage): number {
    if (flags & s.MSG_ERRQUEUE) return -e.EAGAIN;
    if (this.state === 'listening') return -e.ENOTCONN;
    // There is no urgent data.
    if (flags & s.MSG_OOB) return -e.EINVAL;
    if (this.inbox.used > 0) return this.take(into, flags, message);
    if (this.hasPeerEnded) return 0;
    if (this.error !== 0) return this.takeError();
    if (this.isReceiveShut) return 0;
    if (this.state === 'closed') return -e.ENOTCONN;
    return -e.EAGAIN;
  }

  private take(into: Uint8Array, flags: number, message: IncomingMessage): number {
    const count = Math.min(into.length, this.inbox.used);
    // MSG_TRUNC: the bytes are not wanted.
    if (!(flags & s.MSG_TRUNC)) this.inbox.peek(into);
    if (!(flags & s.MSG_PEEK)) this.inbox.drop(count);
    message.fullLength = count;
    this.peer?.roomGrew();
    return count;
  }

  private roomGrew(): void {
    if (!this.isStarved || !this.isWritableNow) return;
    this.isStarved = false;
    this.queue.wakeFor(POLLOUT);
  }
  private get isWritableNow(): boolean {
    const { peer } = this;
    return peer === undefined || this.room * 3 >= this.capacityTo(peer);
  }

  get readableBytes(): number {
    return this.inbox.used;
  }
  /** What the peer's receive buffer has not taken. */
  override get unsentBytes(): number {
    return this.peer === undefined ? 0 : Math.max(0, this.peer.inbox.used - this.peer.receiveBuffer);
  }

  // Readiness and endings

  override poll(): number {
    if (this.listening !== undefined) return this.listening.pending.length > 0 ? POLLIN : 0;
    const isInputOver = this.hasPeerEnded || this.isReceiveShut;
    const isOver = this.state === 'closed' || (isInputOver && this.isSendShut);
    let events = (this.error !== 0 ? POLLERR : 0) | (isOver ? POLLHUP : 0) | (isInputOver ? POLLIN | POLLRDHUP : 0);
    if (this.state === 'connecting') return events;
    if (this.inbox.used >= Math.max(1, this.options.get(s.SO_RCVLOWAT) ?? 1)) events |= POLLIN;
    if (this.isSendShut || this.isWritableNow) events |= POLLOUT;
    else this.isStarved = true;
    return events;
  }

  override shutdown(how: number): number {
    if (this.state === 'closed') return -e.ENOTCONN;
    if (this.state !== 'connected') {
      if (how === s.SHUT_WR && this.state === 'listening') return 0;
      this.leave(true);
      this.end(0);
      return 0;
    }
    if (how !== s.SHUT_WR) this.isReceiveShut = true;
    if (how !== s.SHUT_RD && !this.isSendShut) {
      this.isSendShut = true;
      this.peer?.peerEnded();
    }
    this.queue.wakeFor(EVERYTHING);
    return 0;
  }

  private peerEnded(): void {
    this.hasPeerEnded = true;
    this.queue.wakeFor(POLLIN | POLLRDHUP | POLLHUP);
  }

  /** The connection is over, by a reset or before it began; `error` is what programs are told. */
  private end(error: number): void {
    if (error !== 0) this.error = error;
    this.peer = undefined;
    this.state = 'closed';
    this.isReceiveShut = this.isSendShut = true;
    this.queue.wakeFor(EVERYTHING);
  }

  private reset(): void {
    if (this.state !== 'connected') return;
    this.end(this.hasPeerEnded ? e.EPIPE : e.ECONNRESET);
  }

  /** Parts from the peer or, when listening, from everybody; `isAbrupt`: by a reset. */
  private leave(isAbrupt: boolean): void {
    const { peer, listening } = this;
    this.waitsAt?.listening?.waiting.delete(this);
    this.waitsAt = undefined;
    this.listening = undefined;
    this.peer = undefined;
    for (const client of listening?.waiting ?? []) client.end(e.ECONNREFUSED);
    for (const server of listening?.pending ?? []) {
      server.leave(true);
      server.drop();
    }
    if (isAbrupt) peer?.reset();
    else if (peer !== undefined) {
      // Its next bytes meet a closed socket.
      peer.peer = undefined;
      if (!this.isSendShut) peer.peerEnded();
      peer.queue.wakeFor(POLLOUT);
    }
    this.inbox.clear();
  }

  protected override release(): void {
    const isAbrupt = this.inbox.used > 0 || this.options.get(s.SO_LINGER) === 0;
    this.leave(isAbrupt);
    this.state = 'closed';
    this.releasePort();
  }
}

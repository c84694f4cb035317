/**
 * TCP sockets, tcp(7), RFC 9293. What one is connected by is a stream: to another socket of this machine (local-stream.ts)
 * or through a card (net/transport.ts). The socket knows what programs see: names, options, errors, readiness.
 *
 * Back-pressure: a sender that finds no room asks its stream to be told when a third of it is free again; a connection that
 * finds the listener's queue full waits there, as one whose SYN was dropped.
 */
import { isMulticast } from '../../../net/address.ts';
import type { PortTable } from '../../../net/ports.ts';
import type { Stream } from '../../../net/transport.ts';
import * as e from '../../abi/errno.ts';
import { O_NONBLOCK, O_RDWR } from '../../abi/fcntl.ts';
import * as n from '../../abi/in.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from '../../abi/poll.ts';
import { SI_KERNEL, SIGURG } from '../../abi/signal.ts';
import * as s from '../../abi/socket.ts';
import type { Task } from '../../task.ts';
import { sendToOwner } from '../../vfs/async-signals.ts';
import type { IncomingMessage, OutgoingMessage } from '../posix-socket/lib.ts';
import { anyHost, destinationOf, type Endpoint, familyOf, parseEndpoint } from './endpoint.ts';
import { errnoOf } from './faults.ts';
import { HeldBytes } from './held-bytes.ts';
import { InetSocket } from './inet-socket.ts';
import { Listener } from './listener.ts';
import { LocalStream } from './local-stream.ts';
import { RECEIVE_BUFFER, SEND_BUFFER } from './stream-buffers.ts';
import { takeBytes } from './take-bytes.ts';
import * as urgent from './urgent.ts';

const EVERYTHING = POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP;

type State = 'closed' | 'listening' | 'connecting' | 'connected';

export class TcpSocket extends InetSocket {
  private state: State = 'closed';
  private listener: Listener | undefined = undefined;
  /** The connection; kept after its end for the bytes that are still in it. */
  stream: Stream | undefined = undefined;
  /** The peer has sent its FIN. */
  private hasPeerEnded = false;
  private isReceiveShut = false;
  private isSendShut = false;
  /** TCP_CORK. */
  private isCorked = false;
  private held: HeldBytes | undefined = undefined;
  /** Wants to send and found no room. */
  private isStarved = false;
  /** A connect(2) answered EINPROGRESS; the next one tells its outcome. */
  private isOutcomePending = false;

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
  override get waiting(): Listener['waiting'] | undefined {
    return this.listener?.waiting;
  }
  get tcpState(): number {
    if (this.state === 'listening') return n.TCP_LISTEN;
    if (this.state === 'connecting') return n.TCP_SYN_SENT;
    if (this.state === 'closed') return n.TCP_CLOSE;
    if (this.hasPeerEnded) return this.isSendShut ? n.TCP_LAST_ACK : n.TCP_CLOSE_WAIT;
    return this.isSendShut ? n.TCP_FIN_WAIT2 : n.TCP_ESTABLISHED;
  }

  override acceptedAddress(): Uint8Array | number {
    return super.peerAddress();
  }
  override peerAddress(): Uint8Array | number {
    const isOver = this.state !== 'connected' || (this.hasPeerEnded && this.isSendShut);
    return isOver ? -e.ENOTCONN : super.peerAddress();
  }

  // Connecting

  override listen(backlog: number): number {
    if (this.state !== 'closed' && this.state !== 'listening') return -e.EINVAL;
    if (this.listener !== undefined) {
      this.listener.resize(backlog);
      return 0;
    }
    this.ensurePort(e.EADDRINUSE);
    if (!this.ports.isFree(this, this.localPort)) return -e.EADDRINUSE;
    this.state = 'listening';
    this.listener = new Listener(backlog, () => this.queue.wakeFor(POLLIN));
    this.isReceiveShut = this.isSendShut = false;
    this.network.listen(this);
    return 0;
  }

  /** A connection that asks for this socket's port. */
  offer(stream: Stream): void {
    this.listener?.offer(stream);
  }

  override connect(_task: Task, address: Uint8Array): number {
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
    this.adopt(this.network.connect({ host: source, port: this.localPort }, remote));
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

  /** A connection between the same two ends exists already; a port of its own is nobody else's. */
  private isTaken(source: string, remote: Endpoint): boolean {
    if (!this.isPortBound) return false;
    for (const other of this.ports.at(this.localPort)) {
      if (other === this || other.state !== 'connected' || other.localHost !== source) continue;
      if (other.remote!.host === remote.host && other.remote!.port === remote.port) return true;
    }
    return false;
  }

  /** Takes a stream over, in whatever state it is. */
  private adopt(stream: Stream): void {
    this.stream = stream;
    if (stream instanceof LocalStream) stream.buffers = this;
    stream.onChange = (events?: number): void => this.streamChanged(stream, events);
    this.streamChanged(stream, 0);
  }

  /** `events`: POLL* bits that may have begun to hold, when the stream knows. */
  private streamChanged(stream: Stream, events = this.guessEvents(stream)): void {
    if (stream.state === 'open' && this.state === 'connecting') {
      this.state = 'connected';
      events |= POLLOUT;
    }
    if (!this.hasPeerEnded && stream.hasPeerEnded) {
      this.hasPeerEnded = true;
      events |= POLLIN | POLLRDHUP | POLLHUP;
    }
    if (stream.state === 'ended' && this.state !== 'closed') {
      const errno = errnoOf(stream.fault ?? 'reset');
      // RFC 9293, 3.10.7.4: a reset that comes behind the peer's FIN.
      this.end(errno === e.ECONNRESET && this.hasPeerEnded ? e.EPIPE : errno);
      return;
    }
    if (events & POLLPRI && this.owner !== 0) sendToOwner(this.kernel, this, SIGURG, { code: SI_KERNEL });
    if (events !== 0) this.queue.wakeFor(events);
  }

  private guessEvents(stream: Stream): number {
    return (stream.available > 0 ? POLLIN : 0) | (this.isStarved && this.isWritableNow ? POLLOUT : 0);
  }

  override accept(task: Task): TcpSocket | number {
    if (this.listener === undefined) return -e.EINVAL;
    const stream = this.listener.take();
    if (stream === undefined) return -e.EAGAIN;
    const server = new TcpSocket(task, this.kind.domain, O_RDWR);
    server.inherit(this, stream);
    return server;
  }

  /** An accepted socket begins with the options of its listener. */
  private inherit(listener: TcpSocket, stream: Stream): void {
    this.options.copy(listener.options);
    this.protocolOptions.copy(listener.protocolOptions);
    this.sendBuffer = listener.sendBuffer;
    this.receiveBuffer = listener.receiveBuffer;
    this.isCorked = listener.isCorked;
    this.readTimeoutNs = listener.readTimeoutNs;
    this.writeTimeoutNs = listener.writeTimeoutNs;
    this.localHost = stream.local.host;
    this.takePort(listener.localPort);
    this.remote = stream.remote;
    this.state = 'connected';
    this.adopt(stream);
  }

  /** connect(2) to AF_UNSPEC. */
  private disconnect(): number {
    this.leave(true);
    this.state = 'closed';
    this.remote = undefined;
    this.stream = this.held = undefined;
    this.isOutcomePending = this.hasPeerEnded = this.isReceiveShut = this.isSendShut = false;
    this.error = 0;
    if (!this.isHostBound) this.localHost = anyHost(this.kind.domain);
    if (!this.isPortBound) this.releasePort();
    this.queue.wakeFor(EVERYTHING);
    return 0;
  }

  // Bytes

  override send({ bytes, flags }: OutgoingMessage): number {
    if (flags & s.MSG_OOB) {
      this.held?.letGo();
      return urgent.send(this, bytes);
    }
    return this.push(bytes, (flags & s.MSG_MORE) !== 0);
  }

  override write(bytes: Uint8Array): number {
    return this.push(bytes, false);
  }

  /** `hasMore`: they may wait for what comes next, as all do while the socket is corked. */
  private push(bytes: Uint8Array, hasMore: boolean): number {
    const refusal = this.maySend();
    if (refusal !== 0) return refusal;
    if (bytes.length === 0) return 0;
    if (hasMore || this.isCorked) {
      this.held ??= new HeldBytes(this.kernel, this.stream!);
      if (this.held.keep(bytes)) return bytes.length;
    }
    this.held?.letGo();
    const sent = this.stream!.send(bytes);
    return sent === bytes.length ? sent : this.sentInPart(sent, bytes);
  }

  /** After a send of `sent` bytes found no room for more: asks to be told of room, unless there is some already. */
  private sentInPart(sent: number, bytes: Uint8Array): number {
    const stream = this.stream!;
    this.isStarved = true;
    if (stream.state !== 'open') {
      // Its end has not been told yet.
      this.streamChanged(stream);
      return sent > 0 ? sent : this.maySend() || -e.EAGAIN;
    }
    if (stream.wantRoom()) return sent > 0 ? sent : -e.EAGAIN;
    // The reader was faster than the question: nobody will tell.
    if (sent === 0) return this.write(bytes);
    this.queue.wakeFor(POLLOUT);
    return sent;
  }

  /** 0, or why nothing can be sent: -errno. */
  maySend(): number {
    if (this.state === 'connecting') return -e.EAGAIN;
    if (this.error !== 0) return this.takeError();
    return this.state !== 'connected' || this.isSendShut ? -e.EPIPE : 0;
  }

  override read(into: Uint8Array): number {
    const { stream } = this;
    if (stream === undefined || stream.available === 0) return this.whyNothing();
    if (urgent.isAhead(this, into.length)) return urgent.receiveAround(this, into, 0);
    return stream.receive(into);
  }

  /** What a receive answers when there are no bytes: 0 at the end, or -errno. */
  private whyNothing(): number {
    if (this.state === 'listening') return -e.ENOTCONN;
    if (this.hasPeerEnded) return 0;
    if (this.error !== 0) return this.takeError();
    if (this.isReceiveShut) return 0;
    return this.state === 'closed' ? -e.ENOTCONN : -e.EAGAIN;
  }

  override receive(into: Uint8Array, flags: number, message: IncomingMessage): number {
    if (flags & s.MSG_ERRQUEUE) return -e.EAGAIN;
    if (flags & s.MSG_OOB) return this.state === 'listening' ? -e.ENOTCONN : urgent.receive(this, into, flags, message);
    const { stream } = this;
    if (stream === undefined || stream.available === 0) return this.whyNothing();
    const count = urgent.isAhead(this, into.length)
      ? urgent.receiveAround(this, into, flags)
      : takeBytes(stream, into, flags);
    message.fullLength = count;
    return count;
  }

  override setCork(isCorked: boolean): void {
    this.isCorked = isCorked;
    if (!isCorked) this.pushHeld();
  }
  override pushHeld(): void {
    this.held?.letGo();
  }

  get readableBytes(): number {
    return urgent.readableBytes(this);
  }
  override get unsentBytes(): number {
    return (this.stream?.unsent ?? 0) + (this.held?.length ?? 0);
  }
  override isAtMark(): boolean {
    return urgent.isAtMark(this);
  }

  private get isWritableNow(): boolean {
    const { stream } = this;
    return stream === undefined || stream.state !== 'open' || stream.room * 3 >= stream.capacity;
  }

  // Readiness and endings

  override poll(): number {
    if (this.listener !== undefined) return this.listener.isEmpty ? 0 : POLLIN;
    const { stream } = this;
    const isInputOver = this.hasPeerEnded || this.isReceiveShut;
    const isOver = this.state === 'closed' || (isInputOver && this.isSendShut);
    let events = (this.error !== 0 ? POLLERR : 0) | (isOver ? POLLHUP : 0) | (isInputOver ? POLLIN | POLLRDHUP : 0);
    if (this.state === 'connecting') return events;
    if (stream !== undefined) {
      if (stream.available >= this.receiveLowWater && !urgent.isAlone(this)) events |= POLLIN;
      if (urgent.isPending(this)) events |= POLLPRI;
    }
    if (this.isSendShut || this.isWritableNow) events |= POLLOUT;
    else if (stream !== undefined) {
      this.isStarved = true;
      if (!stream.wantRoom()) events |= POLLOUT;
    }
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
      this.held?.letGo();
      this.stream?.shutdown();
    }
    this.queue.wakeFor(EVERYTHING);
    return 0;
  }

  /** The connection is over, by a reset or before it began; `error` is what programs are told. */
  private end(error: number): void {
    if (error !== 0) this.error = error;
    this.state = 'closed';
    this.isReceiveShut = this.isSendShut = true;
    this.queue.wakeFor(EVERYTHING);
  }

  /** Parts from the peer or, when listening, from everybody; `isAbrupt`: by a reset. */
  private leave(isAbrupt: boolean): void {
    const { listener, stream } = this;
    this.listener = undefined;
    if (listener !== undefined) {
      this.network.endListening(this);
      listener.close();
    }
    if (stream === undefined || stream.state === 'ended') return;
    if (!isAbrupt) this.held?.letGo();
    if (isAbrupt && stream.state === 'open') stream.reset();
    else stream.close();
  }

  protected override release(): void {
    const isAbrupt = (this.stream?.available ?? 0) > 0 || this.options.get(s.SO_LINGER) === 0;
    this.leave(isAbrupt);
    this.state = 'closed';
    this.releasePort();
  }
}

/**
 * TCP connections between sockets of one machine, RFC 9293: two ends that know each other; what one sends goes straight into
 * the other's ring. Endings, resets and readiness are those that packets would bring, so that a socket need not know whether
 * its stream leaves the machine (`Stream` of net/transport.ts).
 *
 * Differences from streams that leave the machine: `onChange` is called at once and told which POLL* bits began to hold, and
 * there is urgent data.
 */
import { ByteRing } from '../../../base/byte-ring.ts';
import type { LinkCounters } from '../../../net/stack.ts';
import type { Endpoint, Stream, StreamFault, StreamState } from '../../../net/transport.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from '../../abi/poll.ts';
import { RECEIVE_BUFFER, SEND_BUFFER, type StreamBuffers } from './stream-buffers.ts';

const ENDED = POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP;
const UNTOLD: StreamBuffers = { sendBuffer: SEND_BUFFER, receiveBuffer: RECEIVE_BUFFER };

/** The last byte of a send with MSG_OOB, at this position of the receiving ring. */
export interface UrgentByte {
  readonly at: number;
  /** Taken by a receive with MSG_OOB. */
  isRead: boolean;
}

export class LocalStream implements Stream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  state: StreamState;
  fault: StreamFault | undefined = undefined;
  onChange: ((events?: number) => void) | undefined = undefined;
  /** Sizes that the owner of this end has set. */
  buffers: StreamBuffers = UNTOLD;
  hasPeerEnded = false;
  /** Urgent byte that has come and that bytes behind it have not replaced. */
  urgent: UrgentByte | undefined = undefined;
  private peer: LocalStream | undefined = undefined;
  private readonly ring = new ByteRing(Number.MAX_SAFE_INTEGER);
  private isSendShut = false;
  private wantsRoom = false;
  private readonly counters: LinkCounters;

  private constructor(local: Endpoint, remote: Endpoint, state: StreamState, counters: LinkCounters) {
    this.local = local;
    this.remote = remote;
    this.state = state;
    this.counters = counters;
  }

  /** The two ends of a connection that begins: one is `connecting`, the other `asking`. `counters`: of the link they use. */
  static pair(local: Endpoint, remote: Endpoint, counters: LinkCounters): [client: LocalStream, server: LocalStream] {
    const client = new LocalStream(local, remote, 'connecting', counters);
    const server = new LocalStream(remote, local, 'asking', counters);
    client.peer = server;
    server.peer = client;
    return [client, server];
  }

  accept(): void {
    const { peer } = this;
    if (this.state !== 'asking' || peer === undefined) return;
    this.state = peer.state = 'open';
    peer.onChange?.(POLLOUT);
  }
  refuse(): void {
    this.parted()?.end('refused');
  }

  // In

  get available(): number {
    return this.ring.used;
  }
  /** Bytes that have come since the beginning, and of those the ones that were taken. */
  get receivedBytes(): number {
    return this.ring.written;
  }
  get takenBytes(): number {
    return this.ring.taken;
  }
  get sentBytes(): number {
    return this.peer?.ring.written ?? 0;
  }
  get isAtEnd(): boolean {
    return this.hasPeerEnded && this.ring.used === 0;
  }

  receive(into: Uint8Array): number {
    const count = this.ring.take(into);
    this.peer?.roomGrew();
    return count;
  }
  peek(into: Uint8Array, skip = 0): number {
    return this.ring.peek(into, skip);
  }
  /** Throws the next `count` bytes away. */
  drop(count: number): void {
    this.ring.drop(count);
    this.peer?.roomGrew();
  }

  // Out

  /** Both buffers, of which Linux lets programs use about half; it grows those of a fresh socket by need. */
  get capacity(): number {
    const { sendBuffer } = this.buffers;
    const own = sendBuffer === SEND_BUFFER ? RECEIVE_BUFFER : sendBuffer;
    return own + (this.peer ?? this).buffers.receiveBuffer;
  }
  get room(): number {
    if (this.state !== 'open') return 0;
    return this.peer === undefined ? this.capacity : Math.max(0, this.capacity - this.peer.ring.used);
  }
  /** What the peer's receive buffer has not taken. */
  get unsent(): number {
    return this.peer === undefined ? 0 : Math.max(0, this.peer.ring.used - this.peer.buffers.receiveBuffer);
  }

  send(bytes: Uint8Array): number {
    if (this.state !== 'open' || this.isSendShut || bytes.length === 0) return 0;
    const { peer } = this;
    // The other program has closed: its machine takes the bytes and answers with a reset.
    if (peer === undefined) {
      this.end('reset');
      return bytes.length;
    }
    const { room } = this;
    if (room <= 0) return 0;
    const count = peer.ring.put(bytes.length > room ? bytes.subarray(0, room) : bytes);
    this.count(count);
    peer.onChange?.(POLLIN);
    return count;
  }
  private count(lenBytes: number): void {
    const { counters } = this;
    counters.sentBytes += lenBytes;
    counters.receivedBytes += lenBytes;
    counters.sentPackets++;
    counters.receivedPackets++;
  }
  /** Sends bytes whose last one is urgent. */
  sendUrgent(bytes: Uint8Array): number {
    const { peer } = this;
    const count = this.send(bytes);
    if (peer !== undefined && count > 0 && count === bytes.length) {
      peer.urgent = { at: peer.ring.written - 1, isRead: false };
      peer.onChange?.(POLLPRI);
    }
    return count;
  }

  wantRoom(): boolean {
    this.wantsRoom = this.room * 3 < this.capacity;
    return this.wantsRoom;
  }
  private roomGrew(): void {
    if (!this.wantsRoom || this.room * 3 < this.capacity) return;
    this.wantsRoom = false;
    this.onChange?.(POLLOUT);
  }

  // Endings

  shutdown(): void {
    if (this.isSendShut) return;
    this.isSendShut = true;
    this.peer?.peerEnded();
  }
  private peerEnded(): void {
    this.hasPeerEnded = true;
    this.onChange?.(POLLIN | POLLRDHUP | POLLHUP);
  }

  close(): void {
    const wasAsked = this.state === 'connecting';
    const peer = this.parted();
    if (wasAsked) peer?.end('reset');
    if (peer === undefined || peer.state === 'ended') return;
    if (!this.isSendShut) peer.peerEnded();
    // Nobody reads any more: there is room for everything.
    peer.wantsRoom = false;
    peer.onChange?.(POLLOUT);
  }
  reset(): void {
    this.parted()?.end('reset');
  }

  /** This end is over; returns the other one, which is on its own now. */
  private parted(): LocalStream | undefined {
    const { peer } = this;
    this.onChange = undefined;
    this.state = 'ended';
    this.peer = undefined;
    this.ring.clear();
    if (peer !== undefined) peer.peer = undefined;
    return peer;
  }
  private end(fault: StreamFault): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.fault = fault;
    this.peer = undefined;
    this.onChange?.(ENDED);
  }
}

/**
 * Joins a host socket to a stream of a wire. Bytes from the socket are read straight into the stream's ring, and written to
 * it straight from there: one copy on this side of the wire. The ends of each direction and resets pass through both ways.
 *
 * A side that is slow holds the other back: the socket is read only while the ring has room, and bytes stay in the ring until
 * the host has taken them. Nothing is kept here.
 */
import type { Socket } from 'node:net';
import type { StreamFault } from '../../net/transport.ts';
import type { WireStream } from '../../net/wire-stream.ts';

/** Bytes given to the host's socket at once. */
const MAX_WRITE = 1 << 17;

/** What a failed call of the host's sockets means to the guest. */
export function faultOf(error: unknown): StreamFault {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ETIMEDOUT') return 'timeout';
  if (code === 'ENETUNREACH' || code === 'EADDRNOTAVAIL') return 'network-unreachable';
  if (code === 'EHOSTUNREACH' || code === 'EHOSTDOWN' || code === 'ENETDOWN') return 'host-unreachable';
  if (code === 'EACCES' || code === 'EPERM') return 'prohibited';
  if (code === 'EMFILE' || code === 'ENFILE' || code === 'ENOBUFS') return 'busy';
  return 'reset';
}

export class SocketPump {
  readonly stream: WireStream;
  private socket: Socket = undefined!;
  private hasBegun = false;
  private place: Uint8Array<ArrayBuffer> = undefined!;
  private isFull = false;
  private isWriting = false;
  private isOver = false;
  private last = 0;
  /** Resolves once both sides are done. */
  readonly over: Promise<void>;
  private resolveOver: () => void = () => {};

  constructor(stream: WireStream) {
    this.stream = stream;
    this.over = new Promise((resolve) => {
      this.resolveOver = resolve;
    });
    this.reserve();
  }

  /** For `net.connect`: where to put what is read. */
  readonly onread = {
    buffer: (): Uint8Array<ArrayBuffer> => this.place,
    callback: (count: number): boolean => this.received(count),
  };

  /** The socket is connecting: the stream is taken or refused as it turns out. */
  await(socket: Socket): void {
    this.wait(socket);
    socket.once('connect', () => {
      this.stream.accept();
      this.begin(socket);
    });
  }

  /** Until `begin`: the stream is refused when the socket fails, and the socket dropped when who asked loses patience. */
  wait(socket: Socket): void {
    this.hold(socket);
    this.stream.onChange = () => {
      if (this.stream.input.isReset || this.stream.input.hasPeerEnded) this.abort();
    };
  }
  /** The socket that it will be. */
  hold(socket: Socket): void {
    this.socket = socket;
    socket.on('error', (error) => this.failed(error));
    socket.on('close', () => this.finish());
  }

  private failed(error: unknown): void {
    if (this.hasBegun) this.abort();
    else this.refuse(faultOf(error));
  }
  /** The other side does not want the connection. */
  refuse(fault: StreamFault): void {
    this.stream.refuse(fault);
    this.socket.destroy();
    this.finish();
  }

  /** The socket is connected: begins to move bytes. */
  begin(socket: Socket): void {
    if (this.socket === undefined) this.hold(socket);
    this.hasBegun = true;
    socket.setNoDelay(true);
    socket.on('end', () => this.stream.shutdown());
    this.stream.onChange = () => this.changed();
    socket.resume();
    this.changed();
  }

  private reserve(): void {
    const { place, isFree } = this.stream.output.reserve(this.last);
    this.place = Buffer.from(place.buffer, place.byteOffset, place.length) as Uint8Array<ArrayBuffer>;
    this.isFull = !isFree;
  }

  /** False stops the reading until there is room. */
  private received(count: number): boolean {
    const { stream } = this;
    if (stream.state !== 'open' || stream.output.isReaderGone) {
      this.abort();
      return false;
    }
    stream.output.commit(count);
    stream.sent(count);
    this.last = count;
    this.reserve();
    // `wantRoom` is false when the reader was quicker than this line.
    if (this.isFull && !stream.output.wantRoom()) this.isFull = false;
    return !this.isFull;
  }

  private changed(): void {
    const { stream } = this;
    if (stream.state === 'ended') {
      this.abort();
      return;
    }
    if (this.isFull && !stream.output.wantRoom()) {
      this.isFull = false;
      this.socket.resume();
    }
    this.flush();
  }

  private flush(): void {
    if (this.isWriting || this.isOver) return;
    const { input } = this.stream;
    const piece = input.front(MAX_WRITE);
    if (piece.length > 0) {
      this.isWriting = true;
      this.socket.write(Buffer.from(piece.buffer, piece.byteOffset, piece.length), () => {
        this.isWriting = false;
        if (this.isOver) return;
        input.drop(piece.length);
        this.stream.took(piece.length);
        this.flush();
      });
    } else if (input.isAtEnd && !this.socket.writableEnded) this.socket.end();
  }

  /** One side has ended abruptly: so does the other. */
  abort(): void {
    if (this.isOver) return;
    this.stream.reset();
    this.socket.resetAndDestroy();
    this.finish();
  }

  private finish(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stream.close();
    this.resolveOver();
  }
}

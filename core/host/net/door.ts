/**
 * The door between the parts of one virtual network that live in different processes of the same user: a port of the host's
 * loopback, for streams by TCP and for datagrams by UDP. Who comes in must show the door's key, which only files of the user
 * hold (core/manager/net/leases.ts).
 *
 * A stream begins with HEADER_BYTES (below), answered by one byte: 0 when the guest took the connection, else 1 + the position
 * of its fault; then bytes, ends and resets pass as they are. A datagram is a header and its bytes.
 *
 * | offset | what                                       |
 * |--------|--------------------------------------------|
 * | 0      | key, 32 bytes                              |
 * | 32     | kind of record (core/net/datagram-ring.ts) |
 * | 33     | protocol, hops, traffic class              |
 * | 36     | ports of sender and receiver, big-endian   |
 * | 40     | addresses of sender and receiver           |
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server, Socket } from 'node:net';
import { bytesToStr, strToBytes } from '../../base/bytes.ts';
import type { Address } from '../../net/address.ts';
import type { DatagramRecord } from '../../net/datagram-ring.ts';
import { type DatagramProtocol, type Endpoint, faults, type Stream } from '../../net/transport.ts';
import type { WireStream } from '../../net/wire-stream.ts';
import type { SocketPump } from './socket-pump.ts';

export const KEY_BYTES = 32;
const HEADER_BYTES = 72;
const LOOPBACK = '127.0.0.1';
/** A visitor that does not show a key by then is sent away. */
const KNOCK_MS = 2000;
const MAX_KNOCKING = 64;
/** What the socket for datagrams may hold that the host has not taken yet. */
const MAX_QUEUED = 1 << 20;

/** A machine of the network in another process. */
export interface Neighbour {
  readonly name: string;
  readonly addresses: readonly Address[];
  /** Of its process's door. */
  readonly port: number;
  readonly key: string;
}

/** What a door needs of the gateway it belongs to. */
export interface DoorOwner {
  /** A connection from a neighbour to a guest of this process. */
  enter(from: Endpoint, to: Endpoint): Stream;
  /** A datagram, or the news that one was not delivered. */
  arrived(record: DatagramRecord): void;
  pump(stream: WireStream): SocketPump;
}

/** How a socket's bytes are read while it changes hands. */
interface Reading {
  buffer(): Uint8Array<ArrayBuffer>;
  callback(count: number): boolean;
}

export class Door {
  readonly port: number;
  /** As a byte string. */
  readonly key: string;
  private readonly owner: DoorOwner;
  private readonly server: Server;
  private readonly datagrams: UdpSocket;
  private knocking = 0;

  private constructor(owner: DoorOwner, key: Uint8Array, server: Server, datagrams: UdpSocket) {
    this.owner = owner;
    this.key = bytesToStr(key);
    this.server = server;
    this.datagrams = datagrams;
    this.port = datagrams.address().port;
    server.on('connection', (socket) => this.knocked(socket));
    datagrams.on('message', (bytes) => this.received(bytes));
    for (const one of [server, datagrams]) one.on('error', () => {});
    server.unref();
    datagrams.unref();
  }

  static async open(owner: DoorOwner): Promise<Door> {
    const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
    for (;;) {
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
      await new Promise<void>((resolve) => server.listen({ port: 0, host: LOOPBACK, exclusive: true }, resolve));
      const { port } = server.address() as { port: number };
      const datagrams = createSocket('udp4');
      const isFree = await new Promise<boolean>((resolve) => {
        datagrams.once('error', () => resolve(false));
        datagrams.bind({ port, address: LOOPBACK, exclusive: true }, () => resolve(true));
      });
      if (isFree) return new Door(owner, key, server, datagrams);
      // The same number is wanted for both.
      server.close();
      datagrams.close();
    }
  }

  close(): void {
    this.server.close();
    this.datagrams.close();
  }

  // Out

  /** Takes a guest's connection to a neighbour there. */
  connect(stream: WireStream, { port, key }: Neighbour): void {
    const pump = this.owner.pump(stream);
    const answer = Buffer.alloc(1);
    let reading: Reading = {
      buffer: () => answer as Uint8Array<ArrayBuffer>,
      callback: () => {
        if (answer[0] !== 0) {
          pump.refuse(faults[answer[0]! - 1] ?? 'reset');
          return false;
        }
        reading = pump.onread;
        stream.accept();
        pump.begin(socket);
        return true;
      },
    };
    const socket = connect({ port, host: LOOPBACK, allowHalfOpen: true, onread: through(() => reading) });
    pump.wait(socket);
    socket.once('connect', () =>
      socket.write(
        header(key, { kind: 0, protocol: 6, hops: 0, trafficClass: 0, from: stream.remote, to: stream.local }),
      ),
    );
  }

  send(record: DatagramRecord, { port, key }: Neighbour): void {
    if (this.datagrams.getSendQueueSize() > MAX_QUEUED) return;
    this.datagrams.send([header(key, record), record.bytes.slice()], port, LOOPBACK, () => {});
  }

  // In

  private knocked(accepted: Socket): void {
    if (this.knocking >= MAX_KNOCKING) {
      accepted.resetAndDestroy();
      return;
    }
    this.knocking++;
    const head = Buffer.alloc(HEADER_BYTES);
    let count = 0;
    let reading: Reading = {
      buffer: () => head.subarray(Math.min(count, HEADER_BYTES - 1)) as Uint8Array<ArrayBuffer>,
      callback: (added) => {
        count += added;
        if (count < HEADER_BYTES) return true;
        clearTimeout(timer);
        reading = this.admit(socket, head) ?? reading;
        return false;
      },
    };
    const socket = rewrap(
      accepted,
      through(() => reading),
    );
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      this.knocking--;
    });
    const timer = setTimeout(() => socket.resetAndDestroy(), KNOCK_MS).unref();
    socket.resume();
  }

  /** Leads a visitor with the right key to the guest it names; returns how its bytes are read from then on. */
  private admit(socket: Socket, head: Uint8Array): Reading | undefined {
    const { key, from, to } = parseHeader(head);
    const stream = isSame(key, this.key) ? this.owner.enter(from, to) : undefined;
    const answer = (code: number): void => void socket.write(Uint8Array.of(code));
    if (stream === undefined) socket.resetAndDestroy();
    else if (stream.state === 'ended') {
      answer(faults.indexOf(stream.fault!) + 1);
      socket.end();
      socket.destroySoon();
    }
    if (stream === undefined || stream.state === 'ended') return undefined;
    const pump = this.owner.pump(stream as WireStream);
    pump.hold(socket);
    stream.onChange = () => {
      if (stream.state === 'open') {
        answer(0);
        pump.begin(socket);
      } else if (stream.state === 'ended') {
        answer(faults.indexOf(stream.fault!) + 1);
        socket.destroySoon();
      }
    };
    return pump.onread;
  }

  private received(bytes: Uint8Array): void {
    if (bytes.length < HEADER_BYTES) return;
    const { key, ...record } = parseHeader(bytes);
    if (isSame(key, this.key)) this.owner.arrived({ ...record, bytes: bytes.subarray(HEADER_BYTES) });
  }
}

/** Compares all of both, so that the time it takes tells nothing. */
function isSame(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < b.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

const through = (reading: () => Reading): Reading => ({
  buffer: () => reading().buffer(),
  callback: (count) => reading().callback(count),
});

/** The socket of a connection that a server has accepted and not read from, to be read by `onread`. */
export function rewrap(accepted: Socket, onread: Reading): Socket {
  const { _handle: handle } = accepted as unknown as { _handle: object };
  // Node gives `onread` to connecting sockets only; a socket made from a handle takes it as well.
  (accepted as unknown as { _handle: null })._handle = null;
  const options = { handle, allowHalfOpen: true, onread };
  return new Socket(options as ConstructorParameters<typeof Socket>[0]);
}

interface Head {
  readonly kind: number;
  readonly protocol: number;
  readonly hops: number;
  readonly trafficClass: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
}

function header(key: string, { kind, protocol, hops, trafficClass, from, to }: Head): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes.set(strToBytes(key));
  bytes.set([kind, protocol, hops, trafficClass, from.port >> 8, from.port, to.port >> 8, to.port], KEY_BYTES);
  bytes.set(strToBytes(from.host), 40);
  bytes.set(strToBytes(to.host), 56);
  return bytes;
}

function parseHeader(bytes: Uint8Array): Omit<DatagramRecord, 'bytes'> & { key: string } {
  const port = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  return {
    key: bytesToStr(bytes, 0, KEY_BYTES),
    kind: bytes[32]!,
    protocol: bytes[33] as DatagramProtocol,
    hops: bytes[34]!,
    trafficClass: bytes[35]!,
    from: { host: bytesToStr(bytes, 40, 56), port: port(36) },
    to: { host: bytesToStr(bytes, 56, 72), port: port(38) },
  };
}

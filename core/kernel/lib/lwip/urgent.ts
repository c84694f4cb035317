/**
 * Urgent ("out of band") data of TCP, tcp(7): the last byte of a send with MSG_OOB. It is received by MSG_OOB, or in its place
 * with SO_OOBINLINE; either way a plain receive stops in front of it once. Streams that leave the machine carry none: there
 * the byte is one like others.
 */
import type { Stream } from '../../../net/transport.ts';
import * as e from '../../abi/errno.ts';
import * as s from '../../abi/socket.ts';
import type { IncomingMessage, OptionValues } from '../posix-socket/lib.ts';
import { LocalStream, type UrgentByte } from './local-stream.ts';
import { takeBytes } from './take-bytes.ts';

/** What matters of a socket here. */
interface StreamSocket {
  readonly options: Pick<OptionValues, 'get'>;
  readonly stream: Stream | undefined;
  /** Sends plain bytes. */
  write(bytes: Uint8Array): number;
  /** 0 or -errno. */
  maySend(): number;
}

const isInline = ({ options }: StreamSocket): boolean => (options.get(s.SO_OOBINLINE) ?? 0) !== 0;

function markOf({ stream }: StreamSocket): UrgentByte | undefined {
  return stream instanceof LocalStream ? stream.urgent : undefined;
}

/** Bytes in front of the mark. */
const distance = (stream: LocalStream, mark: UrgentByte): number => mark.at - stream.takenBytes;

export function send(socket: StreamSocket, bytes: Uint8Array): number {
  const { stream } = socket;
  if (!(stream instanceof LocalStream)) return socket.write(bytes);
  const refusal = socket.maySend();
  if (refusal !== 0) return refusal;
  // Urgent data is small; a stream that can't take it as a whole takes it as plain bytes.
  return stream.room < bytes.length ? socket.write(bytes) : stream.sendUrgent(bytes);
}

/** A receive with MSG_OOB. EINVAL without an urgent byte to take. */
export function receive(socket: StreamSocket, into: Uint8Array, flags: number, message: IncomingMessage): number {
  const mark = markOf(socket);
  if (isInline(socket) || mark === undefined || mark.isRead) return -e.EINVAL;
  const stream = socket.stream as LocalStream;
  message.flags |= s.MSG_OOB;
  message.fullLength = 1;
  const count = stream.peek(into.subarray(0, 1), distance(stream, mark));
  if (count === 0) message.flags |= s.MSG_TRUNC;
  if (!(flags & s.MSG_PEEK)) mark.isRead = true;
  return count;
}

/** True when a plain receive of `len` bytes reaches the mark. */
export function isAhead(socket: StreamSocket, len: number): boolean {
  const mark = markOf(socket);
  return mark !== undefined && distance(socket.stream as LocalStream, mark) < len;
}

/** A plain receive that stops at the mark, or goes on behind it. */
export function receiveAround(socket: StreamSocket, into: Uint8Array, flags: number): number {
  const stream = socket.stream as LocalStream;
  const before = distance(stream, stream.urgent!);
  if (before > 0) return takeBytes(stream, into.subarray(0, before), flags);
  const hole = isInline(socket) ? 0 : 1;
  if (flags & s.MSG_PEEK) return stream.peek(into, hole) || -e.EAGAIN;
  stream.urgent = undefined;
  stream.drop(hole);
  return stream.available === 0 ? -e.EAGAIN : takeBytes(stream, into, flags);
}

/** POLLPRI. */
export function isPending(socket: StreamSocket): boolean {
  return markOf(socket)?.isRead === false;
}

/** Bytes that a plain receive gives before it stops. */
export function readableBytes(socket: StreamSocket): number {
  const { stream } = socket;
  const mark = markOf(socket);
  if (stream === undefined) return 0;
  return mark === undefined || isInline(socket) ? stream.available : distance(stream as LocalStream, mark);
}

/** True when nothing but the urgent byte is left, which plain receives pass over. */
export function isAlone(socket: StreamSocket): boolean {
  const mark = markOf(socket);
  if (mark === undefined || isInline(socket)) return false;
  const stream = socket.stream as LocalStream;
  return stream.available === 1 && distance(stream, mark) === 0;
}

/** SIOCATMARK. */
export function isAtMark(socket: StreamSocket): boolean {
  const mark = markOf(socket);
  return mark !== undefined && distance(socket.stream as LocalStream, mark) === 0;
}

/** Receiving from a stream with flags, recv(2). */
import type { Stream } from '../../../net/transport.ts';
import * as s from '../../abi/socket.ts';
import { LocalStream } from './local-stream.ts';

/** Takes bytes of a stream as MSG_PEEK and MSG_TRUNC have it. */
export function takeBytes(stream: Stream, into: Uint8Array, flags: number): number {
  const count = Math.min(into.length, stream.available);
  // MSG_TRUNC: the bytes are not wanted.
  if (flags & s.MSG_PEEK) return flags & s.MSG_TRUNC ? count : stream.peek(into);
  if (!(flags & s.MSG_TRUNC)) return stream.receive(into);
  if (stream instanceof LocalStream) stream.drop(count);
  else stream.receive(new Uint8Array(count));
  return count;
}

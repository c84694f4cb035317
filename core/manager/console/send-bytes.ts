/** Bytes that are there already, on a stream that closes after them. */
import type { StreamMux } from '../../contract/streams.ts';

export function sendBytes(streams: StreamMux, bytes: Uint8Array): { stream: number; lenBytes: number } {
  const stream = streams.create();
  stream.consume(() => {});
  void stream.write(bytes);
  stream.close();
  return { stream: stream.id, lenBytes: bytes.length };
}

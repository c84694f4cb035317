/** Uncompresses gzip data for the core, which has no zlib of its own. */
import zlib from 'node:zlib';

/** Throws the error of zlib on damage, and a RangeError beyond `maxBytes`. */
export function gunzip(bytes: Uint8Array, maxBytes = 2 ** 32 - 1): Uint8Array<ArrayBuffer> {
  const plain = zlib.gunzipSync(bytes, { maxOutputLength: Math.min(maxBytes, 2 ** 32 - 1) });
  return new Uint8Array(plain.buffer as ArrayBuffer, plain.byteOffset, plain.length);
}

/**
 * Bytes and byte strings. Inside the guest kernel a path, a file name or an argument is a *byte string*: a JS string
 * whose every char code is one byte (latin1). Linux names are bytes, not text; this keeps them exact and comparable.
 * Text for people goes through `displayBytes`.
 */

/** Byte string of `bytes[start..end)`. Works on views of shared memory. */
export function bytesToStr(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let s = '';
  for (let i = start; i < end; i += 4096) {
    s += String.fromCharCode.apply(null, bytes.subarray(i, Math.min(i + 4096, end)) as unknown as number[]);
  }
  return s;
}

/** The bytes of a byte string. */
export function strToBytes(s: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i++) out[i] = s.charCodeAt(i);
  return out;
}

/** UTF-8 bytes of ordinary text, as a byte string. */
export function utf8ToStr(text: string): string {
  return bytesToStr(new TextEncoder().encode(text));
}

/** A byte string as text for people (invalid UTF-8 becomes U+FFFD). */
export function displayBytes(s: string): string {
  return new TextDecoder().decode(strToBytes(s));
}

/** One after the other, in an array of their own. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

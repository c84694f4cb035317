/** Uncompresses gzip data for the core, which has no zlib of its own. */

/** Throws the error of zlib on damage, and a RangeError beyond `maxBytes`. */
export function gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array<ArrayBuffer> {
  // Loaded when it is needed: few machines have something to uncompress.
  const zlib = process.getBuiltinModule('node:zlib');
  try {
    const plain = zlib.gunzipSync(bytes, { maxOutputLength: maxBytes });
    return new Uint8Array(plain.buffer as ArrayBuffer, plain.byteOffset, plain.length);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw new RangeError(`more than ${maxBytes} bytes come out of it`);
  }
}

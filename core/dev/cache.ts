/**
 * A store for what can be made anew, kept between runs: pre-decoded instructions, translations, code of our own. An entry
 * may go at any time; what is read is what was written under exactly that key.
 */
export interface Cache {
  /**
   * The bytes under `key`, 16-byte aligned in a buffer of their own; undefined when there are none or they are damaged. The
   * key names everything that the bytes depend on but our own version: their kind, and the content they came from.
   */
  read(key: string): Uint8Array<ArrayBuffer> | undefined;
  /** Keeps a copy of `bytes` where that is possible: a full or read-only disk loses it, and nothing else. */
  write(key: string, bytes: Uint8Array): void;
}

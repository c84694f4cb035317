/** A cache in memory, for tests of what uses one. */
import type { Cache } from '../../core/dev/cache.ts';

export class MemoryCache implements Cache {
  readonly entries = new Map<string, Uint8Array<ArrayBuffer>>();
  /** How often something was kept. */
  writes = 0;

  read(key: string): Uint8Array<ArrayBuffer> | undefined {
    return this.entries.get(key)?.slice();
  }
  write(key: string, bytes: Uint8Array): void {
    this.writes++;
    this.entries.set(key, Uint8Array.from(bytes));
  }
}

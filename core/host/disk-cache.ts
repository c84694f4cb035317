/**
 * The cache of core/dev/cache.ts as files of one folder, an entry each. Instances of any number of processes use it at once
 * without locks: an entry appears by being renamed, whole, and readers check what they read. Files that are damaged, cut off,
 * of another key, or of another user count as none. Over the size limit the entries unused for longest go.
 *
 * An entry file:
 *
 * | offset | bytes |                                          |
 * |--------|-------|------------------------------------------|
 * | 0      | 4     | `EDC1`                                   |
 * | 4      | 4     | length of the key in bytes (UTF-8)       |
 * | 8      | 8     | length of the content                    |
 * | 16     | 8     | checksum of the content                  |
 * | 24     | 8     | checksum of the key                      |
 * | 32     |       | content, zeros up to a multiple of 16, then the key |
 */
import {
  closeSync,
  fstatSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';
import { checksum } from '../base/checksum.ts';
import type { Cache } from '../dev/cache.ts';

const MAGIC = 0x31434445;
const HEADER_BYTES = 32;
const DEFAULT_LIMIT_BYTES = 256 << 20;
/** How exactly the last use of an entry is kept, and after what time a file that was never finished is rubbish. */
const STALE_MS = 60 * 60 * 1000;
/** Eviction frees a share of the limit at once, so that not every write has to. */
const KEPT_SHARE = 0.75;
const ENTRY_NAME = /^[0-9a-f]{16}$/;
const TEMPORARY_NAME = /^tmp-/;

const encoder = new TextEncoder();
let writes = 0;

export class DiskCache implements Cache {
  readonly folder: string;
  private readonly prefix: string;
  private readonly limitBytes: number;

  /** Keys are of `owner` only: what one version of us leaves, another never sees. */
  constructor(folder: string, owner: string, limitBytes = DEFAULT_LIMIT_BYTES) {
    this.folder = folder;
    this.prefix = `${owner} `;
    this.limitBytes = limitBytes;
  }

  read(key: string): Uint8Array<ArrayBuffer> | undefined {
    const keyBytes = encoder.encode(this.prefix + key);
    const file = this.fileOf(keyBytes);
    const bytes = attempt(() => readEntryFile(file));
    return bytes === undefined ? undefined : contentOf(bytes, keyBytes);
  }

  write(key: string, bytes: Uint8Array): void {
    // What would push out everything else is not worth it.
    if (bytes.length > this.limitBytes / 4) return;
    const keyBytes = encoder.encode(this.prefix + key);
    const temporary = join(this.folder, `tmp-${process.pid}-${process.hrtime().join('')}-${writes++}`);
    attempt(() => {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      try {
        writeEntryFile(temporary, keyBytes, bytes);
        renameSync(temporary, this.fileOf(keyBytes));
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
      this.evict();
    });
  }

  private fileOf(key: Uint8Array): string {
    return join(this.folder, checksum(key).toString(16).padStart(16, '0'));
  }

  /** Removes the entries unused for longest when all are over the limit, and files that others left unfinished. */
  private evict(): void {
    const now = Date.now();
    const entries: { file: string; size: number; usedMs: number }[] = [];
    for (const name of readdirSync(this.folder)) {
      const file = join(this.folder, name);
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      if (ENTRY_NAME.test(name)) entries.push({ file, size: stat.size, usedMs: stat.mtimeMs });
      else if (TEMPORARY_NAME.test(name) && now - stat.mtimeMs > STALE_MS) rmSync(file, { force: true });
    }
    let total = entries.reduce((sum, { size }) => sum + size, 0);
    if (total <= this.limitBytes) return;
    entries.sort((a, b) => a.usedMs - b.usedMs);
    for (const { file, size } of entries) {
      if (total <= this.limitBytes * KEPT_SHARE) return;
      rmSync(file, { force: true });
      total -= size;
    }
  }
}

/**
 * The cache of this user for a version of us, or none when ELFDECK_NO_CACHE is set or there is no place for one.
 * ELFDECK_CACHE_DIR names the folder; else it is where the system keeps such things.
 */
export function userCache(owner: string, env: NodeJS.ProcessEnv = process.env): DiskCache | undefined {
  if (env.ELFDECK_NO_CACHE) return undefined;
  const folder = cacheFolder(env);
  return folder === undefined ? undefined : new DiskCache(folder, owner);
}

function cacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (env.ELFDECK_CACHE_DIR) return env.ELFDECK_CACHE_DIR;
  if (process.platform === 'win32') return env.LOCALAPPDATA && join(env.LOCALAPPDATA, 'elfdeck', 'cache');
  if (env.XDG_CACHE_HOME?.startsWith('/')) return join(env.XDG_CACHE_HOME, 'elfdeck');
  if (!env.HOME) return undefined;
  return join(env.HOME, process.platform === 'darwin' ? 'Library/Caches/elfdeck' : '.cache/elfdeck');
}

/**
 * Undefined where the disk says no. A cache may fail in every way a disk can, without a consequence but lost time: what
 * needs it is made anew.
 */
function attempt<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined;
    throw error;
  }
}

/** All bytes of a file that is ours; marks it as used. */
function readEntryFile(file: string): Uint8Array<ArrayBuffer> | undefined {
  const fd = openSync(file, 'r');
  try {
    const { size, uid, mtimeMs } = fstatSync(fd);
    // Another user could make us run what they wrote.
    if (process.geteuid !== undefined && uid !== process.geteuid()) return undefined;
    const now = Date.now();
    if (now - mtimeMs > STALE_MS) attempt(() => futimesSync(fd, now / 1000, now / 1000));
    const bytes = new Uint8Array(size);
    let at = 0;
    for (let count = -1; at < size && count !== 0; at += count) count = readSync(fd, bytes, at, size - at, at);
    return at === size ? bytes : undefined;
  } finally {
    closeSync(fd);
  }
}

function contentOf(bytes: Uint8Array<ArrayBuffer>, key: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const header = new DataView(bytes.buffer);
  const length = Number(header.getBigUint64(8, true));
  const keyAt = HEADER_BYTES + padded(length);
  if (header.getUint32(0, true) !== MAGIC || header.getUint32(4, true) !== key.length) return undefined;
  if (!(keyAt + key.length === bytes.length)) return undefined;
  const content = bytes.subarray(HEADER_BYTES, HEADER_BYTES + length);
  const isWhole =
    header.getBigUint64(16, true) === checksum(content) &&
    header.getBigUint64(24, true) === checksum(key) &&
    bytes.subarray(keyAt).every((byte, i) => byte === key[i]);
  return isWhole ? content : undefined;
}

function writeEntryFile(file: string, key: Uint8Array, content: Uint8Array): void {
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  header.setUint32(0, MAGIC, true);
  header.setUint32(4, key.length, true);
  header.setBigUint64(8, BigInt(content.length), true);
  header.setBigUint64(16, checksum(content), true);
  header.setBigUint64(24, checksum(key), true);
  const padding = new Uint8Array(padded(content.length) - content.length);
  const fd = openSync(file, 'wx', 0o600);
  try {
    const written = writevSync(fd, [header, content, padding, key]);
    // A full disk may take a part only.
    if (written !== HEADER_BYTES + padded(content.length) + key.length) throw fullDisk();
  } finally {
    closeSync(fd);
  }
}

const fullDisk = (): Error => Object.assign(new Error('the file was cut off'), { syscall: 'writev' });

const padded = (length: number): number => Math.ceil(length / 16) * 16;

/**
 * The members of tar, zip and cpio archives, one form for all, read as a stream. Nothing is believed: sizes are checked by the
 * readers, and an archive that unpacks to far more than it holds is given up on the way.
 */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { pipeline, type Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Header, extract as tarExtract } from 'tar-stream';
import { type Entry, open as openZip, type ZipFile } from 'yauzl';
import { VmError } from '../../contract/errors.ts';
import { gunzip } from '../../host/gunzip.ts';
import { hostReason } from '../../host/services.ts';
import { readCpio } from '../../image/cpio.ts';
import { archiveKindOf } from '../rootfs/file-kinds.ts';

export interface Member {
  path: string;
  type: 'file' | 'folder' | 'link' | 'hardlink' | 'device';
  /** Permission bits. */
  mode: number;
  sizeBytes: number;
  /** Of links: as stored. */
  target: string;
  content(): AsyncIterable<Uint8Array>;
}

export interface ReadOptions {
  signal?: AbortSignal;
  /** Bytes of the archive file read so far, of all. */
  onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/** Most that an archive may unpack to, and how much more than its own size once that is a lot. */
export const MAX_UNPACKED = 16 * 2 ** 30;
const BOMB_RATIO = 300;
const BOMB_FLOOR = 256 * 2 ** 20;
const MAX_CPIO = 2 ** 30;

export async function* readMembers(path: string, options: ReadOptions = {}): AsyncGenerator<Member> {
  const members = membersOf(path, options);
  for await (const member of translated(members, path, options.signal)) {
    yield { ...member, content: () => translated(member.content(), path, options.signal) };
  }
}

function membersOf(path: string, options: ReadOptions): AsyncGenerator<Member> {
  const found = archiveKindOf(path);
  if (found?.kind === 'tar') return tarMembers(path, found.isGzip, options);
  if (found?.kind === 'zip' && !found.isGzip) return zipMembers(path, options);
  if (found?.kind === 'cpio') return cpioMembers(path);
  throw malformed(
    path,
    found === undefined ? 'it is no tar, zip or cpio archive' : 'it is a zip archive in a gzip file',
  );
}

/** What the readers of formats throw, in our words. */
async function* translated<T>(
  items: AsyncIterable<T>,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    if (error instanceof VmError || signal?.aborted) throw error;
    throw malformed(path, hostReason(error), error);
  }
}

export const malformed = (path: string, why: string, cause?: unknown): VmError =>
  new VmError('archive.malformed', `the archive ${path} can't be unpacked: ${why}`, { path }, cause);

/** Ends the stream once it is clear that somebody wants to fill the disk. */
export function bombError(packed: number, unpacked: number): VmError | undefined {
  const isBomb = unpacked > MAX_UNPACKED || (unpacked > BOMB_FLOOR && unpacked > packed * BOMB_RATIO);
  return isBomb
    ? new VmError(
        'archive.refused',
        `the archive is refused: ${packed} bytes of it unpack to more than ${unpacked}; nothing was unpacked`,
      )
    : undefined;
}

async function* tarMembers(path: string, isGzip: boolean, { signal, onProgress }: ReadOptions): AsyncGenerator<Member> {
  const totalBytes = statSync(path).size;
  let packed = 0;
  let unpacked = 0;
  const file = createReadStream(path, signal === undefined ? {} : { signal });
  file.on('data', (piece) => {
    packed += piece.length;
    onProgress?.(packed, totalBytes);
  });
  const guard = new Transform({
    transform(piece: Buffer, _encoding, done) {
      unpacked += piece.length;
      done(bombError(packed, unpacked) ?? null, piece);
    },
  });
  const members = tarExtract();
  const stages = isGzip ? [file, createGunzip(), guard, members] : [file, guard, members];
  // The error reaches the loop below through the last stage.
  pipeline(stages as [Readable, ...Transform[]], () => {});
  for await (const entry of members) {
    const member = tarMember(entry.header, entry as AsyncIterable<Uint8Array>);
    if (member !== undefined) yield member;
    entry.resume();
  }
}

const tarTypes: Readonly<Record<string, Member['type']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'folder',
  symlink: 'link',
  link: 'hardlink',
  'character-device': 'device',
  'block-device': 'device',
  fifo: 'device',
};

function tarMember(header: Header, content: AsyncIterable<Uint8Array>): Member | undefined {
  const type = tarTypes[header.type ?? 'file'];
  // Headers that describe the archive, such as git's comment.
  if (type === undefined) return undefined;
  return {
    path: header.name,
    type,
    mode: (header.mode ?? 0o644) & 0o777,
    sizeBytes: header.size ?? 0,
    target: header.linkname ?? '',
    content: () => content,
  };
}

function openZipFile(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    openZip(path, { lazyEntries: true, validateEntrySizes: true }, (error, zip) =>
      error ? reject(error) : resolve(zip),
    );
  });
}

async function* zipMembers(path: string, { signal, onProgress }: ReadOptions): AsyncGenerator<Member> {
  const zip = await openZipFile(path);
  try {
    let unpacked = 0;
    for (let count = 1; ; count++) {
      signal?.throwIfAborted();
      const entry = await nextEntry(zip);
      if (entry === undefined) return;
      unpacked += entry.uncompressedSize;
      const bomb = bombError(zip.fileSize, unpacked);
      if (bomb !== undefined) throw bomb;
      onProgress?.(Math.round((count / zip.entryCount) * zip.fileSize), zip.fileSize);
      yield await zipMember(zip, entry);
    }
  } finally {
    zip.close();
  }
}

function nextEntry(zip: ZipFile): Promise<Entry | undefined> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      zip.removeAllListeners();
    };
    zip.once('entry', (entry: Entry) => {
      done();
      resolve(entry);
    });
    zip.once('end', () => {
      done();
      resolve(undefined);
    });
    zip.once('error', (error: Error) => {
      done();
      reject(error);
    });
    zip.readEntry();
  });
}

const UNIX = 3;
const S_IFMT = 0o170000;
const unixTypes = new Map<number, Member['type']>([
  [0o120000, 'link'],
  [0o040000, 'folder'],
  [0o100000, 'file'],
]);

async function zipMember(zip: ZipFile, entry: Entry): Promise<Member> {
  const isUnix = entry.versionMadeBy >>> 8 === UNIX;
  const attributes = isUnix ? entry.externalFileAttributes >>> 16 : 0;
  const type = entry.fileName.endsWith('/')
    ? 'folder'
    : attributes === 0
      ? 'file'
      : (unixTypes.get(attributes & S_IFMT) ?? 'device');
  const content = (): AsyncIterable<Uint8Array> => zipContent(zip, entry);
  return {
    path: entry.fileName,
    type,
    mode: isUnix && (attributes & 0o777) !== 0 ? attributes & 0o777 : type === 'folder' ? 0o755 : 0o644,
    sizeBytes: entry.uncompressedSize,
    target: type === 'link' ? await textOf(content()) : '',
    content,
  };
}

async function* zipContent(zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  const stream = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, readable) => (error ? reject(error) : resolve(readable)));
  });
  yield* stream;
}

const MAX_TARGET = 4096;
async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const piece of content) {
    text += Buffer.from(piece).toString('utf8');
    if (text.length > MAX_TARGET)
      throw new VmError('archive.refused', 'the archive is refused: a link in it has no end');
  }
  return text;
}

/** cpio keeps the names of a file with several in entries of one inode number; the last of them has the content. */
async function* cpioMembers(path: string): AsyncGenerator<Member> {
  const archive = new Uint8Array(readFileSync(path));
  const groups = new Map<string, string[]>();
  for (const entry of readCpio(archive, (bytes) => gunzip(bytes, MAX_CPIO))) {
    const type = unixTypes.get(entry.mode & S_IFMT) ?? 'device';
    const name = Buffer.from(entry.name, 'latin1').toString('utf8');
    const text = (): string => Buffer.from(entry.data).toString('utf8');
    const member: Member = {
      path: name,
      type,
      mode: entry.mode & 0o777,
      sizeBytes: entry.data.length,
      target: type === 'link' ? text() : '',
      content: async function* () {
        yield entry.data;
      },
    };
    const key = `${entry.devMajor}:${entry.devMinor}:${entry.ino}`;
    if (type === 'file' && entry.nlink > 1 && entry.data.length === 0) {
      groups.set(key, [...(groups.get(key) ?? []), name]);
      continue;
    }
    yield member;
    if (type !== 'file') continue;
    for (const other of groups.get(key) ?? []) yield { ...member, path: other, type: 'hardlink', target: name };
    groups.delete(key);
  }
  // Empty files with several names.
  for (const names of groups.values()) {
    for (const name of names) {
      yield { path: name, type: 'file', mode: 0o644, sizeBytes: 0, target: '', content: async function* () {} };
    }
  }
}

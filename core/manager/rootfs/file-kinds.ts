/** What a file of the host is, by its first bytes. */
import { closeSync, openSync, readSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { VmError } from '../../contract/errors.ts';
import { hostReason } from '../../host/services.ts';
import { isCpio, isGzip } from '../../image/cpio.ts';

const HEAD = 4096;

/** The first bytes of a file. Throws VmError `host.file`. */
export function headOf(path: string, lenBytes = HEAD): Uint8Array {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const bytes = new Uint8Array(lenBytes);
    return bytes.subarray(0, readSync(fd, bytes, 0, lenBytes, 0));
  } catch (error) {
    throw new VmError('host.file', `cannot read ${path}: ${hostReason(error)}`, { path }, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

export type ArchiveKind = 'cpio' | 'tar' | 'zip';

/** Kind of an archive, packed by gzip or not; undefined for what is none. */
export function archiveKindOf(path: string): { kind: ArchiveKind; isGzip: boolean } | undefined {
  const head = headOf(path);
  if (isGzip(head)) {
    const kind = plainKind(beginningOf(head));
    return kind === undefined ? undefined : { kind, isGzip: true };
  }
  const kind = plainKind(head);
  return kind === undefined ? undefined : { kind, isGzip: false };
}

export const isCpioFile = (path: string): boolean => archiveKindOf(path)?.kind === 'cpio';

/** What the first bytes of a gzip stream unpack to. */
function beginningOf(head: Uint8Array): Uint8Array {
  try {
    // SYNC_FLUSH: the stream is cut off on purpose.
    return gunzipSync(head, { finishFlush: 2, maxOutputLength: 1 << 24 });
  } catch {
    // Damaged data is no archive; whoever unpacks it says so.
    return new Uint8Array(0);
  }
}

function plainKind(head: Uint8Array): ArchiveKind | undefined {
  if (isCpio(head)) return 'cpio';
  const text = (at: number, len: number): string => Buffer.from(head.subarray(at, at + len)).toString('latin1');
  if (text(0, 4) === 'PK\x03\x04' || text(0, 4) === 'PK\x05\x06') return 'zip';
  return text(257, 5) === 'ustar' ? 'tar' : undefined;
}

const imageTypes: readonly (readonly [magic: RegExp, mediaType: string])[] = [
  [/^\x89PNG\r\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^GIF8[79]a/, 'image/gif'],
  [/^RIFF....WEBP/s, 'image/webp'],
  [/^BM/, 'image/bmp'],
];

/** Media type of a picture that browsers show. */
export function imageTypeOf(head: Uint8Array): string | undefined {
  const text = Buffer.from(head.subarray(0, 16)).toString('latin1');
  return imageTypes.find(([magic]) => magic.test(text))?.[1];
}

/** True for bytes that read as UTF-8 text. */
export function isText(bytes: Uint8Array): boolean {
  if (bytes.includes(0)) return false;
  const text = new TextDecoder().decode(bytes.subarray(0, HEAD));
  const bad = [...text].filter((c) => c === '\ufffd').length;
  // A character may be cut at the end of the piece.
  return bad <= 1 + text.length / 100;
}

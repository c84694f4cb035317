/** Looking into a root file system folder: lists, pieces of files, sizes. */
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskUsage, FilePiece, RootfsEntry } from '../../contract/api/rootfs.ts';
import { VmError } from '../../contract/errors.ts';
import { hostReason } from '../../host/services.ts';
import { isElfFile } from './elf-info.ts';
import { headOf, imageTypeOf, isText } from './file-kinds.ts';
import { findInside } from './inside.ts';

const MAX_ENTRIES = 20_000;

function requireInside(root: string, path: string): string {
  const found = findInside(root, path);
  if (found === undefined) throw new VmError('host.file', `there is no ${path} in the root file system`, { path });
  return found;
}

export function browse(root: string, path: string): RootfsEntry[] {
  const folder = requireInside(root, path);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw new VmError('host.file', `cannot list ${path}: ${hostReason(error)}`, { path }, error);
  }
  return names
    .slice(0, MAX_ENTRIES)
    .flatMap((name) => entryOf(folder, name) ?? [])
    .sort(foldersFirst);
}

function entryOf(folder: string, name: string): RootfsEntry | undefined {
  const path = join(folder, name);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : 'other';
  return {
    name,
    kind,
    sizeBytes: stat.size,
    mode: stat.mode & 0o7777,
    modifiedAt: stat.mtimeMs,
    ...(kind === 'link' ? { target: readlinkSync(path) } : {}),
    ...(kind === 'file' && isElfFile(path) ? { isElf: true } : {}),
  };
}

function foldersFirst(a: RootfsEntry, b: RootfsEntry): number {
  const rank = (entry: RootfsEntry): number => (entry.kind === 'folder' ? 0 : 1);
  return rank(a) - rank(b) || (a.name < b.name ? -1 : 1);
}

export function readPiece(root: string, path: string, offset: number, lenBytes: number): FilePiece {
  const file = requireInside(root, path);
  const stat = lstatSync(file);
  // A pipe or device would block or act.
  if (!stat.isFile()) throw new VmError('host.file', `${path} is not a regular file`, { path });
  const head = headOf(file);
  const bytes = new Uint8Array(Math.max(0, Math.min(lenBytes, stat.size - offset)));
  const fd = openSync(file, 'r');
  const count = readSync(fd, bytes, 0, bytes.length, offset);
  closeSync(fd);
  const mediaType = imageTypeOf(head);
  const kind = isElfFile(file) ? 'elf' : mediaType !== undefined ? 'image' : isText(head) ? 'text' : 'binary';
  return {
    kind,
    sizeBytes: stat.size,
    data: Buffer.from(bytes.subarray(0, count)).toString('base64'),
    ...(mediaType === undefined ? {} : { mediaType }),
  };
}

/** Counts a tree without following links. Files with several names count once. */
export async function diskUsage(root: string, signal?: AbortSignal): Promise<DiskUsage> {
  const usage = { bytes: 0, files: 0, folders: 0, links: 0, countedAt: Date.now() };
  const seen = new Set<string>();
  const pending = [root];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    signal?.throwIfAborted();
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        usage.folders++;
        pending.push(path);
      } else if (entry.isSymbolicLink()) usage.links++;
      else {
        const { size, nlink, dev, ino } = await lstat(path);
        const isCounted = nlink > 1 && seen.has(`${dev}:${ino}`);
        if (nlink > 1) seen.add(`${dev}:${ino}`);
        usage.files++;
        if (!isCounted) usage.bytes += size;
      }
    }
  }
  return usage;
}

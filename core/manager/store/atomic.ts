/**
 * Files and folders that change as a whole or not at all, whenever the process or the computer stops: the new content is
 * written beside, flushed, and renamed into place; the folder is flushed so that the name lasts, too. When a function here
 * has returned, the change is on the disk.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAlive, ownProcess, type ProcessMark } from './process-mark.ts';

let counter = 0;

/** A name that no other process uses and that says whose it is. */
export function stagingName(): string {
  const { pid, start } = ownProcess();
  return `${pid}-${start}-${counter++}`;
}

export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  const temporary = join(dirname(path), `.${basename(path)}.${stagingName()}`);
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeAll(fd, typeof content === 'string' ? new TextEncoder().encode(content) : content);
    fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
  closeSync(fd);
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** Makes names in a folder last. Windows has no such thing and needs none. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function syncFile(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Moves a finished file or folder to its place, which must be free. */
export function publish(from: string, to: string): void {
  renameSync(from, to);
  syncFolder(dirname(to));
  if (dirname(from) !== dirname(to)) syncFolder(dirname(from));
}

/** Removes a folder: its name goes at once, its content after that. */
export function removeFolder(path: string, staging: string): void {
  if (!existsSync(path)) return;
  const grave = join(staging, stagingName());
  renameSync(path, grave);
  syncFolder(dirname(path));
  rmSync(grave, { recursive: true, force: true, maxRetries: 3 });
}

/** A folder of one's own to make something in. */
export function stagingFolder(staging: string): string {
  const path = join(staging, stagingName());
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** Removes what processes that have died left in the staging folder, and temporary files in `folders`. */
export function sweep(staging: string, folders: readonly string[]): void {
  for (const name of namesIn(staging)) {
    if (!belongsToTheLiving(name)) rmSync(join(staging, name), { recursive: true, force: true });
  }
  for (const folder of folders) {
    for (const name of namesIn(folder)) {
      const owner = /^\..+\.(\d+-\d+-\d+)$/.exec(name)?.[1];
      if (owner !== undefined && !belongsToTheLiving(owner)) rmSync(join(folder, name), { force: true });
    }
  }
}

function belongsToTheLiving(name: string): boolean {
  const match = /^(\d+)-(\d+)-\d+/.exec(name);
  return match !== null && isAlive({ pid: Number(match[1]), start: Number(match[2]) } satisfies ProcessMark);
}

export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The text of a file, or undefined when there is none. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

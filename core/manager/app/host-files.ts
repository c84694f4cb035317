/** This computer's folders and programs, for choosing them in a browser. */
import { lstatSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { HostEntry, HostFolderListing, HostProgram } from '../../contract/api/app.ts';
import { VmError } from '../../contract/errors.ts';
import { hostReason } from '../../host/services.ts';
import { elfClosure } from '../rootfs/elf-dependencies.ts';
import { elfInfoOf, isElfFile } from '../rootfs/elf-info.ts';
import { locateProgram } from '../rootfs/host-program.ts';

const MAX_ENTRIES = 5000;

export function browseHost(given: string | undefined, showHidden: boolean): HostFolderListing {
  const path = resolve(given ?? homedir());
  let names: string[];
  try {
    names = readdirSync(path);
  } catch (error) {
    throw new VmError('host.file', `cannot list ${path}: ${hostReason(error)}`, { path }, error);
  }
  const entries = names
    .filter((name) => showHidden || !name.startsWith('.'))
    .slice(0, MAX_ENTRIES)
    .flatMap((name) => hostEntry(join(path, name), name) ?? [])
    .sort((a, b) => Number(b.kind === 'folder') - Number(a.kind === 'folder') || a.name.localeCompare(b.name));
  const parent = dirname(path);
  return { path, entries, ...(parent === path ? {} : { parent }) };
}

function hostEntry(path: string, name: string): HostEntry | undefined {
  // A link counts as what it points to; one to nowhere as something else.
  const stat = statIfThere(path);
  if (stat === undefined) return undefined;
  const kind = stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : 'other';
  return { name, path, kind, sizeBytes: stat.size, isElf: kind === 'file' && isElfFile(path) };
}

function statIfThere(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'ELOOP' || code === 'EPERM') return undefined;
    throw error;
  }
}

/** A program with what it needs, or misses. */
export function hostProgramInfo(given: string): HostProgram {
  const path = locateProgram(given);
  const { interpreter } = elfInfoOf(path);
  const about = { path, ...(interpreter === undefined ? {} : { interpreter }) };
  const sizeOf = (files: readonly string[]): number => files.reduce((sum, file) => sum + statSync(file).size, 0);
  try {
    const { files } = elfClosure(path);
    const libraries = files.filter((file) => file !== path && file !== interpreter);
    return { ...about, libraries, missing: [], totalBytes: sizeOf(files) };
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    const library = String(error.details.library ?? error.details.interpreter ?? '');
    const neededBy = String(error.details.by ?? path);
    return { ...about, libraries: [], missing: [{ library, neededBy }], totalBytes: sizeOf([path]) };
  }
}

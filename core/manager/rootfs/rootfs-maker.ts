/** `elfdeck rootfs make`: a root file system folder from programs of the host with their libraries, keeping paths. */
import { chmodSync, copyFileSync, lstatSync, mkdirSync, readlinkSync, statSync, symlinkSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { VmError } from '../../contract/errors.ts';
import { hostReason } from '../../host/services.ts';
import { elfClosure } from './elf-dependencies.ts';

/** Copies each program and what it needs below `directory`; returns the guest paths that were written. */
export function makeRootfs(directory: string, programs: readonly string[]): string[] {
  const copied = new Set<string>();
  for (const program of programs) {
    const { files, configured } = elfClosure(resolve(program));
    for (const file of files) copyWithLinks(directory, file, copied);
    // The guest has no loader configuration, so libraries that only that names go where every loader looks.
    for (const file of configured) linkDefault(directory, file, copied);
  }
  for (const name of ['dev', 'etc', 'proc', 'sys', 'tmp']) mkdirSync(join(directory, name), { recursive: true });
  return [...copied].sort();
}

const MAX_LINKS = 40;

/**
 * Recreates `path` below `directory`: symbolic links on the way stay links, and what they point to is copied too. A link
 * that would leave the root by `..` ends at the root, as it does for the guest.
 */
function copyWithLinks(directory: string, path: string, copied: Set<string>): void {
  const pending = path.split('/').filter((part) => part !== '');
  let at = '/';
  for (let links = 0; pending.length > 0; ) {
    const part = pending.shift()!;
    if (part === '.' || part === '..') {
      at = part === '.' ? at : dirname(at);
      continue;
    }
    const here = join(at, part);
    const stat = lstatSync(here);
    if (stat.isSymbolicLink()) {
      if (++links > MAX_LINKS) throw new VmError('host.file', `cannot copy ${path}: too many symbolic links`, { path });
      const target = readlinkSync(here);
      makeLink(target, join(directory, here));
      copied.add(here);
      pending.unshift(...target.split('/').filter((p) => p !== ''));
      if (isAbsolute(target)) at = '/';
    } else if (stat.isDirectory()) {
      mkdirSync(join(directory, here), { recursive: true });
      at = here;
    } else {
      copyFile(here, join(directory, here));
      copied.add(here);
      at = here;
    }
  }
}

function makeLink(target: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  wrapErrors(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  });
}

function copyFile(from: string, to: string): void {
  wrapErrors(to, () => {
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, to);
    chmodSync(to, statSync(from).mode & 0o777);
  });
}

function linkDefault(directory: string, file: string, copied: Set<string>): void {
  mkdirSync(join(directory, 'usr/lib'), { recursive: true });
  const link = join('/usr/lib', file.slice(file.lastIndexOf('/') + 1));
  makeLink(file, join(directory, link));
  copied.add(link);
}

function wrapErrors(path: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    throw new VmError('host.file', `cannot write ${path}: ${hostReason(error)}`, { path }, error);
  }
}

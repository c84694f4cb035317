/** A program of this computer as a guest: a view of itself and its libraries, or a built-in example. */
import { statSync } from 'node:fs';
import { basename, delimiter, join, resolve } from 'node:path';
import { VmError } from '../../contract/errors.ts';
import type { VmSpec } from '../../contract/vm-spec.ts';
import { findExample } from '../../host/examples.ts';
import { kindOf } from '../../host/services.ts';
import { elfClosure } from './elf-dependencies.ts';

/** Without a root file system: a built-in example, or a program of this computer with its libraries. */
export function hostProgram(words: readonly string[]): Pick<VmSpec, 'rootfs' | 'program'> {
  const [name, ...args] = words as [string, ...string[]];
  const example = findExample(name);
  if (example !== undefined) {
    const guestPath = `/bin/${name}`;
    return { rootfs: { kind: 'files', files: [[guestPath, example]] }, program: [guestPath, ...args] };
  }
  const path = locateProgram(name);
  const { files, configured } = elfClosure(path);
  const view = files.map((file): [string, string] => [file, file]);
  // The guest has no loader configuration, so libraries that only that names are shown where every loader looks.
  for (const file of configured) view.push([`/usr/lib/${basename(file)}`, file]);
  return { rootfs: { kind: 'files', files: view }, program: [path, ...args] };
}

/** Absolute path of a program of this computer, looked up in PATH when it is a bare name. */
export function locateProgram(name: string): string {
  const candidates = name.includes('/')
    ? [resolve(name)]
    : (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, name));
  const found = candidates.find((path) => kindOf(path) === 'file');
  if (found === undefined) throw notFound(name, candidates[0]);
  if ((statSync(found).mode & 0o111) === 0 && process.platform !== 'win32') {
    throw new VmError('program.not-executable', `${found} is not executable; set its execute bit (chmod +x)`, {
      path: found,
    });
  }
  return found;
}

function notFound(name: string, path: string | undefined): VmError {
  if (!name.includes('/')) {
    const message = `there is no example and no program in PATH named "${name}"; give a path, or a root file system with --rootfs`;
    return new VmError('program.not-found', message, { name });
  }
  const kind = path === undefined ? undefined : kindOf(path);
  if (kind === 'folder')
    return new VmError('program.not-executable', `${name} is a directory, not a program`, { name });
  const message = `there is no program ${name} on this computer; for a guest path, give the root file system with --rootfs`;
  return new VmError('program.not-found', message, { name });
}

/**
 * Paths inside a root file system folder, as its guest sees them: absolute links begin at the folder, and nothing leads out of it
 * (path_resolution(7), chroot(2)). For looking at files; a guest's own accesses are confined by core/host/host-folder.ts.
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { VmError } from '../../contract/errors.ts';

const MAX_LINKS = 40;

/** Host path of a guest path, all links followed. Undefined when there is nothing. Throws on too many links. */
export function findInside(root: string, guestPath: string): string | undefined {
  const guest = resolveInside(root, guestPath);
  return guest === undefined ? undefined : join(root, guest);
}

/** The guest path without links. */
export function resolveInside(root: string, guestPath: string): string | undefined {
  const pending = partsOf(guestPath);
  const at: string[] = [];
  for (let links = 0; pending.length > 0; ) {
    const part = pending.shift()!;
    if (part === '..') {
      at.pop();
      continue;
    }
    const stat = lstatSync(join(root, ...at, part), { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink()) {
      at.push(part);
      continue;
    }
    if (++links > MAX_LINKS)
      throw new VmError('host.file', `too many symbolic links in ${guestPath}`, { path: guestPath });
    const target = readlinkSync(join(root, ...at, part));
    if (target.startsWith('/')) at.length = 0;
    pending.unshift(...partsOf(target));
  }
  return `/${at.join('/')}`;
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

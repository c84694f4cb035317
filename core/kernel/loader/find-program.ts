/** Where a bare program name leads: the directories of PATH, as execvp(3) walks them. */
import { displayBytes } from '../../base/bytes.ts';
import { EACCES, ENOENT } from '../abi/errno.ts';
import { AT_FDCWD } from '../abi/fcntl.ts';
import { S_IFREG } from '../abi/stat.ts';
import { SysError } from '../errors.ts';
import type { Task } from '../task.ts';
import { resolvePath } from '../vfs/lookup.ts';
import { MAY_EXEC, requireAccess } from '../vfs/permission.ts';

export type FoundProgram = { ok: true; path: string } | { ok: false; errno: number; message: string };

/** `name` itself when it has a slash; else the first executable file of that name in the directories of `searchPath`. */
export function findProgram(task: Task, name: string, searchPath: string): FoundProgram {
  if (name.includes('/')) return { ok: true, path: name };
  let isForbidden = false;
  for (const directory of searchPath.split(':')) {
    const path = directory === '' ? `./${name}` : `${directory.replace(/\/$/, '')}/${name}`;
    const state = tryProgram(task, path);
    if (state === 'found') return { ok: true, path };
    isForbidden ||= state === 'forbidden';
  }
  const shown = displayBytes(name);
  if (isForbidden) return { ok: false, errno: EACCES, message: `${shown}: found in PATH, but it may not be executed` };
  const where = searchPath === '' ? 'PATH is empty' : `not in PATH: ${displayBytes(searchPath)}`;
  return { ok: false, errno: ENOENT, message: `no such program: ${shown} (${where})` };
}

function tryProgram(task: Task, path: string): 'found' | 'forbidden' | 'absent' {
  try {
    const { inode } = resolvePath(task, AT_FDCWD, path);
    if (inode.type !== S_IFREG) return 'absent';
    requireAccess(task, inode, MAY_EXEC);
    return 'found';
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    return error.errno === EACCES ? 'forbidden' : 'absent';
  }
}

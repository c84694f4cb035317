/**
 * From the path of a program to the ELF files to map: looks the path up, checks that it may be executed, follows `#!`
 * lines, reads the headers of the program and of its interpreter. Changes nothing of the process.
 */
import { bytesToStr, displayBytes } from '../../base/bytes.ts';
import * as errno from '../abi/errno.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_RDONLY } from '../abi/fcntl.ts';
import { MS_NOEXEC } from '../abi/fs.ts';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../abi/stat.ts';
import { fail, SysError } from '../errors.ts';
import type { Task } from '../task.ts';
import type { Attributes } from '../vfs/inode.ts';
import { lookupOptions, resolvePath } from '../vfs/lookup.ts';
import type { PathRef } from '../vfs/path.ts';
import { MAY_EXEC, requireAccess } from '../vfs/permission.ts';
import { type ElfErrorKind, parseElf } from './elf.ts';
import type { LoadInput } from './load.ts';
import { bytesProgram, fileProgram, type ProgramFile } from './program-file.ts';
import { parseScript, SCRIPT_LINE } from './script.ts';

/** What an ExecError is about: the ELF file's own problem, or an interpreter that can't be opened. */
export type ExecErrorKind = ElfErrorKind | 'interpreter';

/** Why a program can't be run: an errno for the guest, a sentence for people. */
export class ExecError extends Error {
  override name = 'ExecError';
  readonly errno: number;
  readonly kind: ExecErrorKind | undefined;
  constructor(code: number, message: string, kind?: ExecErrorKind) {
    super(message);
    this.errno = code;
    this.kind = kind;
  }
}

export interface ProgramRequest {
  /** Where a relative path starts; AT_FDCWD when absent. */
  dirFd?: number;
  path: string;
  /** AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW. */
  atFlags?: number;
  argv: readonly string[];
  /** The program itself, when it is in no file system; `path` names it then. */
  image?: Uint8Array;
}

export interface OpenedProgram {
  program: LoadInput;
  interpreter: LoadInput | undefined;
  /** argv after `#!` lines had their say. */
  argv: readonly string[];
  /** Where the ELF file is; undefined for an image in memory. */
  place: PathRef | undefined;
  attributes: Attributes | undefined;
}

/** `#!` scripts may name scripts, this deep. */
const MAX_SCRIPTS = 5;

/** Throws ExecError. The caller closes both files. */
export function openProgram(task: Task, request: ProgramRequest): OpenedProgram {
  if (request.image !== undefined) {
    const program = readElf(bytesProgram(request.image, imagePath(request.path)), request.path);
    return withInterpreter(task, request.path, {
      program,
      argv: request.argv,
      place: undefined,
      attributes: undefined,
    });
  }
  let { path, argv } = request;
  let opened = openFile(task, path, path, request.dirFd, request.atFlags);
  for (let depth = 0; ; depth++) {
    const line = parseScript(readStart(opened.file, path));
    if (line === undefined) break;
    opened.file.close();
    if (line === 'malformed') throw new ExecError(errno.ENOEXEC, `${show(path)} has a #! line without an interpreter`);
    if (depth === MAX_SCRIPTS) throw new ExecError(errno.ELOOP, `${show(path)}: too many levels of #! interpreters`);
    if (hidesBehindCloexec(task, request))
      throw new ExecError(errno.ENOENT, `${show(path)}: its interpreter could not open it`);
    const scriptPath = depth === 0 ? execPath(request) : path;
    argv = [line.interpreter, ...(line.argument === undefined ? [] : [line.argument]), scriptPath, ...argv.slice(1)];
    const role = `${show(line.interpreter)}, the interpreter in the #! line of ${show(path)},`;
    path = line.interpreter;
    opened = openFile(task, path, role);
  }
  const program = readElf(opened.file, path);
  return withInterpreter(task, path, { program, argv, place: opened.place, attributes: opened.attributes });
}

/** The absolute path under which an image in memory shows in /proc: programs insist on one. */
export function imagePath(name: string): string {
  return name.startsWith('/') ? name : `/${name}`;
}

/** The name under which the program is known to itself (AT_EXECFN) and to an interpreter. */
export function execPath({ dirFd = AT_FDCWD, path }: ProgramRequest): string {
  if (dirFd === AT_FDCWD || path.startsWith('/')) return path;
  return path === '' ? `/dev/fd/${dirFd}` : `/dev/fd/${dirFd}/${path}`;
}

/** A script given by a descriptor that execve closes can't be opened by its interpreter. */
function hidesBehindCloexec(task: Task, { dirFd = AT_FDCWD, path }: ProgramRequest): boolean {
  return dirFd !== AT_FDCWD && !path.startsWith('/') && task.process.fds.isCloseOnExec(dirFd);
}

function withInterpreter(task: Task, path: string, found: Omit<OpenedProgram, 'interpreter'>): OpenedProgram {
  const name = found.program.elf.interpreter;
  if (name === undefined) return { ...found, interpreter: undefined };
  try {
    const role = `${show(name)}, which ${show(path)} needs as its dynamic loader,`;
    const { file } = openFile(task, name, role);
    const interpreter = readElf(file, role, errno.ELIBBAD);
    return { ...found, interpreter };
  } catch (error) {
    found.program.file.close();
    throw error;
  }
}

interface OpenedFile {
  file: ProgramFile;
  place: PathRef;
  attributes: Attributes;
}

/** Opens an executable regular file; `role` is what messages call it. */
function openFile(task: Task, path: string, role: string, dirFd = AT_FDCWD, atFlags = 0): OpenedFile {
  try {
    const place = resolvePath(task, dirFd, path, lookupOptions(atFlags));
    const { inode } = place;
    if (inode.type === S_IFLNK && atFlags & AT_SYMLINK_NOFOLLOW) fail(errno.ELOOP);
    if (inode.type === S_IFDIR) throw new ExecError(errno.EACCES, `${role} is a directory, not a program`);
    if (inode.type !== S_IFREG) throw new ExecError(errno.EACCES, `${role} is not a regular file`);
    if (place.mount.flags & MS_NOEXEC) {
      throw new ExecError(errno.EACCES, `${role} is on a file system mounted with noexec`);
    }
    requireAccess(task, inode, MAY_EXEC);
    return { file: fileProgram(inode.open(O_RDONLY), place), place, attributes: inode.stat() };
  } catch (error) {
    if (error instanceof SysError) {
      throw new ExecError(error.errno, explain(role, error.errno), role === path ? undefined : 'interpreter');
    }
    throw error;
  }
}

const reasons: Readonly<Record<number, string>> = {
  [errno.ENOENT]: 'does not exist in the root file system',
  [errno.ENOTDIR]: 'does not exist: a part of its path is not a directory',
  [errno.EACCES]: 'may not be executed: it lacks the execute permission (chmod +x), or a directory can not be searched',
  [errno.ELOOP]: 'can not be reached: too many symbolic links',
  [errno.ENAMETOOLONG]: 'has too long a name',
};

function explain(role: string, code: number): string {
  return `${displayBytes(role)} ${reasons[code] ?? `can not be opened (${errno.errnoName(code)})`}`;
}

function readStart(file: ProgramFile, path: string): string {
  const bytes = new Uint8Array(SCRIPT_LINE);
  const n = file.read(bytes, 0);
  if (n < 0) {
    file.close();
    throw new ExecError(-n, `${show(path)} can not be read (${errno.errnoName(-n)})`);
  }
  return bytesToStr(bytes, 0, n);
}

function readElf(file: ProgramFile, role: string, forcedErrno?: number): LoadInput {
  const parsed = parseElf(file);
  if (parsed.ok) return { elf: parsed.elf, file };
  file.close();
  throw new ExecError(
    forcedErrno ?? parsed.error.errno,
    `${displayBytes(role)} ${parsed.error.message}`,
    parsed.error.kind,
  );
}

function show(path: string): string {
  return displayBytes(path);
}

/**
 * Names of unix sockets, unix(7): paths, which are nodes in a file system, and abstract names, which begin with NUL. A
 * socket's address is kept as struct sockaddr_un has it, without the family.
 */

import { bytesToStr, strToBytes } from '../../../base/bytes.ts';
import { EADDRINUSE, ECONNREFUSED, EEXIST, EINVAL, ENOENT, EPROTOTYPE } from '../../abi/errno.ts';
import { AT_FDCWD } from '../../abi/fcntl.ts';
import { AF_UNIX, SUN_PATH_MAX } from '../../abi/socket.ts';
import { S_IFSOCK } from '../../abi/stat.ts';
import { fail, SysError } from '../../errors.ts';
import { type Kernel, service } from '../../kernel.ts';
import type { Task } from '../../task.ts';
import type { FileSystem, Inode } from '../../vfs/inode.ts';
import { resolvePath } from '../../vfs/lookup.ts';
import { makeNode } from '../../vfs/modify.ts';
import { MAY_WRITE, requireAccess } from '../../vfs/permission.ts';
import type { UnixSocket } from './unix-socket.ts';

const FAMILY_SIZE = 2;

/** struct sockaddr_un of a kept address; the family alone for an unnamed socket. */
export function toSockaddr(name: string | undefined): Uint8Array {
  const path = strToBytes(name ?? '');
  const bytes = new Uint8Array(FAMILY_SIZE + path.length);
  bytes[0] = AF_UNIX;
  bytes.set(path, FAMILY_SIZE);
  return bytes;
}

/**
 * The name in a sockaddr: a path with its NUL, an abstract name as it is, '' when there is only the family. EINVAL for
 * another family or a bad length.
 */
export function parseSockaddr(address: Uint8Array): string {
  const family = address.length >= FAMILY_SIZE ? address[0]! | (address[1]! << 8) : -1;
  if (family !== AF_UNIX || address.length > FAMILY_SIZE + SUN_PATH_MAX) fail(EINVAL);
  const name = bytesToStr(address, FAMILY_SIZE);
  if (name === '' || name.startsWith('\0')) return name;
  const nul = name.indexOf('\0');
  return `${nul < 0 ? name : name.slice(0, nul)}\0`;
}

export const isAbstract = (name: string): boolean => name.startsWith('\0');
/** Sockets of different types have abstract names of their own. */
const abstractKey = (type: number, name: string): string => `${type}${name}`;
const pathOf = (name: string): string => name.slice(0, -1);

/** Which socket has which name. A path is known by the node it made, so that it can be renamed. */
class BoundSockets {
  private readonly abstractNames = new Map<string, UnixSocket>();
  private readonly nodes = new Map<FileSystem, Map<number, UnixSocket>>();
  private nextAutomatic = 0;

  /** Gives the socket a name; '' chooses an abstract one. Returns the name and how to give it up. */
  bind(task: Task, socket: UnixSocket, wanted: string): { name: string; release: () => void } {
    if (wanted !== '' && !isAbstract(wanted)) return { name: wanted, release: this.bindPath(task, socket, wanted) };
    const { type } = socket.kind;
    const name = wanted === '' ? this.automaticName(type) : wanted;
    const key = abstractKey(type, name);
    if (this.abstractNames.has(key)) fail(EADDRINUSE);
    this.abstractNames.set(key, socket);
    return { name, release: () => this.abstractNames.delete(key) };
  }

  private automaticName(type: number): string {
    for (;;) {
      const name = `\0${(this.nextAutomatic++ & 0xfffff).toString(16).padStart(5, '0')}`;
      if (!this.abstractNames.has(abstractKey(type, name))) return name;
    }
  }

  private bindPath(task: Task, socket: UnixSocket, name: string): () => void {
    const inode = makeSocketNode(task, pathOf(name), socket.inode!.stat().mode & 0o777);
    const { ino } = inode.stat();
    let sockets = this.nodes.get(inode.fs);
    if (sockets === undefined) {
      sockets = new Map();
      this.nodes.set(inode.fs, sockets);
    }
    sockets.set(ino, socket);
    return () => sockets.delete(ino);
  }

  /** The socket of a name. ECONNREFUSED without one, EPROTOTYPE, and what path walking fails with. */
  find(task: Task, name: string, type: number): UnixSocket {
    if (isAbstract(name)) return this.abstractNames.get(abstractKey(type, name)) ?? fail(ECONNREFUSED);
    const { inode } = resolvePath(task, AT_FDCWD, pathOf(name));
    requireAccess(task, inode, MAY_WRITE);
    if (inode.type !== S_IFSOCK) fail(ECONNREFUSED);
    const found = this.nodes.get(inode.fs)?.get(inode.stat().ino) ?? fail(ECONNREFUSED);
    return found.kind.type === type ? found : fail(EPROTOTYPE);
  }
}

/** True when something has the path of `name` already. */
export function isPathTaken(task: Task, name: string): boolean {
  try {
    resolvePath(task, AT_FDCWD, pathOf(name), { follow: false });
    return true;
  } catch (error) {
    if (error instanceof SysError && error.errno === ENOENT) return false;
    throw error;
  }
}

function makeSocketNode(task: Task, path: string, permissions: number): Inode {
  try {
    return makeNode(task, AT_FDCWD, path, S_IFSOCK | permissions, 0).inode;
  } catch (error) {
    if (error instanceof SysError && error.errno === EEXIST) fail(EADDRINUSE);
    throw error;
  }
}

export const boundSockets: (kernel: Kernel) => BoundSockets = service('unix-sockets', () => new BoundSockets());

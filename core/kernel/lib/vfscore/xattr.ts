/** Extended attributes, xattr(7): getxattr(2), setxattr(2), listxattr(2), removexattr(2) by path, link and descriptor. */
import { strToBytes } from '../../../base/bytes.ts';
import { E2BIG, EINVAL, ENODATA, EOPNOTSUPP, EPERM, ERANGE } from '../../abi/errno.ts';
import { AT_FDCWD } from '../../abi/fcntl.ts';
import { XATTR_CREATE, XATTR_NAME_MAX, XATTR_REPLACE, XATTR_SIZE_MAX, xattrFlagNames } from '../../abi/fs.ts';
import { S_IFDIR, S_IFREG } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import type { Inode } from '../../vfs/inode.ts';
import { FOLLOW, type LookupOptions, NO_FOLLOW, resolvePath } from '../../vfs/lookup.ts';
import { IN_ATTRIB, notifyObject } from '../../vfs/notify.ts';
import type { PathRef } from '../../vfs/path.ts';
import { MAY_READ, MAY_WRITE, requireAccess, requireWritableMount } from '../../vfs/permission.ts';

/** What the calls act on. */
interface Target {
  inode: Inode;
  ref: PathRef | undefined;
}

function byPath(task: Task, path: string, options: LookupOptions): Target {
  const ref = resolvePath(task, AT_FDCWD, path, options);
  return { inode: ref.inode, ref };
}
function byFd(task: Task, fd: number): Target {
  const file = task.process.fds.require(fd);
  return { inode: file.inode ?? fail(EOPNOTSUPP), ref: file.path };
}

/** Rules of the name spaces: who may touch which names, and on which objects. */
function checkName(task: Task, inode: Inode, name: string, wanted: number): void {
  if (name === '' || name.length > XATTR_NAME_MAX) fail(ERANGE);
  const { isPrivileged } = task.process.credentials;
  const isWrite = wanted === MAY_WRITE;
  if (name.startsWith('user.')) {
    if (inode.type !== S_IFREG && inode.type !== S_IFDIR) fail(isWrite ? EPERM : ENODATA);
    requireAccess(task, inode, wanted);
  } else if (name.startsWith('trusted.')) {
    if (!isPrivileged) fail(isWrite ? EPERM : ENODATA);
  } else if (name.startsWith('security.')) {
    if (isWrite && !isPrivileged) fail(EPERM);
  } else fail(EOPNOTSUPP);
}

function requireWritableTarget({ ref }: Target): void {
  if (ref !== undefined) requireWritableMount(ref);
}

function get(task: Task, { inode }: Target, name: string, gva: number, size: number): number {
  checkName(task, inode, name, MAY_READ);
  const value = inode.getxattr(name) ?? fail(ENODATA);
  if (size === 0) return value.length;
  if (value.length > size) return -ERANGE;
  task.memory.writeBytes(gva, value);
  return value.length;
}

function set(task: Task, target: Target, name: string, gva: number, size: number, flags: number): number {
  if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) return -EINVAL;
  if (size > XATTR_SIZE_MAX) return -E2BIG;
  const value = task.memory.readBytes(gva, size);
  requireWritableTarget(target);
  checkName(task, target.inode, name, MAY_WRITE);
  target.inode.setxattr(name, value, flags);
  notifyObject(target.inode, target.ref, IN_ATTRIB);
  return 0;
}

function remove(task: Task, target: Target, name: string): number {
  requireWritableTarget(target);
  checkName(task, target.inode, name, MAY_WRITE);
  target.inode.removexattr(name);
  notifyObject(target.inode, target.ref, IN_ATTRIB);
  return 0;
}

function list(task: Task, { inode }: Target, gva: number, size: number): number {
  const { isPrivileged } = task.process.credentials;
  const names = inode.listxattr().filter((name) => isPrivileged || !name.startsWith('trusted.'));
  const text = strToBytes(names.map((name) => `${name}\0`).join(''));
  if (size === 0) return text.length;
  if (text.length > size) return -ERANGE;
  task.memory.writeBytes(gva, text);
  return text.length;
}

const name = arg.string('name', 4096);
const getArgs = [name, arg.outBuffer('value', { len: 'size' }), arg.size('size')] as const;
const setArgs = [
  name,
  arg.inBuffer('value', { len: 'size' }),
  arg.size('size'),
  arg.flags('flags', xattrFlagNames),
] as const;
const listArgs = [arg.outBuffer('list', { len: 'size' }), arg.size('size')] as const;

function pathCalls(
  prefix: '' | 'l',
  options: LookupOptions,
  nr: { set: number; get: number; list: number; remove: number },
) {
  return [
    defineSyscall({
      nr: nr.set,
      name: `${prefix}setxattr`,
      support: 'full',
      args: [arg.path('path'), ...setArgs],
      result: result.ok,
      run: (task, path, key, value, size, flags) => set(task, byPath(task, path, options), key, value, size, flags),
    }),
    defineSyscall({
      nr: nr.get,
      name: `${prefix}getxattr`,
      support: 'full',
      args: [arg.path('path'), ...getArgs],
      result: result.size,
      run: (task, path, key, value, size) => get(task, byPath(task, path, options), key, value, size),
    }),
    defineSyscall({
      nr: nr.list,
      name: `${prefix}listxattr`,
      support: 'full',
      args: [arg.path('path'), ...listArgs],
      result: result.size,
      run: (task, path, buf, size) => list(task, byPath(task, path, options), buf, size),
    }),
    defineSyscall({
      nr: nr.remove,
      name: `${prefix}removexattr`,
      support: 'full',
      args: [arg.path('path'), name],
      result: result.ok,
      run: (task, path, key) => remove(task, byPath(task, path, options), key),
    }),
  ];
}

export const xattrByPath = pathCalls('', FOLLOW, { set: 188, get: 191, list: 194, remove: 197 });
export const xattrByLink = pathCalls('l', NO_FOLLOW, { set: 189, get: 192, list: 195, remove: 198 });

export const fsetxattr = defineSyscall({
  nr: 190,
  name: 'fsetxattr',
  support: 'full',
  args: [arg.fd('fd'), ...setArgs],
  result: result.ok,
  run: (task, fd, key, value, size, flags) => set(task, byFd(task, fd), key, value, size, flags),
});

export const fgetxattr = defineSyscall({
  nr: 193,
  name: 'fgetxattr',
  support: 'full',
  args: [arg.fd('fd'), ...getArgs],
  result: result.size,
  run: (task, fd, key, value, size) => get(task, byFd(task, fd), key, value, size),
});

export const flistxattr = defineSyscall({
  nr: 196,
  name: 'flistxattr',
  support: 'full',
  args: [arg.fd('fd'), ...listArgs],
  result: result.size,
  run: (task, fd, buf, size) => list(task, byFd(task, fd), buf, size),
});

export const fremovexattr = defineSyscall({
  nr: 199,
  name: 'fremovexattr',
  support: 'full',
  args: [arg.fd('fd'), name],
  result: result.ok,
  run: (task, fd, key) => remove(task, byFd(task, fd), key),
});

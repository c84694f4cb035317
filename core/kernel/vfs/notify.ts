/**
 * File change notification, inotify(7): the operations of the VFS report here, watches listen. Where nobody watches, a
 * report costs two property loads. Events go to the watches on the object itself and to those on the directory it was
 * reached through (with its name), as in Linux; changes made outside the guest are not seen.
 */
import type { NameTable } from '../abi/names.ts';
import { S_IFDIR } from '../abi/stat.ts';
import type { Inode } from './inode.ts';
import type { PathRef } from './path.ts';

export const IN_ACCESS = 1;
export const IN_MODIFY = 2;
export const IN_ATTRIB = 4;
export const IN_CLOSE_WRITE = 8;
export const IN_CLOSE_NOWRITE = 0x10;
export const IN_OPEN = 0x20;
export const IN_MOVED_FROM = 0x40;
export const IN_MOVED_TO = 0x80;
export const IN_CREATE = 0x100;
export const IN_DELETE = 0x200;
export const IN_DELETE_SELF = 0x400;
export const IN_MOVE_SELF = 0x800;
export const IN_ALL_EVENTS = 0xfff;
export const IN_UNMOUNT = 0x2000;
export const IN_Q_OVERFLOW = 0x4000;
export const IN_IGNORED = 0x8000;
export const IN_ONLYDIR = 0x0100_0000;
export const IN_DONT_FOLLOW = 0x0200_0000;
export const IN_EXCL_UNLINK = 0x0400_0000;
export const IN_MASK_CREATE = 0x1000_0000;
export const IN_MASK_ADD = 0x2000_0000;
export const IN_ISDIR = 0x4000_0000;
export const IN_ONESHOT = 0x8000_0000;

export const inotifyMaskNames: NameTable = [
  ['IN_ALL_EVENTS', IN_ALL_EVENTS],
  ['IN_CLOSE', IN_CLOSE_WRITE | IN_CLOSE_NOWRITE],
  ['IN_MOVE', IN_MOVED_FROM | IN_MOVED_TO],
  ['IN_ACCESS', IN_ACCESS],
  ['IN_MODIFY', IN_MODIFY],
  ['IN_ATTRIB', IN_ATTRIB],
  ['IN_CLOSE_WRITE', IN_CLOSE_WRITE],
  ['IN_CLOSE_NOWRITE', IN_CLOSE_NOWRITE],
  ['IN_OPEN', IN_OPEN],
  ['IN_MOVED_FROM', IN_MOVED_FROM],
  ['IN_MOVED_TO', IN_MOVED_TO],
  ['IN_CREATE', IN_CREATE],
  ['IN_DELETE', IN_DELETE],
  ['IN_DELETE_SELF', IN_DELETE_SELF],
  ['IN_MOVE_SELF', IN_MOVE_SELF],
  ['IN_ONLYDIR', IN_ONLYDIR],
  ['IN_DONT_FOLLOW', IN_DONT_FOLLOW],
  ['IN_EXCL_UNLINK', IN_EXCL_UNLINK],
  ['IN_MASK_CREATE', IN_MASK_CREATE],
  ['IN_MASK_ADD', IN_MASK_ADD],
  ['IN_ISDIR', IN_ISDIR],
  ['IN_ONESHOT', IN_ONESHOT | 0],
];

/** A listener on one object, in its `watchers`. */
export interface InodeWatcher {
  /**
   * `name`: the entry concerned, when the watch is on its directory; `cookie` joins the two halves of a rename. `child`: the
   * object of that name, when something happened to it rather than to the name.
   */
  event(mask: number, name: string | undefined, cookie: number, child?: Inode): void;
  /** The object is gone for good; the watcher removes itself. */
  gone(): void;
}

let lastCookie = 0;

/** Ties IN_MOVED_FROM to IN_MOVED_TO. */
export function moveCookie(): number {
  lastCookie = (lastCookie + 1) >>> 0 || 1;
  return lastCookie;
}

function send(
  watchers: ReadonlySet<InodeWatcher>,
  mask: number,
  name: string | undefined,
  cookie: number,
  child?: Inode,
): void {
  for (const watcher of [...watchers]) watcher.event(mask, name, cookie, child);
}

/** Something happened to an object reached at `path`: IN_OPEN, IN_ACCESS, IN_MODIFY, IN_CLOSE_*, IN_ATTRIB. */
export function notifyObject(
  inode: Inode | undefined,
  path: PathRef | undefined,
  mask: number,
  isDirectory = inode?.type === S_IFDIR,
): void {
  const parent = path?.parent?.inode.watchers;
  if (inode?.watchers === undefined && parent === undefined) return;
  const bits = isDirectory ? mask | IN_ISDIR : mask;
  if (parent !== undefined && path!.name !== '') send(parent, bits, path!.name, 0, inode);
  if (inode?.watchers !== undefined) send(inode.watchers, bits, undefined, 0);
}

/** An entry of `directory` came or went: IN_CREATE, IN_DELETE, IN_MOVED_FROM, IN_MOVED_TO, with IN_ISDIR. */
export function notifyEntry(directory: Inode, mask: number, name: string, cookie = 0): void {
  if (directory.watchers !== undefined) send(directory.watchers, mask, name, cookie);
}

/** The object was renamed. */
export function notifyMovedSelf(inode: Inode): void {
  if (inode.watchers !== undefined) send(inode.watchers, IN_MOVE_SELF, undefined, 0);
}

/** A file has a link more or less. */
export function notifyLinks(inode: Inode): void {
  if (inode.watchers !== undefined && inode.type !== S_IFDIR) send(inode.watchers, IN_ATTRIB, undefined, 0);
}

/** A name or an open file of the object went away: with the last of both it is gone. */
export function notifyIfGone(inode: Inode): void {
  const { watchers } = inode;
  if (watchers === undefined || inode.openReferences > 0 || inode.stat().nlink > 0) return;
  send(watchers, IN_DELETE_SELF, undefined, 0);
  for (const watcher of [...watchers]) watcher.gone();
}

/** A name went away and no other event comes between: what `notifyLinks` and `notifyIfGone` tell. */
export function notifyUnlinked(inode: Inode): void {
  notifyLinks(inode);
  notifyIfGone(inode);
}

/**
 * inotify(7): a file that is read for the events of the objects it watches. Events are those that the guest itself
 * causes (vfs/notify.ts).
 *
 * struct inotify_event: s32 wd, u32 mask, u32 cookie, u32 len, then `len` bytes of name with its NULs, a multiple of 16.
 */
import { EAGAIN, EEXIST, EINVAL, EMFILE, ENOSPC } from '../../abi/errno.ts';
import { FIONREAD } from '../../abi/fcntl.ts';
import { fail } from '../../errors.ts';
import { type Kernel, service } from '../../kernel.ts';
import type { Task } from '../../task.ts';
import type { Inode } from '../../vfs/inode.ts';
import {
  IN_ALL_EVENTS,
  IN_DELETE_SELF,
  IN_EXCL_UNLINK,
  IN_IGNORED,
  IN_ISDIR,
  IN_MASK_ADD,
  IN_MASK_CREATE,
  IN_MOVE_SELF,
  IN_ONESHOT,
  IN_Q_OVERFLOW,
  type InodeWatcher,
} from '../../vfs/notify.ts';
import { OpenFile, POLLIN } from '../../vfs/open-file.ts';

const EVENT_SIZE = 16;
/** /proc/sys/fs/inotify: max_queued_events, max_user_watches and max_user_instances. */
export const MAX_QUEUED = 16384;
export const MAX_WATCHES = 65536;
export const MAX_INSTANCES = 128;

/** What fdinfo shows of a mask. */
const SHOWN_MASK = IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK;

/** The files there are. */
const instances = service('inotify', () => new Set<InotifyFile>());

interface QueuedEvent {
  wd: number;
  mask: number;
  cookie: number;
  name: string | undefined;
}

function nameSize(name: string | undefined): number {
  return name === undefined ? 0 : Math.ceil((name.length + 1) / EVENT_SIZE) * EVENT_SIZE;
}

class Watch implements InodeWatcher {
  readonly file: InotifyFile;
  readonly wd: number;
  readonly inode: Inode;
  mask: number;

  constructor(file: InotifyFile, wd: number, inode: Inode, mask: number) {
    this.file = file;
    this.wd = wd;
    this.inode = inode;
    this.mask = mask;
    inode.watchers ??= new Set();
    inode.watchers.add(this);
  }

  event(mask: number, name: string | undefined, cookie: number, child?: Inode): void {
    if ((mask & this.mask & IN_ALL_EVENTS) === 0) return;
    if ((this.mask & IN_EXCL_UNLINK) !== 0 && child?.stat().nlink === 0) return;
    // As in Linux, events of a directory about itself as an entry don't say that it is one.
    const shown = (mask & (IN_DELETE_SELF | IN_MOVE_SELF)) !== 0 ? mask & ~IN_ISDIR : mask;
    this.file.post({ wd: this.wd, mask: shown, cookie, name });
    if ((this.mask & IN_ONESHOT) !== 0) this.file.remove(this);
  }
  gone(): void {
    this.file.remove(this);
  }
  /** Stops listening. */
  detach(): void {
    const { inode } = this;
    inode.watchers?.delete(this);
    if (inode.watchers?.size === 0) inode.watchers = undefined;
  }
}

export class InotifyFile extends OpenFile {
  readonly describe = 'anon_inode:inotify';
  private readonly watches = new Map<number, Watch>();
  private events: QueuedEvent[] = [];
  private nextWd = 1;
  private readonly instances: Set<InotifyFile>;

  /** EMFILE when there are too many. */
  constructor(kernel: Kernel, flags: number) {
    super(flags);
    this.instances = instances(kernel);
    if (this.instances.size >= MAX_INSTANCES) fail(EMFILE);
    this.instances.add(this);
  }

  /** The watch descriptor: that of an earlier watch on the same object, with its mask replaced or extended. */
  add(inode: Inode, mask: number): number {
    const known = [...(inode.watchers ?? [])].find((each) => each instanceof Watch && each.file === this) as
      | Watch
      | undefined;
    if (known !== undefined) {
      if ((mask & IN_MASK_CREATE) !== 0) fail(EEXIST);
      known.mask = (mask & IN_MASK_ADD) !== 0 ? known.mask | mask : mask;
      return known.wd;
    }
    if (this.watches.size >= MAX_WATCHES) fail(ENOSPC);
    const watch = new Watch(this, this.nextWd++, inode, mask);
    this.watches.set(watch.wd, watch);
    return watch.wd;
  }

  /** EINVAL for an unknown descriptor. */
  removeByDescriptor(wd: number): void {
    this.remove(this.watches.get(wd) ?? fail(EINVAL));
  }
  remove(watch: Watch): void {
    watch.detach();
    this.watches.delete(watch.wd);
    this.post({ wd: watch.wd, mask: IN_IGNORED, cookie: 0, name: undefined });
  }

  post(event: QueuedEvent): void {
    const last = this.events.at(-1);
    // An event that repeats the last one unread tells nothing new.
    if (
      last !== undefined &&
      last.wd === event.wd &&
      last.mask === event.mask &&
      last.name === event.name &&
      last.cookie === event.cookie
    )
      return;
    if (this.events.length > MAX_QUEUED) return;
    const isFull = this.events.length === MAX_QUEUED;
    this.events.push(isFull ? { wd: -1, mask: IN_Q_OVERFLOW, cookie: 0, name: undefined } : event);
    this.queue.wakeFor(POLLIN);
  }

  /** As many whole events as fit; EINVAL when the first one does not. */
  override read(into: Uint8Array): number {
    if (this.events.length === 0) return -EAGAIN;
    const view = new DataView(into.buffer, into.byteOffset, into.length);
    let at = 0;
    let count = 0;
    for (const { wd, mask, cookie, name } of this.events) {
      const len = nameSize(name);
      if (at + EVENT_SIZE + len > into.length) break;
      view.setInt32(at, wd, true);
      view.setUint32(at + 4, mask, true);
      view.setUint32(at + 8, cookie, true);
      view.setUint32(at + 12, len, true);
      into.fill(0, at + EVENT_SIZE, at + EVENT_SIZE + len);
      for (let i = 0; i < (name?.length ?? 0); i++) into[at + EVENT_SIZE + i] = name!.charCodeAt(i);
      at += EVENT_SIZE + len;
      count++;
    }
    this.events.splice(0, count);
    return count === 0 ? -EINVAL : at;
  }

  override poll(): number {
    return this.events.length > 0 ? POLLIN : 0;
  }
  override ioctl(task: Task, request: number, argument: number): number {
    if (request !== FIONREAD) return super.ioctl(task, request, argument);
    const bytes = this.events.reduce((sum, { name }) => sum + EVENT_SIZE + nameSize(name), 0);
    task.memory.setU32(argument, bytes);
    return 0;
  }
  override fdinfo(): string {
    let text = '';
    for (const { wd, inode, mask } of this.watches.values()) {
      const { ino, dev } = inode.stat();
      const shown = (mask & SHOWN_MASK) >>> 0;
      text += `inotify wd:${wd.toString(16)} ino:${ino.toString(16)} sdev:${dev.toString(16)} `;
      text += `mask:${shown.toString(16)} ignored_mask:0\n`;
    }
    return text;
  }

  protected override release(): void {
    this.instances.delete(this);
    for (const watch of this.watches.values()) watch.detach();
    this.watches.clear();
    this.events = [];
  }
}

/**
 * Epoll instances, epoll(7). Each watched (file, descriptor) pair is an item that waits on the file's queue for good;
 * when the queue is woken the item joins the ready list. epoll_wait looks at the ready list only, never at all items.
 *
 * Invariants: a level-triggered item that reports something stays in the list; one that reports nothing is dropped from
 * it, because the file wakes its queue when that changes. A file's last close (POLLNVAL) removes its items.
 */

import { EPOLL_MAX_NESTS, EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT, EPOLLWAKEUP } from '../../abi/epoll.ts';
import { EEXIST, EINVAL, ELOOP, ENOENT } from '../../abi/errno.ts';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../abi/poll.ts';
import { OpenFile } from '../../vfs/open-file.ts';
import type { Waiter, WaitQueue } from '../../wait.ts';
import { ALWAYS, pollFile, withNormBits } from './readiness.ts';

const PRIVATE_BITS = EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP;
/** What may go with EPOLLEXCLUSIVE. */
const EXCLUSIVE_OK =
  POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM | EPOLLET | EPOLLEXCLUSIVE | EPOLLWAKEUP;

export class EpollItem implements Waiter {
  readonly owner: EpollFile;
  readonly file: OpenFile;
  readonly fd: number;
  /** POLL* bits asked for, with the EPOLL* flags; without POLL* bits while a one-shot item is spent. */
  events: number;
  /** The guest's 64 bits, as two words. */
  dataLo: number;
  dataHi: number;
  isListed = false;
  isRemoved = false;
  /** EPOLLEXCLUSIVE: of the instances that watch a file so, one is woken, where somebody waits. */
  readonly takes: ((events: number) => boolean) | undefined;

  constructor(owner: EpollFile, file: OpenFile, fd: number, events: number, dataLo: number, dataHi: number) {
    this.owner = owner;
    this.file = file;
    this.fd = fd;
    this.events = events;
    this.dataLo = dataLo;
    this.dataHi = dataHi;
    const isFor = (told: number): boolean =>
      (withNormBits(told) & this.events & ~PRIVATE_BITS) !== 0 && !this.owner.queue.isEmpty;
    this.takes = events & EPOLLEXCLUSIVE ? isFor : undefined;
  }

  wake(_queue: WaitQueue, events: number): void {
    if (events === POLLNVAL) this.owner.forget(this);
    else if (withNormBits(events) & this.events & ~PRIVATE_BITS) this.owner.list(this);
  }

  /** What it has to report now. */
  ready(): number {
    const wanted = this.events & ~PRIVATE_BITS;
    return wanted === 0 ? 0 : pollFile(this.file) & wanted;
  }
}

/** Takes one event: POLL* bits and the guest's data. */
export type EventSink = (events: number, dataLo: number, dataHi: number) => void;

export class EpollFile extends OpenFile {
  readonly describe = 'anon_inode:[eventpoll]';
  private readonly items = new Map<OpenFile, Map<number, EpollItem>>();
  /** Items that may have something to report, oldest first, from `head` on. */
  private listed: EpollItem[] = [];
  private head = 0;

  find(file: OpenFile, fd: number): EpollItem | undefined {
    return this.items.get(file)?.get(fd);
  }

  add(file: OpenFile, fd: number, events: number, dataLo: number, dataHi: number): number {
    if (events & EPOLLEXCLUSIVE && (file instanceof EpollFile || events & ~EXCLUSIVE_OK)) return -EINVAL;
    if (file instanceof EpollFile && (file.reaches(this) || file.depth() > EPOLL_MAX_NESTS)) return -ELOOP;
    if (this.find(file, fd) !== undefined) return -EEXIST;
    const item = new EpollItem(this, file, fd, events | ALWAYS, dataLo, dataHi);
    let ofFile = this.items.get(file);
    if (ofFile === undefined) {
      ofFile = new Map();
      this.items.set(file, ofFile);
    }
    ofFile.set(fd, item);
    file.queue.add(item);
    if (item.ready() !== 0) this.list(item);
    return 0;
  }

  modify(file: OpenFile, fd: number, events: number, dataLo: number, dataHi: number): number {
    if (events & EPOLLEXCLUSIVE) return -EINVAL;
    const item = this.find(file, fd);
    if (item === undefined) return -ENOENT;
    if (item.events & EPOLLEXCLUSIVE) return -EINVAL;
    item.events = events | ALWAYS;
    item.dataLo = dataLo;
    item.dataHi = dataHi;
    if (item.ready() !== 0) this.list(item);
    return 0;
  }

  remove(file: OpenFile, fd: number): number {
    const item = this.find(file, fd);
    if (item === undefined) return -ENOENT;
    this.forget(item);
    return 0;
  }

  forget(item: EpollItem): void {
    item.isRemoved = true;
    item.file.queue.remove(item);
    const ofFile = this.items.get(item.file);
    ofFile?.delete(item.fd);
    if (ofFile?.size === 0) this.items.delete(item.file);
  }

  list(item: EpollItem): void {
    if (!item.isListed) {
      item.isListed = true;
      this.listed.push(item);
    }
    this.queue.wakeFor(POLLIN);
  }

  /** Gives up to `max` events to `sink`; returns how many. */
  collect(max: number, sink: EventSink): number {
    let count = 0;
    // Level-triggered items go to the end again: look at each item of now once.
    for (let left = this.listed.length - this.head; left > 0 && count < max; left--) {
      const item = this.listed[this.head]!;
      const events = item.isRemoved ? 0 : item.ready();
      // The sink may throw on a bad guest address: the item then stays first.
      if (events !== 0) sink(events, item.dataLo, item.dataHi);
      this.head++;
      item.isListed = false;
      if (events === 0) continue;
      count++;
      if (item.events & EPOLLONESHOT) item.events &= PRIVATE_BITS;
      else if (!(item.events & EPOLLET)) {
        item.isListed = true;
        this.listed.push(item);
      }
    }
    this.compact();
    return count;
  }

  private compact(): void {
    if (this.head === this.listed.length) this.listed.length = 0;
    else if (this.head > 64 && this.head * 2 > this.listed.length) this.listed = this.listed.slice(this.head);
    else return;
    this.head = 0;
  }

  /** True when some item has something to report; drops those at the front that have not. */
  get hasEvents(): boolean {
    while (this.head < this.listed.length) {
      const item = this.listed[this.head]!;
      if (!item.isRemoved && item.ready() !== 0) return true;
      item.isListed = false;
      this.head++;
    }
    this.compact();
    return false;
  }

  override poll(): number {
    return this.hasEvents ? POLLIN : 0;
  }

  /** True when `target` is watched by this instance, directly or through others. */
  private reaches(target: EpollFile): boolean {
    if (target === this) return true;
    for (const file of this.items.keys()) if (file instanceof EpollFile && file.reaches(target)) return true;
    return false;
  }

  /** Epoll instances on the longest chain that begins here. */
  private depth(): number {
    let deepest = 0;
    for (const file of this.items.keys()) if (file instanceof EpollFile) deepest = Math.max(deepest, file.depth());
    return deepest + 1;
  }

  override fdinfo(): string {
    let text = '';
    for (const ofFile of this.items.values()) {
      for (const { fd, events, dataLo, dataHi, file } of ofFile.values()) {
        const data = (BigInt(dataHi >>> 0) << 32n) | BigInt(dataLo >>> 0);
        const ino = (file.inode?.stat().ino ?? 0).toString(16);
        const mask = (events >>> 0).toString(16).padStart(8);
        text += `tfd: ${String(fd).padStart(8)} events: ${mask} data: ${data.toString(16).padStart(16)} `;
        text += ` pos:${file.position} ino:${ino} sdev:${(file.inode?.fs.dev ?? 0).toString(16)}\n`;
      }
    }
    return text;
  }

  protected override release(): void {
    for (const ofFile of [...this.items.values()]) for (const item of [...ofFile.values()]) this.forget(item);
  }
}

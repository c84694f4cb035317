/**
 * Ranges of one file that are locked: the advisory locks of fcntl_locking(2). A lock belongs to an owner (a descriptor
 * table for POSIX locks, an open file for OFD locks); an owner's ranges never overlap, and neighbours of the same type
 * are one. A write lock excludes all others, read locks exclude write locks.
 */
import { F_RDLCK, F_UNLCK, F_WRLCK } from '../abi/fcntl.ts';

export interface RecordLock {
  readonly owner: object;
  /** What F_GETLK shows: -1 for OFD locks. */
  readonly pid: number;
  /** F_RDLCK or F_WRLCK. */
  readonly type: number;
  readonly start: number;
  /** One past the last byte; Infinity to the end of the file whatever it is. */
  readonly end: number;
}

export class RecordLocks {
  private locks: RecordLock[] = [];

  get isEmpty(): boolean {
    return this.locks.length === 0;
  }
  list(): readonly RecordLock[] {
    return this.locks;
  }

  /** The first lock of another owner that forbids `wanted`; undefined when it can be had. */
  conflict(wanted: RecordLock): RecordLock | undefined {
    return this.locks.find(
      (lock) =>
        lock.owner !== wanted.owner &&
        lock.start < wanted.end &&
        wanted.start < lock.end &&
        (lock.type === F_WRLCK || wanted.type === F_WRLCK),
    );
  }

  /** Gives the owner this range and type, or with F_UNLCK takes the range away; nothing may be in conflict. */
  set(change: RecordLock): void {
    const others: RecordLock[] = [];
    let { start, end } = change;
    for (const lock of this.locks) {
      const isTouching = lock.start <= change.end && change.start <= lock.end;
      if (lock.owner !== change.owner || !isTouching) others.push(lock);
      else if (lock.type === change.type) {
        start = Math.min(start, lock.start);
        end = Math.max(end, lock.end);
      } else {
        if (lock.start < change.start) others.push({ ...lock, end: Math.min(lock.end, change.start) });
        if (lock.end > change.end) others.push({ ...lock, start: Math.max(lock.start, change.end) });
      }
    }
    if (change.type === F_RDLCK || change.type === F_WRLCK) others.push({ ...change, start, end });
    this.locks = others.sort((a, b) => a.start - b.start);
  }

  /** Takes all that an owner has; true when there was something. */
  releaseAll(owner: object): boolean {
    const before = this.locks.length;
    this.locks = this.locks.filter((lock) => lock.owner !== owner);
    return this.locks.length !== before;
  }
}

/** A change that unlocks. */
export function unlocking(owner: object, start: number, end: number): RecordLock {
  return { owner, pid: 0, type: F_UNLCK, start, end };
}

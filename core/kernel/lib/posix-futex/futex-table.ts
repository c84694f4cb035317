/**
 * Futex keys and the waiters at them, see futex(2). A private futex is the address in its address space; a shared one
 * whose address lies in a shared file mapping is the place in the file, so that processes that map it elsewhere meet.
 *
 * Everything runs on one thread and pre-emption happens between guest instructions only: checking a futex word and
 * queueing a waiter is atomic without any lock.
 */
import { EINVAL } from '../../abi/errno.ts';
import { FUTEX_BITSET_MATCH_ANY } from '../../abi/futex.ts';
import { fail } from '../../errors.ts';
import { service } from '../../kernel.ts';
import type { Task } from '../../task.ts';
import { WaitQueue } from '../../wait.ts';
import type { PiLock } from './pi-lock.ts';

/** One futex that has waiters or a PI lock. */
export class FutexBucket {
  /** The key: an address space and an address, or a shared file and a place in it. */
  readonly owner: object;
  readonly offset: number;
  /** In the order they came. */
  readonly waiters = new Set<FutexWaiter>();
  /** The lock state while a PI futex has waiters. */
  lock: PiLock | undefined = undefined;

  constructor(owner: object, offset: number) {
    this.owner = owner;
    this.offset = offset;
  }
}

export class FutexWaiter {
  readonly task: Task;
  /** Address of the futex word in the task's memory; changes with a requeue. */
  gva: number;
  /** Where the task waits; several waiters of one futex_waitv share it. */
  readonly queue: WaitQueue;
  readonly bitset: number;
  /** FUTEX_WAIT_REQUEUE_PI: may only be requeued, and only to a PI lock. */
  readonly isForPi: boolean;
  /** Where it stands; undefined once woken or removed, or while it waits for a PI lock. */
  bucket: FutexBucket | undefined = undefined;
  /** The PI lock it waits for. */
  lock: PiLock | undefined = undefined;
  isWoken = false;

  constructor(task: Task, gva: number, options: { queue?: WaitQueue; bitset?: number; isForPi?: boolean } = {}) {
    this.task = task;
    this.gva = gva;
    this.queue = options.queue ?? new WaitQueue();
    this.bitset = options.bitset ?? FUTEX_BITSET_MATCH_ANY;
    this.isForPi = options.isForPi ?? false;
  }
}

export class FutexTable {
  private readonly owners = new Map<object, Map<number, FutexBucket>>();
  /** PI locks with waiters. */
  readonly locks = new Set<PiLock>();

  /** EINVAL, EFAULT for an address where no futex can be. */
  check(task: Task, gva: number): void {
    if (gva % 4 !== 0) fail(EINVAL);
    task.memory.check(gva, 4, 'r');
  }

  /** The bucket of a futex, undefined when nobody waits there. */
  find(task: Task, gva: number, isPrivate: boolean): FutexBucket | undefined {
    this.check(task, gva);
    const place = isPrivate ? undefined : placeInFile(task, gva);
    return this.owners.get(place?.file ?? task.process.mm)?.get(place?.offset ?? gva);
  }

  /** The bucket of a futex, made when there is none: the caller puts a waiter or a lock in. */
  bucket(task: Task, gva: number, isPrivate: boolean): FutexBucket {
    this.check(task, gva);
    const place = isPrivate ? undefined : placeInFile(task, gva);
    const owner = place?.file ?? task.process.mm;
    const offset = place?.offset ?? gva;
    let offsets = this.owners.get(owner);
    if (offsets === undefined) {
      offsets = new Map();
      this.owners.set(owner, offsets);
    }
    let bucket = offsets.get(offset);
    if (bucket === undefined) {
      bucket = new FutexBucket(owner, offset);
      offsets.set(offset, bucket);
    }
    return bucket;
  }

  /** Forgets a bucket that nobody needs any more. */
  tidy(bucket: FutexBucket): void {
    if (bucket.waiters.size > 0 || bucket.lock !== undefined) return;
    const offsets = this.owners.get(bucket.owner);
    if (offsets?.get(bucket.offset) !== bucket) return;
    offsets.delete(bucket.offset);
    if (offsets.size === 0) this.owners.delete(bucket.owner);
  }

  add(bucket: FutexBucket, waiter: FutexWaiter): void {
    bucket.waiters.add(waiter);
    waiter.bucket = bucket;
  }

  remove(waiter: FutexWaiter): void {
    const { bucket } = waiter;
    if (bucket === undefined) return;
    bucket.waiters.delete(waiter);
    waiter.bucket = undefined;
    this.tidy(bucket);
  }

  wakeOne(waiter: FutexWaiter): void {
    this.remove(waiter);
    waiter.isWoken = true;
    waiter.queue.wake();
  }

  /**
   * Wakes up to `count` waiters whose bitset meets `bitset`, one at least as Linux does for 0. -EINVAL when those that
   * wait there wait for a PI lock.
   */
  wake(bucket: FutexBucket | undefined, count: number, bitset = FUTEX_BITSET_MATCH_ANY): number {
    if (bucket === undefined) return 0;
    if (bucket.lock !== undefined) return -EINVAL;
    let woken = 0;
    for (const waiter of [...bucket.waiters]) {
      if (waiter.isForPi) return -EINVAL;
      if ((waiter.bitset & bitset) === 0) continue;
      this.wakeOne(waiter);
      if (++woken >= count) break;
    }
    return woken;
  }

  /** Buckets in use, for inspection. */
  get size(): number {
    let total = 0;
    for (const offsets of this.owners.values()) total += offsets.size;
    return total;
  }
}

/** Where in a file the address lies, in a shared mapping of one. */
function placeInFile(task: Task, gva: number): { file: object; offset: number } | undefined {
  const vma = task.process.mm.vmas.at(gva);
  const file = vma?.backing?.shared;
  return vma === undefined || file === undefined ? undefined : { file, offset: vma.offset + gva - vma.start };
}

export const futexTable = service('futexes', () => new FutexTable());

/**
 * Advisory locks of all files of a kernel: record locks (fcntl) and whole-file locks (flock), who waits for whom, and
 * their end when a descriptor or an open file is closed. They hold within the VM; the host does not see them.
 */
import { EAGAIN, EDEADLK } from '../abi/errno.ts';
import { F_UNLCK, LOCK_EX, LOCK_UN } from '../abi/fcntl.ts';
import { type Kernel, service } from '../kernel.ts';
import type { Task } from '../task.ts';
import { type SysResult, WaitQueue } from '../wait.ts';
import { waitUntil } from './blocking.ts';
import type { FdTable } from './fd-table.ts';
import type { FileSystem } from './inode.ts';
import type { OpenFile } from './open-file.ts';
import { type RecordLock, RecordLocks } from './record-locks.ts';

/** The locks of one file. */
export class LockedFile {
  readonly records = new RecordLocks();
  /** flock: exclusive or shared, by open file. */
  readonly whole = new Map<OpenFile, number>();
  /** Woken when a lock goes. */
  readonly queue = new WaitQueue();

  get isUnused(): boolean {
    return this.records.isEmpty && this.whole.size === 0 && this.queue.isEmpty;
  }
}

export class FileLocks {
  private readonly byFs = new Map<FileSystem, Map<number, LockedFile>>();
  /** Which owner's lock a waiting owner of POSIX locks waits for: a circle is a deadlock. */
  private readonly waiting = new Map<object, object>();

  /** The locks on the file's object. */
  of(file: OpenFile): LockedFile {
    const [fs, ino] = [file.inode!.fs, file.stat().ino];
    let files = this.byFs.get(fs);
    if (files === undefined) {
      files = new Map();
      this.byFs.set(fs, files);
    }
    let locked = files.get(ino);
    if (locked === undefined) {
      locked = new LockedFile();
      files.set(ino, locked);
    }
    return locked;
  }
  private forgetIfUnused(file: OpenFile, locked: LockedFile): void {
    if (locked.isUnused) this.byFs.get(file.inode!.fs)?.delete(file.stat().ino);
  }
  /** All record locks, for /proc/locks. */
  *all(): IterableIterator<[fs: FileSystem, ino: number, locked: LockedFile]> {
    for (const [fs, files] of this.byFs) for (const [ino, locked] of files) yield [fs, ino, locked];
  }

  /** F_SETLK and F_SETLKW. `mayDeadlock`: POSIX locks look for circles of waiting owners. */
  setRecord(
    task: Task,
    file: OpenFile,
    change: RecordLock,
    options: { wait: boolean; mayDeadlock: boolean },
  ): SysResult {
    const locked = this.of(file);
    if (change.owner === file) file.onLastClose = () => this.releaseFile(file);
    else task.process.fds.onClose = (closed) => this.releaseTable(task.process.fds, closed);
    const attempt = (): number => {
      this.waiting.delete(change.owner);
      const blocker = change.type === F_UNLCK ? undefined : locked.records.conflict(change);
      if (blocker === undefined) {
        locked.records.set(change);
        locked.queue.wake();
        this.forgetIfUnused(file, locked);
        return 0;
      }
      if (!options.wait) return -EAGAIN;
      if (options.mayDeadlock && this.leadsTo(blocker.owner, change.owner)) return -EDEADLK;
      this.waiting.set(change.owner, blocker.owner);
      return -EAGAIN;
    };
    const answer = attempt();
    if (answer !== -EAGAIN || !options.wait) return answer;
    file.retain();
    return waitUntil(
      task,
      () => locked.queue,
      attempt,
      Number.POSITIVE_INFINITY,
      () => {
        this.waiting.delete(change.owner);
        file.drop();
      },
    );
  }
  private leadsTo(from: object, to: object): boolean {
    for (let at: object | undefined = from; at !== undefined; at = this.waiting.get(at)) if (at === to) return true;
    return false;
  }

  /** flock(2): `operation` is LOCK_SH, LOCK_EX or LOCK_UN. */
  setWhole(task: Task, file: OpenFile, operation: number, wait: boolean): SysResult {
    const locked = this.of(file);
    if (operation === LOCK_UN) {
      if (locked.whole.delete(file)) locked.queue.wake();
      this.forgetIfUnused(file, locked);
      return 0;
    }
    // A change of the kind of lock gives the old one up first, as Linux does.
    if (locked.whole.has(file) && locked.whole.get(file) !== operation) {
      locked.whole.delete(file);
      locked.queue.wake();
    }
    const attempt = (): number => {
      for (const [other, kind] of locked.whole) {
        if (other !== file && (kind === LOCK_EX || operation === LOCK_EX)) return -EAGAIN;
      }
      locked.whole.set(file, operation);
      file.onLastClose = () => this.releaseFile(file);
      return 0;
    };
    const answer = attempt();
    if (answer !== -EAGAIN || !wait) return answer;
    return waitUntil(task, () => locked.queue, attempt, Number.POSITIVE_INFINITY);
  }

  /** A descriptor of the table was closed: its POSIX locks on that file go, whichever descriptor took them. */
  releaseTable(table: FdTable, file: OpenFile): void {
    if (file.inode !== undefined) this.release(file, table);
  }
  /** The last descriptor of an open file was closed: its flock and OFD locks go. */
  releaseFile(file: OpenFile): void {
    const locked = this.of(file);
    if (locked.whole.delete(file)) locked.queue.wake();
    this.release(file, file);
  }
  private release(file: OpenFile, owner: object): void {
    const locked = this.byFs.get(file.inode!.fs)?.get(file.stat().ino);
    if (locked === undefined) return;
    if (locked.records.releaseAll(owner)) locked.queue.wake();
    this.forgetIfUnused(file, locked);
  }
}

export const fileLocks: (kernel: Kernel) => FileLocks = service('file-locks', () => new FileLocks());

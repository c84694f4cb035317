/**
 * The descriptor table of a process: small numbers to open files, each with its close-on-exec flag. A descriptor owns
 * one reference of its file. O_PATH descriptors are hidden from `get` and `require`, because I/O, mmap, epoll and the
 * like answer EBADF for them; the calls that take them (fstat, *at, close, dup, fcntl) use `getAny` and `requireAny`.
 */
import { EBADF, EMFILE } from '../abi/errno.ts';
import { O_PATH } from '../abi/fcntl.ts';
import { fail } from '../errors.ts';
import type { OpenFile } from './open-file.ts';

export class FdTable {
  private files: (OpenFile | undefined)[] = [];
  private cloexec: boolean[] = [];
  /** No descriptor below this is free. */
  private firstFree = 0;
  /** The soft RLIMIT_NOFILE now; the process sets it. */
  limit: () => number = () => 1024;
  /** Told of each descriptor that stops naming a file: POSIX record locks of this table on it go. */
  onClose: (file: OpenFile) => void = () => {};

  /** The open file, or undefined when the descriptor is not open or is O_PATH. */
  get(fd: number): OpenFile | undefined {
    const file = this.files[fd];
    return file !== undefined && (file.flags & O_PATH) === 0 ? file : undefined;
  }
  /** The open file; EBADF when the descriptor is not open or is O_PATH. */
  require(fd: number): OpenFile {
    return this.get(fd) ?? fail(EBADF);
  }
  getAny(fd: number): OpenFile | undefined {
    return this.files[fd];
  }
  requireAny(fd: number): OpenFile {
    return this.files[fd] ?? fail(EBADF);
  }

  /** Gives `file` the lowest free descriptor from `lowest` on; takes over the caller's reference. EMFILE at the limit. */
  install(file: OpenFile, closeOnExec = false, lowest = 0): number {
    let fd = Math.max(lowest, this.firstFree);
    while (this.files[fd] !== undefined) fd++;
    if (fd >= this.limit()) fail(EMFILE);
    if (lowest <= this.firstFree) this.firstFree = fd + 1;
    this.put(fd, file, closeOnExec);
    return fd;
  }
  /** Like `install`, but drops the caller's reference when it fails. */
  installOrDrop(file: OpenFile, closeOnExec = false): number {
    if (this.isFull) {
      file.drop();
      fail(EMFILE);
    }
    return this.install(file, closeOnExec);
  }
  get isFull(): boolean {
    let fd = this.firstFree;
    while (this.files[fd] !== undefined) fd++;
    this.firstFree = fd;
    return fd >= this.limit();
  }

  /** Makes `fd` name `file`, closing what it named; takes over the caller's reference. EBADF outside the limit. */
  installAt(fd: number, file: OpenFile, closeOnExec = false): number {
    if (fd < 0 || fd >= this.limit()) fail(EBADF);
    const old = this.files[fd];
    this.put(fd, file, closeOnExec);
    if (old !== undefined) this.finish(old);
    return fd;
  }
  private put(fd: number, file: OpenFile, closeOnExec: boolean): void {
    // Filling the gap keeps the arrays dense, which keeps `get` fast.
    while (this.files.length < fd) {
      this.files.push(undefined);
      this.cloexec.push(false);
    }
    this.files[fd] = file;
    this.cloexec[fd] = closeOnExec;
  }

  /** EBADF when it is not open. */
  close(fd: number): void {
    const file = this.requireAny(fd);
    this.files[fd] = undefined;
    if (fd < this.firstFree) this.firstFree = fd;
    this.finish(file);
  }
  private finish(file: OpenFile): void {
    this.onClose(file);
    file.drop();
  }

  isCloseOnExec(fd: number): boolean {
    return this.cloexec[fd] === true;
  }
  setCloseOnExec(fd: number, value: boolean): void {
    this.requireAny(fd);
    this.cloexec[fd] = value;
  }

  /** Open descriptors in ascending order. */
  *entries(): IterableIterator<[fd: number, file: OpenFile]> {
    for (let fd = 0; fd < this.files.length; fd++) {
      const file = this.files[fd];
      if (file !== undefined) yield [fd, file];
    }
  }
  /** One past the highest descriptor ever open. */
  get size(): number {
    return this.files.length;
  }

  /** execve: closes what is marked so. */
  closeOnExec(): void {
    for (const [fd] of this.entries()) if (this.cloexec[fd]) this.close(fd);
  }
  /** Process exit. */
  closeAll(): void {
    for (const [fd] of this.entries()) this.close(fd);
  }
  /** fork: fills this new table with the descriptors of `other`. */
  copyFrom(other: FdTable): void {
    for (const [fd, file] of other.entries()) this.put(fd, file.retain(), other.isCloseOnExec(fd));
    this.firstFree = 0;
  }
}

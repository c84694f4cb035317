/**
 * Openers of special files. A file system only stores a FIFO, device node or socket; what opening one means is known to
 * the micro-library that registers here (pipes: FIFO; devfs and the tty: characters devices; unix sockets: S_IFSOCK).
 */
import { ENXIO } from '../abi/errno.ts';
import { devMajor, devMinor, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } from '../abi/stat.ts';
import { fail } from '../errors.ts';
import { type Kernel, service } from '../kernel.ts';
import type { Task } from '../task.ts';
import type { WaitQueue } from '../wait.ts';
import type { Inode } from './inode.ts';
import type { OpenFile } from './open-file.ts';

/** An open that must wait before open(2) returns (a FIFO whose other end is not open yet). */
export interface PendingOpen {
  /** Already open as far as others can see; dropped when the wait is interrupted. */
  readonly file: OpenFile;
  /** Woken when `isReady` may have become true. */
  readonly queue: WaitQueue;
  isReady(): boolean;
}

/** Opens a special file; may fail with a SysError. `flags` as for `Inode.open`, with O_NOCTTY. */
export type Opener = (task: Task, inode: Inode, flags: number) => OpenFile | PendingOpen;

export class SpecialFiles {
  private readonly openers = new Map<string, Opener>();

  registerFifo(open: Opener): void {
    this.openers.set('fifo', open);
  }
  registerSocket(open: Opener): void {
    this.openers.set('socket', open);
  }
  /** Without `minor`: all minors of the major that have no opener of their own. */
  registerChar(open: Opener, major: number, minor: number | '*' = '*'): void {
    this.openers.set(`char ${major}:${minor}`, open);
  }
  registerBlock(open: Opener, major: number, minor: number | '*' = '*'): void {
    this.openers.set(`block ${major}:${minor}`, open);
  }

  /** True when somebody serves this special file. */
  has(inode: Inode): boolean {
    return this.find(inode) !== undefined;
  }

  /** ENXIO when nobody serves this special file. */
  open(task: Task, inode: Inode, flags: number): OpenFile | PendingOpen {
    const opener = this.find(inode) ?? fail(ENXIO);
    return opener(task, inode, flags);
  }

  private find(inode: Inode): Opener | undefined {
    switch (inode.type) {
      case S_IFIFO:
        return this.openers.get('fifo');
      case S_IFSOCK:
        return this.openers.get('socket');
      case S_IFCHR:
        return this.device('char', inode.stat().rdev);
      case S_IFBLK:
        return this.device('block', inode.stat().rdev);
      default:
        return undefined;
    }
  }

  private device(kind: string, rdev: number): Opener | undefined {
    const major = devMajor(rdev);
    return this.openers.get(`${kind} ${major}:${devMinor(rdev)}`) ?? this.openers.get(`${kind} ${major}:*`);
  }
}

/** The registry of a kernel; micro-libraries register in their `init`. */
export const specialFiles: (kernel: Kernel) => SpecialFiles = service('special-files', () => new SpecialFiles());

/** Opening FIFOs, fifo(7): named ones in any file system, and pipes again through /proc/PID/fd. */
import { ENXIO } from '../../abi/errno.ts';
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from '../../abi/fcntl.ts';
import { S_IFIFO } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { type Kernel, service } from '../../kernel.ts';
import type { Task } from '../../task.ts';
import { AnonymousInode, anonymousInode, pipeFs } from '../../vfs/anonymous-fs.ts';
import type { FileSystem, Inode } from '../../vfs/inode.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import type { PendingOpen } from '../../vfs/special.ts';
import { Pipe, PipeFile } from './pipe.ts';

/** Pipes in use by the inode they belong to. A file system may make a new Inode object at each look-up: so by number. */
class PipesInUse {
  private readonly byFs = new Map<FileSystem, Map<number, Pipe>>();

  of(inode: Inode): Pipe {
    let pipes = this.byFs.get(inode.fs);
    if (pipes === undefined) {
      pipes = new Map();
      this.byFs.set(inode.fs, pipes);
    }
    const ino = inode instanceof AnonymousInode ? inode.ino : inode.stat().ino;
    let pipe = pipes.get(ino);
    if (pipe === undefined) {
      pipe = new Pipe(() => this.forget(inode.fs, ino));
      pipes.set(ino, pipe);
    }
    return pipe;
  }

  private forget(fs: FileSystem, ino: number): void {
    const pipes = this.byFs.get(fs);
    pipes?.delete(ino);
    if (pipes?.size === 0) this.byFs.delete(fs);
  }
}

const pipesInUse: (kernel: Kernel) => PipesInUse = service('pipes', () => new PipesInUse());

/** Opens a FIFO; waits for the other end as fifo(7) says. */
export function openFifo(task: Task, inode: Inode, flags: number): OpenFile | PendingOpen {
  if (inode instanceof AnonymousInode && inode.reopen !== undefined) return inode.reopen(flags);
  const pipe = pipesInUse(task.kernel).of(inode);
  const mode = flags & O_ACCMODE;
  const isNonBlocking = (flags & O_NONBLOCK) !== 0;
  if (mode === O_WRONLY && isNonBlocking && pipe.readers === 0) {
    pipe.forgetIfUnused();
    return fail(ENXIO);
  }
  const { readerOpens, writerOpens } = pipe;
  const file = new PipeFile(pipe, inode, flags);
  const isReady = (): boolean => {
    if (mode === O_RDWR || (mode === O_RDONLY && isNonBlocking)) return true;
    if (mode === O_RDONLY) return pipe.writers > 0 || pipe.writerOpens !== writerOpens;
    return pipe.readers > 0 || pipe.readerOpens !== readerOpens;
  };
  return isReady() ? file : { file, queue: pipe.opened, isReady };
}

/** A new pipe: its reading and its writing end. `flags`: O_NONBLOCK, O_DIRECT. */
export function createPipe(task: Task, flags: number): [reader: PipeFile, writer: PipeFile] {
  const inode = anonymousInode(pipeFs(task.kernel), task, S_IFIFO | 0o600);
  const pipe = pipesInUse(task.kernel).of(inode);
  const reader = new PipeFile(pipe, inode, O_RDONLY | flags);
  const writer = new PipeFile(pipe, inode, O_WRONLY | flags);
  return [reader, writer];
}

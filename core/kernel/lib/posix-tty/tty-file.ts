/** An open terminal. */
import { EIO } from '../../abi/errno.ts';
import { O_NONBLOCK } from '../../abi/fcntl.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from '../../abi/poll.ts';
import type { Task } from '../../task.ts';
import type { Inode } from '../../vfs/inode.ts';
import { OpenFile } from '../../vfs/open-file.ts';
import { ttyIoctl } from './ioctls.ts';
import { mayRead, mayWrite } from './jobs.ts';
import type { Tty } from './tty.ts';

export class TtyFile extends OpenFile {
  readonly tty: Tty;
  readonly describe: string;

  constructor(tty: Tty, inode: Inode, flags: number, name: string) {
    super(flags, inode);
    this.tty = tty;
    this.describe = name;
    tty.attach(this);
  }

  private get task(): Task | undefined {
    return this.tty.kernel.scheduler.current;
  }

  override read(into: Uint8Array): number {
    const { tty, task } = this;
    if (tty.isHungUp) return 0;
    const refusal = task === undefined ? 0 : mayRead(tty, task);
    if (refusal !== 0) return refusal;
    return into.length === 0 ? 0 : tty.read(into, (this.flags & O_NONBLOCK) !== 0);
  }

  override write(from: Uint8Array): number {
    const { tty, task } = this;
    if (tty.isHungUp) return -EIO;
    const refusal = task === undefined ? 0 : mayWrite(tty, task);
    return refusal !== 0 ? refusal : tty.write(from);
  }

  override poll(): number {
    const { tty } = this;
    if (tty.isHungUp) return POLLIN | POLLOUT | POLLERR | POLLHUP;
    return (tty.isReadable ? POLLIN : 0) | (tty.isWritable ? POLLOUT : 0);
  }

  override ioctl(task: Task, request: number, argument: number): number {
    if (this.tty.isHungUp) return -EIO;
    return ttyIoctl(this.tty, task, request, argument);
  }

  protected override release(): void {
    this.tty.detach(this);
  }
}

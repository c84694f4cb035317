/** File descriptors that name processes: pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2). */
import { EBADF, EINVAL, ENOENT, EPERM, ESRCH } from '../../abi/errno.ts';
import { O_EXCL, O_NONBLOCK, O_RDWR } from '../../abi/fcntl.ts';
import { SI_TKILL, SI_USER, SIGRTMAX } from '../../abi/signal.ts';
import { S_IFDIR } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import type { Process } from '../../process.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { GeneratedInode } from '../../vfs/generated-fs.ts';
import { OpenFile, POLLIN } from '../../vfs/open-file.ts';
import type { Waiter, WaitQueue } from '../../wait.ts';
import { maySignal } from '../uksignal/kill.ts';
import { fromProcess, sendToProcess } from '../uksignal/send.ts';
import { readSiginfo } from '../uksignal/siginfo.ts';

/** Readable once the process has ended. */
export class PidFile extends OpenFile implements Waiter {
  readonly describe = 'anon_inode:[pidfd]';
  readonly process: Process;

  constructor(process: Process, flags: number) {
    super(flags);
    this.process = process;
    process.ended.add(this);
  }

  wake(queue: WaitQueue): void {
    queue.remove(this);
    this.queue.wakeFor(POLLIN);
  }
  override poll(): number {
    return this.process.exit === undefined ? 0 : POLLIN;
  }
  override fdinfo(): string {
    return `Pid:\t${this.process.exit === undefined ? this.process.pid : -1}\n`;
  }
  protected override release(): void {
    this.process.ended.remove(this);
  }
}

/** The PidFile at a descriptor; EBADF when it is something else. */
export function requirePidFile(task: Task, fd: number): PidFile {
  const file = task.process.fds.require(fd);
  return file instanceof PidFile ? file : fail(EBADF);
}

/** The process that a PidFile or an open directory /proc/PID stands for; EBADF when it is something else. */
function requireProcess(task: Task, fd: number): Process {
  const file = task.process.fds.require(fd);
  if (file instanceof PidFile) return file.process;
  const { inode, path } = file;
  const { process, task: thread } = inode instanceof GeneratedInode ? (inode.subject as ProcessSubject) : {};
  // What lies below is about the process, too.
  const isItself = inode?.type === S_IFDIR && thread === undefined && path?.name === String(process?.pid);
  return process !== undefined && isItself ? process : fail(EBADF);
}

/** What procfs says that its files are about. */
interface ProcessSubject {
  readonly process?: Process;
  readonly task?: Task;
}

export const pidfdOpen = defineSyscall({
  nr: 434,
  name: 'pidfd_open',
  support: 'full',
  args: [
    arg.pid('pid'),
    arg.flags('flags', [
      ['PIDFD_NONBLOCK', O_NONBLOCK],
      ['PIDFD_THREAD', O_EXCL],
    ]),
  ],
  result: result.fd,
  run(task, pid, flags) {
    if (flags & ~(O_NONBLOCK | O_EXCL) || pid <= 0) return -EINVAL;
    const { kernel, process } = task;
    const thread = kernel.scheduler.tasks.get(pid);
    const target = kernel.processes.get(pid) ?? (flags & O_EXCL ? thread?.process : undefined);
    // A thread that leads no process has a pidfd only by PIDFD_THREAD.
    if (target === undefined) return thread === undefined ? -ESRCH : -ENOENT;
    return process.fds.installOrDrop(new PidFile(target, O_RDWR | (flags & O_NONBLOCK)), true);
  },
});

export const pidfdSendSignal = defineSyscall({
  nr: 424,
  name: 'pidfd_send_signal',
  support: 'full',
  args: [arg.fd('pidfd'), arg.signal('sig'), arg.pointer('info'), arg.uint('flags')],
  result: result.ok,
  run(task, fd, signal, infoGva, flags) {
    if (flags !== 0 || signal < 0 || signal > SIGRTMAX) return -EINVAL;
    const target = requireProcess(task, fd);
    const sender = task.process;
    const info = infoGva === 0 ? fromProcess(sender, SI_USER) : readSiginfo(task.memory, infoGva);
    if (infoGva !== 0 && task.memory.getI32(infoGva) !== signal) return -EINVAL;
    if (target !== sender && infoGva !== 0 && (info.code >= 0 || info.code === SI_TKILL)) return -EPERM;
    if (target.exit !== undefined) return -ESRCH;
    if (!maySignal(sender, target, signal)) return -EPERM;
    return sendToProcess(target, signal, info);
  },
});

export const pidfdGetfd = defineSyscall({
  nr: 438,
  name: 'pidfd_getfd',
  support: 'full',
  args: [arg.fd('pidfd'), arg.fd('targetfd'), arg.uint('flags')],
  result: result.fd,
  run(task, fd, targetFd, flags) {
    if (flags !== 0) return -EINVAL;
    const { process: target } = requirePidFile(task, fd);
    if (target.exit !== undefined) return -ESRCH;
    if (!mayInspect(task.process, target)) return -EPERM;
    return task.process.fds.installOrDrop(target.fds.requireAny(targetFd).retain(), true);
  },
});

/** True when ptrace(2)'s access check lets `observer` look into `target`. */
export function mayInspect(observer: Process, target: Process): boolean {
  const own = observer.credentials;
  if (observer === target || own.isPrivileged) return true;
  const { uid, euid, suid } = target.credentials;
  return uid === own.fsuid && euid === own.fsuid && suid === own.fsuid && target.attributes.isDumpable;
}

/** posix-tty: terminals, pseudoterminals, and the console as descriptors 0, 1 and 2. */
import { EBUSY, ENXIO } from '../../abi/errno.ts';
import { O_NOCTTY, O_RDWR } from '../../abi/fcntl.ts';
import { S_IFCHR } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import type { Kernel } from '../../kernel.ts';
import { defineLib } from '../../lib.ts';
import type { Task } from '../../task.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { specialFiles } from '../../vfs/special.ts';
import { devFs, nodeRef } from '../devfs/lib.ts';
import { consoleDriver } from './console.ts';
import { ConsoleStream, consoleInputStream, openConsoleStream } from './console-stream.ts';
import { devpts, PTS_MAJOR } from './devpts.ts';
import { acquireOnOpen, controllingTty, giveUpTty, isSessionLeader } from './jobs.ts';
import type { Tty } from './tty.ts';
import { TtyFile } from './tty-file.ts';

export { devpts } from './devpts.ts';

const TTY_MAJOR = 5;
/** Names of nodes in /dev, with their minors and permission bits. */
const nodes = [
  { name: 'tty', minor: 0, mode: 0o666 },
  { name: 'console', minor: 1, mode: 0o620 },
  { name: 'ptmx', minor: 2, mode: 0o666 },
] as const;

function openTty(tty: Tty, task: Task, inode: Inode, flags: number, name: string): OpenFile {
  if (tty.isExclusive && !task.process.credentials.isPrivileged) fail(EBUSY);
  if (!(flags & O_NOCTTY)) acquireOnOpen(tty, task.process);
  return new TtyFile(tty, inode, flags & ~O_NOCTTY, name);
}

function openControlling(task: Task, inode: Inode, flags: number): OpenFile {
  return openTty(controllingTty(task.process) ?? fail(ENXIO), task, inode, flags | O_NOCTTY, '/dev/tty');
}

/** /dev/console: the tty, or without one the standard streams. */
function openConsole(task: Task, inode: Inode, flags: number): OpenFile {
  const { kernel } = task;
  if (kernel.host.console.isTty) return openTty(consoleDriver(kernel).tty, task, inode, flags, '/dev/console');
  return new ConsoleStream(kernel, 1, inode, flags & ~O_NOCTTY);
}

/** Descriptors 0, 1 and 2 of the first process; the caller owns the references. */
export function openConsoleFiles(kernel: Kernel): [stdin: OpenFile, stdout: OpenFile, stderr: OpenFile] {
  if (!kernel.host.console.isTty) {
    return [openConsoleStream(kernel, 0), openConsoleStream(kernel, 1), openConsoleStream(kernel, 2)];
  }
  const driver = consoleDriver(kernel);
  driver.findOwner();
  const { inode, ref } = nodeRef(kernel, 'console');
  const file = new TtyFile(driver.tty, inode, O_RDWR, '/dev/console');
  file.path = ref;
  return [file, file.retain(), file.retain()];
}

/** Takes input that the console device has: wakes readers, raises the signals of ^C and the like. Cheap without input. */
export function consoleInput(kernel: Kernel): void {
  if (kernel.host.console.isTty) consoleDriver(kernel).pump();
  else consoleInputStream(kernel).fill();
}

/** The console's window has another size: SIGWINCH to the foreground group. */
export function consoleResized(kernel: Kernel): void {
  if (kernel.host.console.isTty) consoleDriver(kernel).resized();
}

export const posixTty = defineLib({
  name: 'posix-tty',
  option: 'LIBPOSIX_TTY',
  summary: 'terminals, pseudoterminals and the console',
  needs: ['vfscore', 'devfs', 'posix-fdtab', 'uksignal', 'posix-time'],
  syscalls: [],
  init(kernel) {
    const special = specialFiles(kernel);
    special.registerChar(openControlling, TTY_MAJOR, 0);
    special.registerChar(openConsole, TTY_MAJOR, 1);
    special.registerChar(
      (task, inode, flags) => devpts(kernel).openMaster(task, inode, flags & ~O_NOCTTY),
      TTY_MAJOR,
      2,
    );
    special.registerChar((task, inode, flags) => devpts(kernel).openByNumber(task, inode, flags), PTS_MAJOR);
    for (const { name, minor, mode } of nodes) devFs(kernel).addNode(name, S_IFCHR | mode, TTY_MAJOR, minor);
    fsTypes(kernel).register({ name: 'devpts', needsSource: false, create: () => devpts(kernel) });
    kernel.pollers.add(() => consoleInput(kernel));
    kernel.exitHooks.add((process) => {
      if (isSessionLeader(process)) giveUpTty(process);
    });
  },
});

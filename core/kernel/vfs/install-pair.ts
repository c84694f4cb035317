/** Two descriptors at once, or none: pipe(2), socketpair(2). */
import type { Task } from '../task.ts';
import type { OpenFile } from './open-file.ts';

/** Installs both files and stores their descriptors as two i32 at `gva`; drops both when there is no room. */
export function installPair(task: Task, gva: number, first: OpenFile, second: OpenFile, isCloseOnExec: boolean): void {
  const { fds } = task.process;
  let firstFd: number;
  try {
    firstFd = fds.installOrDrop(first, isCloseOnExec);
  } catch (error) {
    second.drop();
    throw error;
  }
  try {
    const secondFd = fds.installOrDrop(second, isCloseOnExec);
    task.memory.setU32(gva, firstFd);
    task.memory.setU32(gva + 4, secondFd);
  } catch (error) {
    fds.close(firstFd);
    throw error;
  }
}

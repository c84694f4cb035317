/** process_vm_readv(2) and process_vm_writev(2): copying between the address spaces of two processes. */

import type { UserMemory } from '../../../mem/user-memory.ts';
import { EFAULT, EINVAL, EPERM, ESRCH } from '../../abi/errno.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { mayInspect } from './pidfd.ts';

const IOV_MAX = 1024;
const IOVEC_SIZE = 16;

interface Range {
  gva: number;
  len: number;
}

function readRanges(task: Task, gva: number, count: number): Range[] {
  if (count > IOV_MAX) fail(EINVAL);
  const ranges: Range[] = [];
  for (let i = 0; i < count; i++) {
    const at = gva + i * IOVEC_SIZE;
    const len = task.memory.getLong(at + 8);
    if (len < 0) fail(EINVAL);
    ranges.push({ gva: task.memory.getLong(at), len });
  }
  return ranges;
}

/** Copies range by range until a side ends or an address can't be used; EFAULT when that is the first byte. */
function copyRanges(from: UserMemory, sources: Range[], to: UserMemory, targets: Range[]): number {
  let done = 0;
  let [s, t, sOffset, tOffset] = [0, 0, 0, 0];
  while (s < sources.length && t < targets.length) {
    const source = sources[s]!;
    const target = targets[t]!;
    const want = Math.min(source.len - sOffset, target.len - tOffset);
    const readable = from.accessible(source.gva + sOffset, want, 'r');
    const len = to.accessible(target.gva + tOffset, readable, 'w');
    if (len > 0) to.writeBytes(target.gva + tOffset, from.readBytes(source.gva + sOffset, len));
    done += len;
    if (len < want) return done > 0 ? done : -EFAULT;
    sOffset += len;
    tOffset += len;
    if (sOffset === source.len) [s, sOffset] = [s + 1, 0];
    if (tOffset === target.len) [t, tOffset] = [t + 1, 0];
  }
  return done;
}

const args = [
  arg.pid('pid'),
  arg.pointer('local_iov'),
  arg.size('liovcnt'),
  arg.pointer('remote_iov'),
  arg.size('riovcnt'),
  arg.size('flags'),
] as const;

/** The other process's memory, or -errno. */
function memoryOf(task: Task, pid: number, flags: number): UserMemory | number {
  if (flags !== 0) return -EINVAL;
  const target = task.kernel.scheduler.tasks.get(pid)?.process;
  if (target === undefined) return -ESRCH;
  return mayInspect(task.process, target) ? target.mm.user : -EPERM;
}

export const processVmReadv = defineSyscall({
  nr: 310,
  name: 'process_vm_readv',
  support: 'full',
  args,
  result: result.size,
  run(task, pid, localGva, localCount, remoteGva, remoteCount, flags) {
    const local = readRanges(task, localGva, localCount);
    const remote = readRanges(task, remoteGva, remoteCount);
    const other = memoryOf(task, pid, flags);
    return typeof other === 'number' ? other : copyRanges(other, remote, task.memory, local);
  },
});

export const processVmWritev = defineSyscall({
  nr: 311,
  name: 'process_vm_writev',
  support: 'full',
  args,
  result: result.size,
  run(task, pid, localGva, localCount, remoteGva, remoteCount, flags) {
    const local = readRanges(task, localGva, localCount);
    const remote = readRanges(task, remoteGva, remoteCount);
    const other = memoryOf(task, pid, flags);
    return typeof other === 'number' ? other : copyRanges(task.memory, local, other, remote);
  },
});

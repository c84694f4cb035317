import { beforeEach, describe, expect, it } from 'vitest';
import { EAGAIN, EDEADLK, ERESTARTSYS } from '../../../../../../core/kernel/abi/errno.ts';
import {
  AT_FDCWD,
  F_GETLK,
  F_RDLCK,
  F_SETLK,
  F_SETLKW,
  F_UNLCK,
  F_WRLCK,
  LOCK_EX,
  LOCK_NB,
  LOCK_UN,
  O_CREAT,
  O_RDWR,
} from '../../../../../../core/kernel/abi/fcntl.ts';
import { close, dup } from '../../../../../../core/kernel/lib/posix-fdtab/descriptors.ts';
import { fcntl } from '../../../../../../core/kernel/lib/posix-fdtab/fcntl.ts';
import { flock } from '../../../../../../core/kernel/lib/posix-fdtab/locks.ts';
import { openat } from '../../../../../../core/kernel/lib/vfscore/open.ts';
import type { Task } from '../../../../../../core/kernel/task.ts';
import { type PendingCall, SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';

let guest: TestGuest;
let first: Task;
let second: Task;
let fd: number;
beforeEach(() => {
  guest = new TestGuest();
  first = guest.task;
  second = guest.addProcess().tasks[0]!;
  fd = guest.call(openat, AT_FDCWD, 'file', O_CREAT | O_RDWR, 0o644);
  expect(guest.startOn(second, openat, AT_FDCWD, 'file', O_RDWR, 0).result).toBe(fd);
});

function lock(task: Task, command: number, type: number, start: number, len: number): PendingCall {
  const { memory } = task;
  memory.fill(SCRATCH, 32, 0);
  memory.setU16(SCRATCH, type);
  memory.setLong(SCRATCH + 8, start);
  memory.setLong(SCRATCH + 16, len);
  return guest.startOn(task, fcntl, fd, command, SCRATCH);
}

describe('record locks', () => {
  it('exclude other processes, tell who holds them, and wait', () => {
    expect(lock(first, F_SETLK, F_WRLCK, 0, 10).result).toBe(0);
    expect(lock(second, F_SETLK, F_RDLCK, 5, 10).result).toBe(-EAGAIN);
    expect(lock(second, F_GETLK, F_RDLCK, 5, 10).result).toBe(0);
    expect(second.memory.getU32(SCRATCH + 24)).toBe(first.process.pid);
    const waiting = lock(second, F_SETLKW, F_WRLCK, 5, 10);
    expect(waiting.result).toBe(undefined);
    lock(first, F_SETLK, F_UNLCK, 0, 8);
    guest.settle();
    expect(waiting.result).toBe(undefined);
    lock(first, F_SETLK, F_UNLCK, 8, 0);
    guest.settle();
    expect(waiting.result).toBe(0);
  });

  it('see a deadlock coming', () => {
    lock(first, F_SETLK, F_WRLCK, 0, 1);
    lock(second, F_SETLK, F_WRLCK, 1, 1);
    const waiting = lock(first, F_SETLKW, F_WRLCK, 1, 1);
    expect(lock(second, F_SETLKW, F_WRLCK, 0, 1).result).toBe(-EDEADLK);
    expect(waiting.resume('signal').result).toBe(-ERESTARTSYS);
    expect(lock(second, F_SETLKW, F_WRLCK, 0, 1).result).toBe(undefined);
  });

  it('end when any descriptor of the file is closed', () => {
    lock(first, F_SETLK, F_WRLCK, 0, 0);
    const waiting = lock(second, F_SETLKW, F_WRLCK, 0, 0);
    guest.call(close, guest.call(dup, fd));
    guest.settle();
    expect(waiting.result).toBe(0);
  });
});

describe('flock', () => {
  it('belongs to the open file: ends with its last descriptor', () => {
    const copy = guest.call(dup, fd);
    expect(guest.call(flock, copy, LOCK_EX)).toBe(0);
    expect(guest.startOn(second, flock, fd, LOCK_EX | LOCK_NB).result).toBe(-EAGAIN);
    const waiting = guest.startOn(second, flock, fd, LOCK_EX);
    guest.call(close, copy);
    guest.settle();
    expect(waiting.result).toBe(undefined);
    guest.call(close, fd);
    guest.settle();
    expect(waiting.result).toBe(0);
    expect(guest.startOn(second, flock, fd, LOCK_UN).result).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import * as c from '../../../../../../core/kernel/abi/clone.ts';
import { ECHILD, EINVAL, ENOSYS } from '../../../../../../core/kernel/abi/errno.ts';
import { FUTEX_OWNER_DIED, FUTEX_WAITERS } from '../../../../../../core/kernel/abi/futex.ts';
import { SA_RESTORER, SIGCHLD } from '../../../../../../core/kernel/abi/signal.ts';
import { posixFutex } from '../../../../../../core/kernel/lib/posix-futex/lib.ts';
import { endOtherTasks, endProcess, posixProcess } from '../../../../../../core/kernel/lib/posix-process/lib.ts';
import { EXIT_BUDGET } from '../../../../../../core/vcpu/exits.ts';
import { RSP } from '../../../../../../core/vcpu/state.ts';
import { DATA, ScriptedMachine } from '../../../../../support/scripted-machine.ts';

const CLONE = 56;
const EXIT = 60;
const WAIT4 = 61;
const FUTEX = 202;
const EXIT_GROUP = 231;
const WAITID = 247;
const SET_ROBUST_LIST = 273;
const CLONE3 = 435;

/** What pthread_create asks for. */
const THREAD =
  c.CLONE_VM |
  c.CLONE_FS |
  c.CLONE_FILES |
  c.CLONE_SIGHAND |
  c.CLONE_THREAD |
  c.CLONE_SYSVSEM |
  c.CLONE_SETTLS |
  c.CLONE_PARENT_SETTID |
  c.CLONE_CHILD_CLEARTID;

const TID = DATA + 0x100;
const STACK = DATA + 0x8000;

function boot(): ScriptedMachine {
  const machine = new ScriptedMachine([posixFutex, posixProcess]);
  for (const library of machine.kernel.libraries) library.init?.(machine.kernel);
  return machine;
}

describe('clone', () => {
  it('makes a thread that goes on behind the call with its own stack and thread pointer', () => {
    const machine = boot();
    const tid = machine.call(CLONE, THREAD, STACK, TID, TID, 0x1234);
    const thread = machine.kernel.scheduler.tasks.get(tid)!;
    expect([machine.task.memory.getU32(TID), thread.clearChildTid, thread.process]).toEqual([
      tid,
      TID,
      machine.process,
    ]);
    expect([machine.rax(thread), machine.register(RSP, thread), machine.rip(thread)]).toEqual([
      0,
      STACK,
      machine.rip(),
    ]);
  });

  it('takes the same from clone3, and refuses what Linux refuses', () => {
    const machine = boot();
    const words = [THREAD, 0, TID, TID, 0, STACK - 0x1000, 0x1000, 0x1234];
    words.forEach((word, i) => {
      machine.task.memory.setLong(DATA + 8 * i, word);
    });
    const tid = machine.call(CLONE3, DATA, 64);
    expect(machine.register(RSP, machine.kernel.scheduler.tasks.get(tid))).toBe(STACK);
    expect(machine.call(CLONE3, DATA, 56)).toBe(-EINVAL);
    expect(machine.call(CLONE, c.CLONE_THREAD, STACK)).toBe(-EINVAL);
    expect(machine.call(CLONE, SIGCHLD)).toBe(-ENOSYS);
  });
});

describe('exit', () => {
  it('of a thread wakes who joins it', () => {
    const machine = boot();
    const tid = machine.call(CLONE, THREAD, STACK, TID, TID, 0);
    const thread = machine.kernel.scheduler.tasks.get(tid)!;
    machine.pushCall(FUTEX, [TID, 0, tid, 0]);
    machine.push(() => EXIT_BUDGET, thread);
    machine.pushCall(EXIT, [3], thread);
    machine.run();
    expect([machine.rax(), machine.task.memory.getU32(TID), machine.process.tasks.length]).toEqual([0, 0, 1]);
  });

  it('of the last thread ends the machine with the first thread’s code', () => {
    const machine = boot();
    const thread = machine.addTask();
    machine.pushCall(EXIT, [4]);
    machine.pushCall(39, [], thread);
    machine.pushCall(EXIT, [9], thread);
    machine.run();
    expect(machine.kernel.scheduler.end).toEqual({ code: 4 });
  });

  it('of the group ends all threads, waiting ones too', () => {
    const machine = boot();
    const thread = machine.addTask();
    machine.pushCall(FUTEX, [DATA, 0, 0, 0], thread);
    machine.pushCall(39);
    machine.pushCall(39);
    machine.pushCall(EXIT_GROUP, [0x1ff]);
    machine.run();
    expect(machine.kernel.scheduler.end).toEqual({ code: 0xff });
    expect([thread.state, machine.kernel.scheduler.tasks.size]).toEqual(['exited', 0]);
  });

  it('marks and releases the robust futexes of a thread', () => {
    const machine = boot();
    const thread = machine.addTask();
    const { memory } = machine.task;
    const [head, entry, lock] = [DATA, DATA + 0x40, DATA + 0x48];
    memory.setLong(head, entry);
    memory.setLong(head + 8, lock - entry);
    memory.setLong(entry, head);
    memory.setU32(lock, thread.tid | FUTEX_WAITERS);
    machine.pushCall(FUTEX, [lock, 0, thread.tid | FUTEX_WAITERS, 0]);
    machine.pushCall(SET_ROBUST_LIST, [head, 24], thread);
    machine.pushCall(EXIT, [0], thread);
    machine.run();
    expect([machine.rax(), memory.getU32(lock)]).toEqual([0, (FUTEX_OWNER_DIED | FUTEX_WAITERS) >>> 0]);
  });

  it('for execve leaves the calling thread as the first', () => {
    const machine = boot();
    const thread = machine.addTask();
    endOtherTasks(thread);
    expect(machine.process.tasks).toEqual([thread]);
    expect([thread.tid, machine.kernel.scheduler.tasks.get(1)]).toEqual([1, thread]);
  });
});

describe('wait4 and waitid', () => {
  it('say ECHILD without children', () => {
    const machine = boot();
    expect(machine.call(WAIT4, -1, 0, 0, 0)).toBe(-ECHILD);
    expect(machine.call(WAITID, 0, 0, DATA, 4, 0)).toBe(-ECHILD);
  });

  it('wait for a child and report its status once', () => {
    const machine = boot();
    const child = machine.addProcess(machine.process);
    machine.process.signals.actions[SIGCHLD]!.flags = SA_RESTORER;
    expect(machine.call(WAIT4, -1, DATA, 1, 0)).toBe(0);
    machine.pushCall(WAIT4, [-1, DATA, 0, 0]);
    machine.pushCall(EXIT_GROUP, [7], child.tasks[0]);
    machine.run();
    expect([machine.rax(), machine.task.memory.getU32(DATA)]).toEqual([child.pid, 7 << 8]);
    expect(machine.call(WAIT4, -1, DATA, 0, 0)).toBe(-ECHILD);
  });

  it('report a death by signal through waitid', () => {
    const machine = boot();
    const child = machine.addProcess(machine.process);
    endProcess(child, { signal: 11, coreDumped: false });
    expect(machine.call(WAITID, 1, child.pid, DATA, 4, 0)).toBe(0);
    const { memory } = machine.task;
    expect([0, 8, 16, 24].map((at) => memory.getU32(DATA + at))).toEqual([SIGCHLD, 2, child.pid, 11]);
  });
});

describe('time accounts', () => {
  it('charge each task for its slices', () => {
    const machine = boot();
    machine.push(() => {
      machine.nowNs += 30_000_000;
      return EXIT_BUDGET;
    });
    machine.run();
    expect(machine.call(100, DATA)).toBe(103);
    expect([0, 8].map((at) => machine.task.memory.getLong(DATA + at))).toEqual([3, 0]);
    expect(machine.call(98, 0, DATA)).toBe(0);
    expect([0, 8].map((at) => machine.task.memory.getLong(DATA + at))).toEqual([0, 30_000]);
  });
});

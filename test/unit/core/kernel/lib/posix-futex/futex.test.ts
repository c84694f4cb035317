import { beforeEach, describe, expect, it } from 'vitest';
import { EAGAIN, EDEADLK, EFAULT, EINVAL, EPERM, ESRCH, ETIMEDOUT } from '../../../../../../core/kernel/abi/errno.ts';
import * as f from '../../../../../../core/kernel/abi/futex.ts';
import { futexTable } from '../../../../../../core/kernel/lib/posix-futex/futex-table.ts';
import { posixFutex } from '../../../../../../core/kernel/lib/posix-futex/lib.ts';
import { posixProcess } from '../../../../../../core/kernel/lib/posix-process/lib.ts';
import type { Task } from '../../../../../../core/kernel/task.ts';
import { DATA, ScriptedMachine } from '../../../../../support/scripted-machine.ts';

const FUTEX = 202;
const WORD = DATA;
const WORD2 = DATA + 4;
const LIMIT = DATA + 0x100;
const PRIVATE = f.FUTEX_PRIVATE_FLAG;

let machine: ScriptedMachine;
let waiters: Task[];
beforeEach(() => {
  machine = new ScriptedMachine([posixFutex, posixProcess]);
  machine.jumpsToDeadline = false;
  waiters = [machine.addTask(), machine.addTask(), machine.addTask()];
});
const futex = (...args: number[]): number => machine.call(FUTEX, ...args);
/** Each waiter makes the call; those that block stay so. */
function start(...args: number[]): void {
  for (const waiter of waiters) machine.pushCall(FUTEX, args, waiter);
  machine.run();
}
const states = (): (string | number)[] =>
  waiters.map((waiter) => (waiter.state === 'blocked' ? 'blocked' : machine.rax(waiter)));
const word = (gva = WORD): number => machine.task.memory.getU32(gva);

describe('FUTEX_WAIT and FUTEX_WAKE', () => {
  it('wakes in the order of waiting', () => {
    start(WORD, f.FUTEX_WAIT | PRIVATE, 0, 0);
    expect(futex(WORD, f.FUTEX_WAKE | PRIVATE, 1)).toBe(1);
    expect(states()).toEqual([0, 'blocked', 'blocked']);
    expect(futex(WORD, f.FUTEX_WAKE | PRIVATE, 0x7fff_ffff)).toBe(2);
    expect(states()).toEqual([0, 0, 0]);
    expect(futexTable(machine.kernel).size).toBe(0);
  });

  it('refuses a word that has changed, bad addresses and unknown operations', () => {
    machine.task.memory.setU32(WORD, 5);
    expect(futex(WORD, f.FUTEX_WAIT, 4, 0)).toBe(-EAGAIN);
    expect(futex(WORD + 1, f.FUTEX_WAKE, 1)).toBe(-EINVAL);
    expect(futex(0x10, f.FUTEX_WAIT, 0, 0)).toBe(-EFAULT);
    expect(futex(WORD, 99, 0, 0)).toBe(-38);
  });

  it('times out relative to now, and absolutely on both clocks', () => {
    machine = new ScriptedMachine([posixFutex]);
    const { memory } = machine.task;
    memory.setLong(LIMIT, 2);
    expect(futex(WORD, f.FUTEX_WAIT, 0, LIMIT)).toBe(-ETIMEDOUT);
    expect(machine.nowNs).toBe(3e9);
    memory.setLong(LIMIT, 10);
    expect(futex(WORD, f.FUTEX_WAIT_BITSET, 0, LIMIT, 0, -1)).toBe(-ETIMEDOUT);
    expect(machine.nowNs).toBe(10e9);
    memory.setU64(LIMIT, machine.kernel.realtimeNs() / 1_000_000_000n + 5n);
    expect(futex(WORD, f.FUTEX_WAIT_BITSET | f.FUTEX_CLOCK_REALTIME, 0, LIMIT, 0, -1)).toBe(-ETIMEDOUT);
    expect(Math.round(machine.nowNs / 1e6)).toBe(14_877);
    memory.setLong(LIMIT + 8, 1e9);
    expect(futex(WORD, f.FUTEX_WAIT, 0, LIMIT)).toBe(-EINVAL);
  });

  it('wakes only waiters whose bits match', () => {
    waiters.forEach((waiter, i) => {
      machine.pushCall(FUTEX, [WORD, f.FUTEX_WAIT_BITSET, 0, 0, 0, 1 << i], waiter);
    });
    machine.run();
    expect(futex(WORD, f.FUTEX_WAKE_BITSET, 9, 0, 0, 6)).toBe(2);
    expect(states()).toEqual(['blocked', 0, 0]);
    expect(futex(WORD, f.FUTEX_WAKE_BITSET, 9, 0, 0, 0)).toBe(-EINVAL);
  });

  it('keeps processes apart', () => {
    const other = machine.addProcess(machine.process);
    start(WORD, f.FUTEX_WAIT, 0, 0);
    machine.pushCall(FUTEX, [WORD, f.FUTEX_WAKE, 9], other.tasks[0]);
    machine.run();
    expect(machine.rax(other.tasks[0])).toBe(0);
  });
});

describe('FUTEX_CMP_REQUEUE', () => {
  it('wakes some, moves others, and checks the word', () => {
    start(WORD, f.FUTEX_WAIT, 0, 0);
    expect(futex(WORD, f.FUTEX_CMP_REQUEUE, 1, 1, WORD2, 7)).toBe(-EAGAIN);
    expect(futex(WORD, f.FUTEX_CMP_REQUEUE, 1, 1, WORD2, 0)).toBe(2);
    expect(states()).toEqual([0, 'blocked', 'blocked']);
    expect(futex(WORD2, f.FUTEX_WAKE, 9)).toBe(1);
    expect(states()).toEqual([0, 0, 'blocked']);
  });
});

describe('FUTEX_WAKE_OP', () => {
  it('changes one word and wakes at both when the old value compares', () => {
    start(WORD2, f.FUTEX_WAIT, 0, 0);
    const addFiveIfZero = (f.FUTEX_OP_ADD << 28) | (f.FUTEX_OP_CMP_EQ << 24) | (5 << 12) | 0;
    expect(futex(WORD, f.FUTEX_WAKE_OP, 1, 2, WORD2, addFiveIfZero)).toBe(2);
    expect(word(WORD2)).toBe(5);
    expect(futex(WORD, f.FUTEX_WAKE_OP, 1, 2, WORD2, addFiveIfZero)).toBe(0);
    expect(word(WORD2)).toBe(10);
  });
});

describe('PI futexes', () => {
  it('take a free lock, hand it over in order, and end free', () => {
    expect(futex(WORD, f.FUTEX_LOCK_PI, 0, 0)).toBe(0);
    expect(word()).toBe(machine.task.tid);
    expect(futex(WORD, f.FUTEX_LOCK_PI, 0, 0)).toBe(-EDEADLK);
    start(WORD, f.FUTEX_LOCK_PI, 0, 0);
    expect(states()).toEqual(['blocked', 'blocked', 'blocked']);
    expect(word()).toBe((machine.task.tid | f.FUTEX_WAITERS) >>> 0);
    expect(futex(WORD, f.FUTEX_UNLOCK_PI)).toBe(0);
    expect(states()).toEqual([0, 'blocked', 'blocked']);
    expect(futex(WORD, f.FUTEX_UNLOCK_PI)).toBe(-EPERM);
    for (const waiter of waiters) {
      machine.pushCall(FUTEX, [WORD, f.FUTEX_UNLOCK_PI], waiter);
      machine.run();
    }
    expect([word(), futexTable(machine.kernel).size]).toEqual([0, 0]);
  });

  it('give a lock whose owner dies to the next, marked', () => {
    const [owner, next] = waiters as [Task, Task];
    machine.pushCall(FUTEX, [WORD, f.FUTEX_LOCK_PI, 0, 0], owner);
    machine.run();
    machine.pushCall(FUTEX, [WORD, f.FUTEX_LOCK_PI, 0, 0], next);
    machine.run();
    machine.pushCall(60, [0], owner);
    machine.run();
    expect([machine.rax(next), word()]).toEqual([0, next.tid | f.FUTEX_OWNER_DIED]);
  });

  it('find deadlocks over several locks and owners that do not exist', () => {
    const [a] = waiters as [Task];
    futex(WORD, f.FUTEX_LOCK_PI, 0, 0);
    machine.pushCall(FUTEX, [WORD2, f.FUTEX_LOCK_PI, 0, 0], a);
    machine.run();
    machine.pushCall(FUTEX, [WORD, f.FUTEX_LOCK_PI, 0, 0], a);
    machine.run();
    expect(futex(WORD2, f.FUTEX_LOCK_PI, 0, 0)).toBe(-EDEADLK);
    expect(futex(WORD2, f.FUTEX_TRYLOCK_PI)).toBe(-EAGAIN);
    machine.task.memory.setU32(DATA + 8, 4711);
    expect(futex(DATA + 8, f.FUTEX_LOCK_PI, 0, 0)).toBe(-ESRCH);
  });

  it('requeue condition waiters to a lock', () => {
    start(WORD, f.FUTEX_WAIT_REQUEUE_PI, 0, 0, WORD2);
    expect(futex(WORD, f.FUTEX_WAKE, 1)).toBe(-EINVAL);
    expect(futex(WORD, f.FUTEX_CMP_REQUEUE_PI, 1, 9, WORD2, 0)).toBe(3);
    expect(states()).toEqual([0, 'blocked', 'blocked']);
    machine.pushCall(FUTEX, [WORD2, f.FUTEX_UNLOCK_PI], waiters[0]);
    machine.run();
    expect(states()).toEqual([0, 0, 'blocked']);
  });
});

describe('futex_waitv', () => {
  it('tells which of several futexes was woken', () => {
    const { memory } = machine.task;
    [WORD, WORD2].forEach((gva, i) => {
      memory.setLong(LIMIT + 24 * i, 0);
      memory.setLong(LIMIT + 24 * i + 8, gva);
      memory.setLong(LIMIT + 24 * i + 16, f.FUTEX2_SIZE_U32 | f.FUTEX2_PRIVATE);
    });
    machine.pushCall(449, [LIMIT, 2, 0, 0, 1], waiters[0]);
    machine.run();
    expect(futex(WORD2, f.FUTEX_WAKE | PRIVATE, 1)).toBe(1);
    expect([machine.rax(waiters[0]), futexTable(machine.kernel).size]).toEqual([1, 0]);
  });
});

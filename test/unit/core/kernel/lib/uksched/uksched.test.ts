import { beforeEach, describe, expect, it } from 'vitest';
import { E2BIG, EINVAL, EPERM, ESRCH } from '../../../../../../core/kernel/abi/errno.ts';
import { uksched } from '../../../../../../core/kernel/lib/uksched/lib.ts';
import { DATA, ScriptedMachine } from '../../../../../support/scripted-machine.ts';

let machine: ScriptedMachine;
beforeEach(() => {
  machine = new ScriptedMachine([uksched]);
});

describe('sched_yield', () => {
  it('lets the others run first', () => {
    const order: number[] = [];
    const other = machine.addTask();
    const note = (id: number) => () => {
      order.push(id);
      return 0;
    };
    machine.pushCall(24);
    machine.push(note(1));
    machine.push(note(2), other);
    machine.run();
    expect(order).toEqual([2, 1]);
  });
});

describe('affinity', () => {
  it('is the one CPU, of tasks that there are', () => {
    expect(machine.call(204, 0, 8, DATA)).toBe(8);
    expect(machine.task.memory.getU64(DATA)).toBe(1n);
    expect(machine.call(203, 0, 8, DATA)).toBe(0);
    // Programs double the size of the mask for as long as EINVAL is the answer.
    expect([machine.call(204, -1, 8, DATA), machine.call(203, -1, 8, DATA)]).toEqual([-ESRCH, -ESRCH]);
    expect(machine.call(204, 0, 4, DATA)).toBe(-EINVAL);
  });
});

describe('policies', () => {
  it('are kept and shown', () => {
    machine.task.memory.setU32(DATA, 10);
    expect(machine.call(144, 0, 2 | 0x4000_0000, DATA)).toBe(0);
    expect(machine.call(145, 0)).toBe(2 | 0x4000_0000);
    expect(machine.call(143, 0, DATA + 8)).toBe(0);
    expect(machine.task.memory.getU32(DATA + 8)).toBe(10);
    expect(machine.call(315, 0, DATA, 56, 0)).toBe(0);
    expect([0, 4, 8, 20].map((at) => machine.task.memory.getU32(DATA + at))).toEqual([56, 2, 1, 10]);
  });

  it('are checked', () => {
    expect(machine.call(144, 0, 0, DATA)).toBe(0);
    machine.task.memory.setU32(DATA, 1);
    expect(machine.call(144, 0, 0, DATA)).toBe(-EINVAL);
    expect(machine.call(144, 0, 77, DATA)).toBe(-EINVAL);
    expect(machine.call(145, 99)).toBe(-ESRCH);
    expect([machine.call(146, 1), machine.call(147, 1), machine.call(146, 0), machine.call(146, 4)]).toEqual([
      99,
      1,
      0,
      -EINVAL,
    ]);
    machine.process.credentials.setAll(1000, 1000);
    expect(machine.call(144, 0, 1, DATA)).toBe(-EPERM);
  });

  it('come in structures that may grow', () => {
    machine.task.memory.setU32(DATA, 64);
    machine.task.memory.setLong(DATA + 56, 1);
    expect(machine.call(314, 0, DATA, 0)).toBe(-E2BIG);
    expect(machine.task.memory.getU32(DATA)).toBe(56);
  });
});

describe('affinity and priorities', () => {
  it('know one CPU', () => {
    expect(machine.call(204, 0, 128, DATA)).toBe(8);
    expect(machine.task.memory.getLong(DATA)).toBe(1);
    expect(machine.call(204, 0, 4, DATA)).toBe(-EINVAL);
    expect(machine.call(203, 0, 8, DATA)).toBe(0);
    machine.task.memory.setLong(DATA, 2);
    expect(machine.call(203, 0, 8, DATA)).toBe(-EINVAL);
  });

  it('answer 20 - nice', () => {
    expect(machine.call(140, 0, 0)).toBe(20);
    expect(machine.call(141, 0, 0, 5)).toBe(0);
    expect(machine.call(140, 0, 0)).toBe(15);
    expect([machine.call(252, 1, 0), machine.call(252, 2, 0)]).toEqual([0, (2 << 13) | 5]);
  });
});

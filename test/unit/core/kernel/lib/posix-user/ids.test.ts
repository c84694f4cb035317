import { beforeEach, describe, expect, it } from 'vitest';
import { posixUser } from '../../../../../../core/kernel/lib/posix-user/lib.ts';
import { DATA, ScriptedMachine } from '../../../../../support/scripted-machine.ts';

const SETUID = 105;
const SETREUID = 113;
const GETGROUPS = 115;
const SETGROUPS = 116;
const SETRESUID = 117;
const GETRESUID = 118;
const SETFSUID = 122;
const EPERM = -1;
const EINVAL = -22;

let machine: ScriptedMachine;

beforeEach(() => {
  machine = new ScriptedMachine([posixUser]);
});

/** Real, effective and saved user id as getresuid answers. */
function ids(): number[] {
  expect(machine.call(GETRESUID, DATA, DATA + 4, DATA + 8)).toBe(0);
  return [0, 4, 8].map((at) => machine.task.memory.getU32(DATA + at));
}

describe('user ids', () => {
  it('are all given up by setuid of root', () => {
    expect([machine.call(SETUID, 1000), ids(), machine.call(SETUID, 0)]).toEqual([0, [1000, 1000, 1000], EPERM]);
  });

  it('swap with setreuid and come back through the saved id', () => {
    expect([machine.call(SETREUID, 1000, 1001), ids()]).toEqual([0, [1000, 1001, 1001]]);
    expect([machine.call(SETREUID, 1001, -1), ids()]).toEqual([0, [1001, 1001, 1001]]);
    machine = new ScriptedMachine([posixUser]);
    machine.call(SETRESUID, 1000, 1001, 1002);
    expect([machine.call(SETREUID, 1002, -1), machine.call(SETREUID, -1, 1002), ids()]).toEqual([
      EPERM,
      0,
      [1000, 1002, 1002],
    ]);
  });

  it('can only be exchanged by others than root', () => {
    machine.call(SETRESUID, 1000, 1001, 1002);
    expect([
      machine.call(SETRESUID, 1003, -1, -1),
      machine.call(SETRESUID, -1, 1002, 1000),
      ids(),
      machine.call(SETUID, 1000),
      ids(),
      machine.call(SETUID, -1),
    ]).toEqual([EPERM, 0, [1000, 1002, 1000], 0, [1000, 1000, 1000], EINVAL]);
  });

  it('leave the old fsuid as the answer of setfsuid', () => {
    machine.call(SETRESUID, 1000, 1001, 1002);
    expect([5, 1002, -1].map((id) => machine.call(SETFSUID, id))).toEqual([1001, 1001, 1002]);
  });
});

describe('groups', () => {
  it('are set by root only and read back sorted', () => {
    const { memory } = machine.task;
    [30, 10, 20].forEach((gid, i) => {
      memory.setU32(DATA + i * 4, gid);
    });
    expect(machine.call(SETGROUPS, 3, DATA)).toBe(0);
    expect([machine.call(GETGROUPS, 0, 0), machine.call(GETGROUPS, 2, DATA), machine.call(GETGROUPS, 8, DATA)]).toEqual(
      [3, EINVAL, 3],
    );
    expect([0, 4, 8].map((at) => memory.getU32(DATA + at))).toEqual([10, 20, 30]);
    machine.call(SETUID, 1000);
    expect(machine.call(SETGROUPS, 0, 0)).toBe(EPERM);
  });
});

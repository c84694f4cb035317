import { describe, expect, it } from 'vitest';
import { ukrandom } from '../../../../../../core/kernel/lib/ukrandom/lib.ts';
import { DATA, ScriptedMachine, STACK_TOP } from '../../../../../support/scripted-machine.ts';

const GETRANDOM = 318;

describe('getrandom', () => {
  it('fills the buffer, as far as it can be written', () => {
    const machine = new ScriptedMachine([ukrandom]);
    expect([
      machine.call(GETRANDOM, DATA, 100_000, 0),
      machine.task.memory.readBytes(DATA, 100_001).every((byte, i) => byte === (i < 100_000 ? 0xa5 : 0)),
      machine.call(GETRANDOM, STACK_TOP - 10, 100, 1),
      machine.call(GETRANDOM, 0, 100, 0),
      machine.call(GETRANDOM, 0, 0, 0),
    ]).toEqual([100_000, true, 10, -14, 0]);
  });

  it.each([8, 6])('refuses the flags %i', (flags) => {
    expect(new ScriptedMachine([ukrandom]).call(GETRANDOM, DATA, 1, flags)).toBe(-22);
  });
});

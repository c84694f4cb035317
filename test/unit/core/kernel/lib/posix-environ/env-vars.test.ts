import { describe, expect, it } from 'vitest';
import { posixEnviron, setEnvironment } from '../../../../../../core/kernel/lib/posix-environ/lib.ts';
import { ParameterError } from '../../../../../../core/kernel/parameters.ts';
import { ScriptedMachine } from '../../../../../support/scripted-machine.ts';

describe('env.vars', () => {
  it('adds to the environment and replaces in place', () => {
    const { kernel } = new ScriptedMachine([posixEnviron]);
    setEnvironment(kernel, ['PATH=/bin', 'HOME=/']);
    posixEnviron.parameters![0]!.apply(kernel, ['GREETING=hällo = world', 'PATH=/lib', 'EMPTY=']);
    expect([...kernel.environment]).toEqual([
      ['PATH', '/lib'],
      ['HOME', '/'],
      ['GREETING', 'h\xc3\xa4llo = world'],
      ['EMPTY', ''],
    ]);
  });

  it.each([
    ['A=1', 'B'],
    ['A=1', '=x'],
  ])('says which value is malformed', (...values) => {
    const { kernel } = new ScriptedMachine([posixEnviron]);
    expect(() => setEnvironment(kernel, values)).toThrow(
      new ParameterError(`"${values[1]}" is not of the form NAME=value`, 1),
    );
  });
});

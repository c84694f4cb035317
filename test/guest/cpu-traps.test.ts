/** Exceptions and traps of the CPU, case by case, against the CPU of this machine. */
import { describe, expect, it } from 'vitest';
import { compileC, runGuest, runNative } from '../support/c-program.ts';

describe('the CPU', () => {
  it('traps as this machine does: alignment, single steps, stack segment, branches, odd instructions', (context) => {
    const program = compileC(context, 'cpu-traps');
    const native = runNative(program);
    const guest = runGuest(program);
    expect(guest.stdout.split('\n')).toEqual(native.stdout.split('\n'));
    expect(guest.status).toBe(native.status);
  });
});

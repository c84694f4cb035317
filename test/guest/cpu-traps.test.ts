/** Exceptions and traps of the CPU, case by case, against the CPU of this machine. */
import { describe, expect, it } from 'vitest';
import { compileC, runGuest, runNative } from '../support/c-program.ts';

/** Whether MOVUPS to an unaligned address raises #AC is up to the CPU: AMD's do, Intel's don't (SDM vol. 2, MOVUPS). */
const linesOf = (text: string): string[] => text.split('\n').filter((line) => !line.startsWith('movups'));

describe('the CPU', () => {
  it('traps as this machine does: alignment, single steps, stack segment, branches, odd instructions', (context) => {
    const program = compileC(context, 'cpu-traps');
    const native = runNative(program);
    const guest = runGuest(program);
    expect(linesOf(guest.stdout)).toEqual(linesOf(native.stdout));
    expect(guest.status).toBe(native.status);
  });
});

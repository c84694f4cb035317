import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compileC, runGuest, runNative } from '../support/c-program.ts';

describe('processes', () => {
  it('run POSIX threads as Linux does', (context) => {
    const program = compileC(context, 'threads');
    expect(runGuest(program)).toEqual(runNative(program));
  });

  it('answer system calls with the results and errors recorded on Linux', (context) => {
    const program = compileC(context, 'process-calls', ['-Wno-nonnull']);
    const stdout = readFileSync(fileURLToPath(new URL('../golden/processes/calls.txt', import.meta.url)), 'latin1');
    expect(runGuest(program)).toEqual({ status: 128 + 15, stdout, stderr: '' });
  });
});

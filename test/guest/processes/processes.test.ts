import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { elfdeck } from '../../support/elfdeck.ts';
import { buildGuest } from '../../support/guest-programs.ts';

const file = (name: string): string => join(import.meta.dirname, name);
const recorded = (name: string): string => readFileSync(file(name), 'latin1');

describe('processes', () => {
  it('run POSIX threads as Linux does', (context) => {
    const rootfs = buildGuest(context, file('threads.c'), ['-pthread']);
    expect(elfdeck(['run', '-q', '-r', rootfs, '/threads'])).toEqual({
      stdout: recorded('threads.txt'),
      stderr: '',
      status: 5,
    });
  });

  it('answer system calls with Linux’s results and errors', (context) => {
    const rootfs = buildGuest(context, file('calls.c'), ['-Wno-nonnull']);
    expect(elfdeck(['run', '-q', '-r', rootfs, '/calls'])).toEqual({
      stdout: recorded('calls.txt'),
      stderr: '',
      status: 128 + 15,
    });
  });
});

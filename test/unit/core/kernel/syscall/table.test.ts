import { describe, expect, it } from 'vitest';
import { defineLib } from '../../../../../core/kernel/lib.ts';
import { arg, result } from '../../../../../core/kernel/syscall/args.ts';
import { type AnySyscall, defineSyscall } from '../../../../../core/kernel/syscall/define.ts';
import { syscallName, syscallNumber } from '../../../../../core/kernel/syscall/names.ts';
import { SyscallTable } from '../../../../../core/kernel/syscall/table.ts';

const close = defineSyscall({
  nr: 3,
  name: 'close',
  support: 'full',
  args: [arg.fd('fd')],
  result: result.ok,
  run: () => 0,
});
const ptrace = defineSyscall({
  nr: 101,
  name: 'ptrace',
  support: { stub: 'nobody traces' },
  args: [],
  result: result.int,
  run: () => -38,
});

const library = (name: string, syscalls: readonly AnySyscall[]) =>
  defineLib({ name, option: name, summary: '', needs: [], syscalls });

describe('SyscallTable', () => {
  it('finds calls by number and by name', () => {
    const table = new SyscallTable([library('a', [close]), library('b', [ptrace])]);
    expect(table.entries[3]).toMatchObject({ name: 'close', library: 'a', arity: 1 });
    expect(table.get('ptrace')).toBe(table.entries[101]);
  });

  it('refuses two owners of a number, and a name that is not the number’s', () => {
    expect(() => new SyscallTable([library('a', [close]), library('b', [close])])).toThrow(/both b's close and a's/);
    expect(() => new SyscallTable([library('a', [{ ...close, nr: 4 } as typeof close])])).toThrow(
      /system call 4 is stat, not close/,
    );
  });

  it('lists calls that were made but are absent or stubs, most frequent first', () => {
    const table = new SyscallTable([library('a', [close, ptrace])]);
    table.entries[3]!.count = 9;
    table.entries[101]!.count = 1;
    table.absent(41).count = 2;
    table.absent(9999).count = 1;
    expect(table.missing().map(({ name, count }) => [name, count])).toEqual([
      ['socket', 2],
      ['ptrace', 1],
      ['syscall_9999', 1],
    ]);
  });

  it('bounds what a guest that tries every number can make it keep', () => {
    const table = new SyscallTable([]);
    for (let nr = 1000; nr < 100_000; nr++) table.absent(nr).count++;
    expect([...table].length).toBeLessThan(2000);
  });
});

describe('syscall names', () => {
  it('knows old and new numbers', () => {
    expect([0, 257, 334, 335, 424, 435, 462].map(syscallName)).toEqual([
      'read',
      'openat',
      'rseq',
      undefined,
      'pidfd_send_signal',
      'clone3',
      'mseal',
    ]);
    expect(syscallNumber('futex_waitv')).toBe(449);
  });
});

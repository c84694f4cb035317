import { describe, expect, it } from 'vitest';
import { ENOENT } from '../../../../../core/kernel/abi/errno.ts';
import { fail } from '../../../../../core/kernel/errors.ts';
import { defineLib } from '../../../../../core/kernel/lib.ts';
import { arg, result } from '../../../../../core/kernel/syscall/args.ts';
import { defineSyscall } from '../../../../../core/kernel/syscall/define.ts';
import { Strace, type StraceOptions } from '../../../../../core/kernel/syscall/strace.ts';
import { parseSyscallFilter, unknownFilterItems } from '../../../../../core/kernel/syscall/strace-filter.ts';
import { Blocked, WaitQueue } from '../../../../../core/kernel/wait.ts';
import { DATA, ScriptedMachine } from '../../../../support/scripted-machine.ts';

const queue = new WaitQueue();
const openFlags = [
  ['O_RDONLY', 0, 3],
  ['O_CLOEXEC', 0x80000],
] as const;
const calls = [
  defineSyscall({
    nr: 257,
    name: 'openat',
    support: 'full',
    args: [arg.dirFd('dirfd'), arg.path('path'), arg.flags('flags', openFlags)],
    result: result.fd,
    run: (_task, _dir, path) => (path === '/nowhere' ? fail(ENOENT) : 3),
  }),
  defineSyscall({
    nr: 0,
    name: 'read',
    support: 'full',
    args: [arg.fd('fd'), arg.outBuffer('buf', { len: 'count' }), arg.size('count')],
    result: result.size,
    run(task, _fd, buf, count) {
      task.memory.fill(buf, count, 0x61);
      task.memory.setU32(buf, 0x464c457f);
      return count;
    },
  }),
  defineSyscall({
    nr: 3,
    name: 'close',
    support: 'full',
    args: [arg.fd('fd')],
    result: result.ok,
    run: () => 0,
  }),
  defineSyscall({
    nr: 34,
    name: 'pause',
    support: 'full',
    args: [],
    result: result.int,
    run: () => new Blocked([queue], () => 0),
  }),
];
const library = defineLib({ name: 'vfscore', option: 'x', summary: '', needs: [], syscalls: calls });

function traced(options: StraceOptions, run: (machine: ScriptedMachine) => void): string[] {
  const machine = new ScriptedMachine([library]);
  machine.task.memory.writeBytes(DATA, new TextEncoder().encode('/libc.so.6\0/nowhere\0'));
  const lines: string[] = [];
  machine.kernel.scheduler.dispatcher.trace = new Strace((line) => lines.push(line), options);
  run(machine);
  return lines;
}

describe('Strace', () => {
  it('prints finished calls in Unikraft’s format', () => {
    const lines = traced({}, (machine) => {
      machine.call(257, -100, DATA, 0x80000);
      machine.call(257, -100, DATA + 11, 0);
      machine.call(257, -100, 0x10, 0);
      machine.call(0, 3, DATA + 256, 832);
      machine.call(0, 3, 0x10, 832);
      machine.call(3, 3);
      machine.call(41, 1, 2, 3, -1, 5, 6);
    });
    expect(lines).toEqual([
      'openat(AT_FDCWD, "/libc.so.6", O_RDONLY|O_CLOEXEC) = fd:3',
      'openat(AT_FDCWD, "/nowhere", O_RDONLY) = No such file or directory (-2)',
      'openat(AT_FDCWD, 0x10, O_RDONLY) = Bad address (-14)',
      'read(fd:3, <out>"\\x7FELFaaaaaaaaaaaaaaaaaaaa"..., 832) = 832',
      'read(fd:3, va:0x10, 832) = Bad address (-14)',
      'close(fd:3) = OK',
      'socket[41](0x1, 0x2, 0x3, 0xffffffffffffffff, 0x5, 0x6) = Function not implemented (-38)',
    ]);
  });

  it('prints a call that waits once, when it ends, and tells tasks apart', () => {
    const lines = traced({ printType: false }, (machine) => {
      const other = machine.addTask();
      machine.pushCall(34);
      machine.pushCall(3, [7], other);
      machine.push(() => {
        queue.wake();
        return 4;
      }, other);
      machine.pushCall(3, [8]);
      machine.run();
    });
    expect(lines).toEqual(['[tid 2] close(7) = OK', '[tid 1] pause() = 0', '[tid 1] close(8) = OK']);
  });

  it('writes JSON lines', () => {
    const lines = traced({ format: 'json' }, (machine) => {
      machine.call(257, -100, DATA + 11, 0);
    });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        timeNs: 1e9,
        durationNs: 0,
        pid: 1,
        tid: 1,
        nr: 257,
        name: 'openat',
        args: ['AT_FDCWD', '"/nowhere"', 'O_RDONLY'],
        result: -2,
        errno: 'ENOENT',
        text: 'No such file or directory (-2)',
      },
    ]);
  });

  it.each([
    ['open*,close', ['openat', 'close']],
    ['!read', ['openat', 'close', 'pause']],
    ['file', ['openat']],
    ['%desc,!close', ['openat', 'read']],
    ['vfscore,!openat', ['read', 'close', 'pause']],
    ['none', []],
  ])('shows what the filter %s asks for', (filter, expected) => {
    const { entries } = new ScriptedMachine([library]).kernel.syscalls;
    const isShown = parseSyscallFilter(filter);
    const shown = [257, 0, 3, 34].filter((nr) => isShown(entries[nr]!)).map((nr) => entries[nr]!.name);
    expect(shown).toEqual(expected);
  });

  it('knows filter items that name nothing', () => {
    const text = 'open*,%file,vfscore,!fork,wrte,none,%fiel';
    expect(unknownFilterItems(text, ['vfscore'])).toEqual(['wrte', '%fiel']);
  });
});

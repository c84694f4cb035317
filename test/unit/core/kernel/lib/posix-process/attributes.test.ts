import { beforeEach, describe, expect, it } from 'vitest';
import { EBADF, EINVAL, EPERM, ESRCH } from '../../../../../../core/kernel/abi/errno.ts';
import { RLIMIT_CPU, RLIMIT_NOFILE, RLIMIT_STACK } from '../../../../../../core/kernel/abi/resource.ts';
import { SIGXCPU } from '../../../../../../core/kernel/abi/signal.ts';
import { posixProcess } from '../../../../../../core/kernel/lib/posix-process/lib.ts';
import { EXIT_BUDGET } from '../../../../../../core/vcpu/exits.ts';
import { CODE, DATA, ScriptedMachine } from '../../../../../support/scripted-machine.ts';

let machine: ScriptedMachine;
beforeEach(() => {
  machine = new ScriptedMachine([posixProcess]);
  for (const library of machine.kernel.libraries) library.init?.(machine.kernel);
});
const longs = (...offsets: number[]): number[] => offsets.map((at) => machine.task.memory.getLong(DATA + at));

describe('prctl', () => {
  const PRCTL = 157;

  it('sets and shows the name, cut to 15 bytes', () => {
    machine.task.memory.writeBytes(DATA, new TextEncoder().encode('a-thread-name-that-is-long\0'));
    expect(machine.call(PRCTL, 15, DATA)).toBe(0);
    expect(machine.task.comm).toBe('a-thread-name-t');
    expect(machine.call(PRCTL, 16, DATA + 64)).toBe(0);
    expect(machine.task.memory.readCString(DATA + 64)).toBe('a-thread-name-t');
  });

  it('checks arguments as Linux does', () => {
    expect(machine.call(PRCTL, 38, 1, 0, 0, 1)).toBe(-EINVAL);
    expect(machine.call(PRCTL, 38, 1, 0, 0, 0)).toBe(0);
    expect(machine.call(PRCTL, 39, 0, 0, 0, 0)).toBe(1);
    expect(machine.call(PRCTL, 22, 2)).toBe(-EINVAL);
    expect(machine.call(PRCTL, 23, 40)).toBe(1);
    expect(machine.call(PRCTL, 23, 41)).toBe(-EINVAL);
    expect(machine.call(PRCTL, 123456)).toBe(-EINVAL);
  });
});

describe('resource limits', () => {
  it('reads old and sets new ones in one call', () => {
    machine.task.memory.setLong(DATA, 64);
    machine.task.memory.setLong(DATA + 8, 128);
    expect(machine.call(302, 0, RLIMIT_NOFILE, DATA, DATA + 32)).toBe(0);
    expect(longs(32, 40)).toEqual([1024, 1048576]);
    expect(machine.process.fds.limit()).toBe(64);
    expect(machine.call(302, 0, RLIMIT_STACK, 0, DATA)).toBe(0);
    expect(longs(0, 8)).toEqual([8 << 20, -1]);
    expect(machine.call(302, 77, RLIMIT_STACK, 0, DATA)).toBe(-ESRCH);
    expect(machine.call(97, 16, DATA)).toBe(-EINVAL);
  });

  it('lets only the superuser raise hard limits', () => {
    machine.process.credentials.setAll(1000, 1000);
    machine.task.memory.setLong(DATA, 1);
    machine.task.memory.setLong(DATA + 8, 2 ** 31);
    expect(machine.call(160, RLIMIT_STACK, DATA)).toBe(0);
    machine.task.memory.setLong(DATA + 8, 2 ** 32);
    expect(machine.call(160, RLIMIT_STACK, DATA)).toBe(-EPERM);
  });

  it('ends a process that uses up its CPU time', () => {
    machine.process.limits.set(RLIMIT_CPU, 1, 2);
    machine.push(() => {
      machine.nowNs += 1.5e9;
      return EXIT_BUDGET;
    });
    machine.run();
    expect(machine.kernel.scheduler.end).toEqual({ signal: SIGXCPU, coreDumped: false });
  });
});

describe('rseq', () => {
  const AREA = DATA + 0x400;
  const SECTION = DATA + 0x500;
  const SIGNATURE = 0x5305_3053;
  const ABORT = DATA + 0x604;

  function announce(start: number): void {
    const { memory } = machine.task;
    expect(machine.call(334, AREA, 32, 0, SIGNATURE)).toBe(0);
    memory.setU32(ABORT - 4, SIGNATURE);
    [0, start, 0x20, ABORT].forEach((word, i) => {
      memory.setLong(SECTION + 8 * i, word);
    });
    memory.setLong(AREA + 8, SECTION);
  }

  it('registers once', () => {
    machine.task.memory.setU32(AREA + 4, 0xffff_ffff);
    announce(0);
    expect(machine.task.memory.getU32(AREA + 4)).toBe(0);
    expect(machine.call(334, AREA, 32, 0, SIGNATURE)).toBe(-16);
    expect(machine.call(334, AREA, 32, 1, 0)).toBe(-EPERM);
    expect(machine.call(334, AREA, 32, 1, SIGNATURE)).toBe(0);
    expect(machine.task.memory.getU32(AREA + 4)).toBe(0xffff_ffff);
  });

  it('aborts a critical section that another thread ran in between', () => {
    announce(CODE);
    const other = machine.addTask();
    machine.push((vcpu) => {
      vcpu.rip = CODE + 0x10;
      return EXIT_BUDGET;
    });
    machine.push(() => EXIT_BUDGET, other);
    machine.push((vcpu) => {
      expect(vcpu.rip).toBe(ABORT);
      return EXIT_BUDGET;
    });
    machine.run();
    expect(machine.task.memory.getLong(AREA + 8)).toBe(0);
  });

  it('leaves a thread alone that is outside of its section', () => {
    announce(CODE);
    const other = machine.addTask();
    machine.push((vcpu) => {
      vcpu.rip = CODE + 0x20;
      return EXIT_BUDGET;
    });
    machine.push(() => EXIT_BUDGET, other);
    machine.push((vcpu) => {
      expect(vcpu.rip).toBe(CODE + 0x20);
      return EXIT_BUDGET;
    });
    machine.run();
  });
});

describe('smaller calls', () => {
  it('answer truthfully for a machine with one CPU and no namespaces', () => {
    expect(machine.call(309, DATA, DATA + 4, 0)).toBe(0);
    expect(machine.call(324, 8, 0)).toBe(-EPERM);
    expect([machine.call(324, 16, 0), machine.call(324, 8, 0)]).toEqual([0, 0]);
    expect([machine.call(272, 0x400), machine.call(272, 0x2000_0000)]).toEqual([0, -EINVAL]);
    expect(machine.call(308, 99, 0)).toBe(-EBADF);
    expect(machine.call(312, 1, 1, 1)).toBe(0);
    expect([machine.call(135, -1), machine.call(135, 0x40000), machine.call(135, -1)]).toEqual([0, 0, 0x40000]);
  });

  it('copies between address spaces', () => {
    const other = machine.addProcess(machine.process);
    other.mm.user.writeBytes(DATA + 0x100, new TextEncoder().encode('hello'));
    const { memory } = machine.task;
    memory.setLong(DATA, DATA + 0x200);
    memory.setLong(DATA + 8, 5);
    memory.setLong(DATA + 16, DATA + 0x100);
    memory.setLong(DATA + 24, 5);
    expect(machine.call(310, other.pid, DATA, 1, DATA + 16, 1, 0)).toBe(5);
    expect(memory.readCString(DATA + 0x200)).toBe('hello');
  });

  it('opens a pidfd that becomes readable at the end', () => {
    const child = machine.addProcess(machine.process);
    const fd = machine.call(434, child.pid, 0);
    const file = machine.process.fds.require(fd);
    expect([fd, file.poll()]).toEqual([0, 0]);
    expect(machine.call(424, fd, 9, 0, 0)).toBe(0);
    expect([file.poll(), machine.process.children.size]).toEqual([1, 1]);
    expect(machine.call(434, 12345, 0)).toBe(-ESRCH);
  });
});

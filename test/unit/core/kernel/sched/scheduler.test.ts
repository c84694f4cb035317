import { describe, expect, it } from 'vitest';
import { EFAULT, EINTR, EIO, ENOSYS, ERESTARTSYS } from '../../../../../core/kernel/abi/errno.ts';
import { SA_RESTORER, SIGKILL, SIGSEGV, SIGUSR1 } from '../../../../../core/kernel/abi/signal.ts';
import { fail } from '../../../../../core/kernel/errors.ts';
import { posixProcess } from '../../../../../core/kernel/lib/posix-process/lib.ts';
import { fromKernel, sendToTask } from '../../../../../core/kernel/lib/uksignal/send.ts';
import { defineLib } from '../../../../../core/kernel/lib.ts';
import { arg, result } from '../../../../../core/kernel/syscall/args.ts';
import { type AnySyscall, defineSyscall } from '../../../../../core/kernel/syscall/define.ts';
import { Blocked, REGISTERS_SET, type SysResult, WaitQueue } from '../../../../../core/kernel/wait.ts';
import { EXIT_BUDGET } from '../../../../../core/vcpu/exits.ts';
import { DATA, ScriptedMachine } from '../../../../support/scripted-machine.ts';

/** A machine whose call 500-odd numbers are free for tests; names come from unused real calls. */
function machineWith(run: AnySyscall['run'], args: AnySyscall['args'] = []): ScriptedMachine {
  const call = defineSyscall({ nr: 180, name: 'nfsservctl', support: 'full', args, result: result.int, run });
  return new ScriptedMachine([
    posixProcess,
    defineLib({ name: 'test', option: 'x', summary: '', needs: [], syscalls: [call] }),
  ]);
}
const TEST_CALL = 180;

describe('system call dispatch', () => {
  it.each([
    ['a number', () => 42, 42],
    ['a large one', () => 0x1_2345_6789, 0x1_2345_6789],
    ['-errno', () => -EIO, -EIO],
    ['a SysError', () => fail(EIO), -EIO],
    ['a bad address', (task) => task.memory.getU8(0x10), -EFAULT],
    ['REGISTERS_SET', () => REGISTERS_SET, TEST_CALL],
  ] satisfies [string, AnySyscall['run'], number][])(
    'writes to RAX what the handler answers by %s',
    (_name, run, rax) => {
      expect(machineWith(run).call(TEST_CALL)).toBe(rax);
    },
  );

  it('passes six decoded arguments', () => {
    const seen: unknown[] = [];
    const args = [arg.int('a'), arg.uint('b'), arg.long('c'), arg.size('d'), arg.u64('e'), arg.pointer('f')];
    const machine = machineWith((_task, ...values: unknown[]) => {
      seen.push(...values);
      return 0;
    }, args);
    machine.call(TEST_CALL, -1, -1, -1, 2 ** 40, -1, 0x1000);
    expect(seen).toEqual([-1, 0xffff_ffff, -1, 2 ** 40, 2n ** 64n - 1n, 0x1000]);
  });

  it('counts unknown calls and answers ENOSYS', () => {
    const machine = machineWith(() => 0);
    expect(machine.call(41)).toBe(-ENOSYS);
    expect(machine.call(0x4000_0000 + 41)).toBe(-ENOSYS);
    expect(machine.call(-1)).toBe(-ENOSYS);
    expect(machine.kernel.syscalls.missing().map(({ name }) => name)).toEqual(
      expect.arrayContaining(['socket', 'syscall_-1']),
    );
  });

  it('keeps the last calls for the crash report', () => {
    const machine = machineWith(() => -EIO);
    machine.call(39);
    machine.call(TEST_CALL, 1, -1);
    expect(machine.kernel.scheduler.dispatcher.recent.list()).toMatchObject([
      { name: 'getpid', result: 1 },
      { tid: 1, name: 'nfsservctl', args: ['0x1', '0xffffffffffffffff', '0x0', '0x0', '0x0', '0x0'], result: -EIO },
    ]);
  });
});

describe('Scheduler', () => {
  const queue = new WaitQueue();
  const waiting = (): SysResult =>
    new Blocked([queue], (cause) => ({ wake: 1, timeout: 2, signal: -ERESTARTSYS })[cause], 5e9);

  it('runs tasks in turn, each with its own registers', () => {
    const machine = machineWith(() => 0);
    const other = machine.addTask();
    const order: string[] = [];
    for (const [name, task] of [
      ['a', machine.task],
      ['b', other],
    ] as const) {
      for (let i = 0; i < 3; i++) {
        machine.push((vcpu) => {
          order.push(name + vcpu.gprNumber(3));
          vcpu.setGprNumber(3, i + 1);
          return EXIT_BUDGET;
        }, task);
      }
    }
    machine.run();
    expect(order).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2']);
  });

  it('parks a waiting task until its queue is woken', () => {
    const machine = machineWith(waiting);
    const other = machine.addTask();
    machine.pushCall(TEST_CALL);
    machine.push(() => {
      expect(machine.task.state).toBe('blocked');
      queue.wake();
      expect(machine.task.state).toBe('runnable');
      return EXIT_BUDGET;
    }, other);
    machine.run();
    expect(machine.rax()).toBe(1);
    expect(queue.isEmpty).toBe(true);
  });

  it('ends a wait at its deadline, idling up to it', () => {
    const machine = machineWith(waiting);
    expect(machine.call(TEST_CALL)).toBe(2);
    expect(machine.nowNs).toBe(5e9);
    expect(queue.isEmpty).toBe(true);
  });

  it('tells a waiting call of a signal, and restarts it when no handler runs', () => {
    const causes: string[] = [];
    const machine = machineWith((): SysResult => {
      causes.push('begin');
      return new Blocked([queue], (cause) => {
        causes.push(cause);
        return cause === 'wake' ? 7 : -ERESTARTSYS;
      });
    });
    machine.pushCall(TEST_CALL);
    machine.run();
    const before = machine.rip();
    // Continuing an unstopped process is ignored by default, but still interrupts.
    machine.kernel.scheduler.interrupt(machine.task);
    machine.push((vcpu) => {
      expect([vcpu.gprNumber(0), vcpu.rip]).toEqual([TEST_CALL, before - 2]);
      return EXIT_BUDGET;
    });
    machine.run();
    expect(causes).toEqual(['begin', 'signal']);
  });

  it('does not park a call while an unblocked signal is pending', () => {
    const machine = machineWith((task): SysResult => {
      sendToTask(task, SIGUSR1, fromKernel);
      return new Blocked([queue], (cause) => (cause === 'signal' ? -EINTR : 0));
    });
    Object.assign(machine.process.signals.actions[SIGUSR1]!, { handler: DATA, flags: SA_RESTORER });
    machine.pushCall(TEST_CALL);
    machine.run();
    expect([machine.task.state, machine.rip()]).toEqual(['runnable', DATA]);
    expect(queue.isEmpty).toBe(true);
  });

  it('turns exceptions into signals, and the death of the first process into the end of the machine', () => {
    const machine = machineWith(() => 0);
    for (const library of machine.kernel.libraries) library.init?.(machine.kernel);
    machine.raise(14, 4, 1, 0xdeadn);
    expect(machine.kernel.scheduler.end).toEqual({ signal: SIGSEGV, coreDumped: false });
  });

  it('kills a process that waits', () => {
    const machine = machineWith(waiting);
    for (const library of machine.kernel.libraries) library.init?.(machine.kernel);
    machine.jumpsToDeadline = false;
    machine.call(TEST_CALL);
    sendToTask(machine.task, SIGKILL, fromKernel);
    machine.run();
    expect(machine.kernel.scheduler.end).toEqual({ signal: SIGKILL, coreDumped: false });
    expect(machine.kernel.scheduler.tasks.size).toBe(0);
  });

  it('asks pollers between slices and returns to its owner on a request', () => {
    const machine = machineWith(() => 0);
    let polls = 0;
    machine.kernel.pollers.add(() => polls++);
    machine.push(() => EXIT_BUDGET);
    machine.run();
    expect(polls).toBeGreaterThan(0);
    expect(machine.kernel.scheduler.end).toBeUndefined();
  });
});

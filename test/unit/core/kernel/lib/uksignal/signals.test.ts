import { beforeEach, describe, expect, it } from 'vitest';
import { ERESTART_RESTARTBLOCK, ERESTARTNOHAND, ERESTARTSYS } from '../../../../../../core/kernel/abi/errno.ts';
import {
  SA_RESTART,
  SA_RESTORER,
  SI_QUEUE,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGRTMIN,
  SIGSTOP,
  SIGTERM,
  SIGTSTP,
  SIGUSR1,
  SIGUSR2,
  SIGWINCH,
} from '../../../../../../core/kernel/abi/signal.ts';
import { uksignal } from '../../../../../../core/kernel/lib/uksignal/lib.ts';
import { fromKernel, sendToGroup, sendToProcess, sendToTask } from '../../../../../../core/kernel/lib/uksignal/send.ts';
import { takePending } from '../../../../../../core/kernel/lib/uksignal/take.ts';
import { defineLib } from '../../../../../../core/kernel/lib.ts';
import { arg, result } from '../../../../../../core/kernel/syscall/args.ts';
import { defineSyscall } from '../../../../../../core/kernel/syscall/define.ts';
import { Blocked } from '../../../../../../core/kernel/wait.ts';
import * as st from '../../../../../../core/vcpu/state.ts';
import { CODE, DATA, ScriptedMachine } from '../../../../../support/scripted-machine.ts';

const HANDLER = 0x1000_1000;
const READ = 0;
const RT_SIGPROCMASK = 14;
const PAUSE = 34;
const KILL = 62;
const RT_SIGPENDING = 127;
const RT_SIGTIMEDWAIT = 128;
const RT_SIGSUSPEND = 130;
const EINTR = -4;
const EAGAIN = -11;

/** Stands for any call that waits: its first argument is the result that a signal gives it. */
const waitingCall = defineSyscall({
  nr: READ,
  name: 'read',
  support: 'full',
  args: [arg.int('restart')],
  result: result.int,
  run: (_task, restart) => new Blocked([], () => -restart),
});
const waiting = defineLib({
  name: 'waiting',
  option: 'WAITING',
  summary: '',
  needs: [],
  syscalls: [waitingCall],
});

let machine: ScriptedMachine;

function install(signal: number, flags = 0, handler = HANDLER): void {
  const action = machine.process.signals.actions[signal]!;
  action.handler = handler;
  action.flags = (flags | SA_RESTORER) >>> 0;
  action.restorer = HANDLER;
}
const send = (signal: number): number => sendToProcess(machine.process, signal, fromKernel);
const bit = (signal: number): number => 2 ** (signal - 1);

/** Blocks the signals by rt_sigprocmask. */
function block(...signals: number[]): void {
  machine.task.memory.setLong(
    DATA,
    signals.reduce((set, signal) => set + bit(signal), 0),
  );
  expect(machine.call(RT_SIGPROCMASK, 0, DATA, 0, 8)).toBe(0);
}

beforeEach(() => {
  machine = new ScriptedMachine([uksignal, waiting]);
});

describe('pending signals', () => {
  it('are merged when standard, queued when real-time, and taken lowest first', () => {
    const { task } = machine;
    block(SIGUSR1, SIGUSR2, SIGRTMIN);
    for (const value of [1n, 2n]) {
      for (const signal of [SIGRTMIN, SIGUSR2, SIGUSR1]) sendToTask(task, signal, { code: SI_QUEUE, value });
    }
    expect(machine.call(RT_SIGPENDING, DATA, 8)).toBe(0);
    expect(task.memory.getLong(DATA)).toBe(bit(SIGRTMIN) + bit(SIGUSR1) + bit(SIGUSR2));
    const taken: unknown[] = [];
    for (let next = takePending(task, -1, -1); next; next = takePending(task, -1, -1)) {
      taken.push([next.signal, next.info.value]);
    }
    expect(taken).toEqual([
      [SIGUSR1, 1n],
      [SIGUSR2, 1n],
      [SIGRTMIN, 1n],
      [SIGRTMIN, 2n],
    ]);
  });

  it('are dropped when ignored, unless blocked', () => {
    send(SIGWINCH);
    install(SIGUSR1, 0, SIG_IGN);
    send(SIGUSR1);
    block(SIGUSR1);
    send(SIGUSR1);
    expect(machine.process.signals.pending.size).toBe(1);
  });

  it('are dropped when their action becomes SIG_IGN', () => {
    block(SIGUSR1);
    send(SIGUSR1);
    machine.task.memory.fill(DATA, 32, 0);
    machine.task.memory.setLong(DATA, SIG_IGN);
    machine.call(13, SIGUSR1, DATA, 0, 8);
    expect(machine.process.signals.pending.size).toBe(0);
  });

  it('have a limit for those that carry values', () => {
    machine.process.limits.set(11, 2, 2);
    block(SIGRTMIN);
    const sent = [1n, 2n, 3n].map((value) => sendToProcess(machine.process, SIGRTMIN, { code: SI_QUEUE, value }));
    expect(sent).toEqual([0, 0, EAGAIN]);
  });
});

describe('default actions', () => {
  it('kill, and SIGKILL can not be blocked', () => {
    machine.task.signals.setMask(-1, -1);
    send(SIGTERM);
    machine.run();
    expect(machine.process.exit).toBe(undefined);
    send(SIGKILL);
    machine.run();
    expect(machine.process.exit).toEqual({ signal: SIGKILL, coreDumped: false });
  });

  it('stop every task, and SIGCONT lets them go on', () => {
    const other = machine.addTask();
    send(SIGSTOP);
    machine.pushCall(RT_SIGPENDING, [DATA, 8], other);
    machine.run();
    expect([machine.task.state, other.state]).toEqual(['stopped', 'stopped']);
    send(SIGCONT);
    machine.run();
    expect([machine.task.state, other.state, machine.rax(other)]).toEqual(['runnable', 'runnable', 0]);
  });

  it('kill a stopped process', () => {
    send(SIGSTOP);
    machine.run();
    send(SIGKILL);
    machine.run();
    expect(machine.process.exit).toEqual({ signal: SIGKILL, coreDumped: false });
  });

  it('do not stop an orphaned group from the terminal', () => {
    send(SIGTSTP);
    machine.run();
    expect(machine.task.state).toBe('runnable');
  });

  it('cancel each other when they are SIGSTOP and SIGCONT', () => {
    block(SIGTSTP, SIGCONT);
    send(SIGTSTP);
    send(SIGCONT);
    expect(machine.process.signals.pending.set.has(SIGTSTP)).toBe(false);
  });
});

describe('an interrupted system call', () => {
  const again = CODE;
  const behind = CODE + 2;

  it.each([
    ['ERESTARTSYS', ERESTARTSYS, 0, [EINTR, behind]],
    ['ERESTARTSYS with SA_RESTART', ERESTARTSYS, SA_RESTART, [READ, again]],
    ['ERESTARTNOHAND with SA_RESTART', ERESTARTNOHAND, SA_RESTART, [EINTR, behind]],
    ['ERESTART_RESTARTBLOCK', ERESTART_RESTARTBLOCK, SA_RESTART, [EINTR, behind]],
    ['EINTR with SA_RESTART', -EINTR, SA_RESTART, [EINTR, behind]],
  ])('ends as %s demands when a handler runs', (_name, code, flags, expected) => {
    install(SIGUSR1, flags);
    machine.pushCall(READ, [code]);
    machine.run();
    expect(machine.task.state).toBe('blocked');
    send(SIGUSR1);
    machine.push(() => 4);
    machine.run();
    const frame = machine.register(st.RSP);
    const { memory } = machine.task;
    expect([memory.getLong(frame + 48 + 104), memory.getLong(frame + 48 + 128)]).toEqual(expected);
  });

  it.each([ERESTARTSYS, ERESTARTNOHAND, ERESTART_RESTARTBLOCK])('with -%i runs again without a handler', (code) => {
    machine.pushCall(READ, [code]);
    machine.run();
    // SIGCONT is blocked by nobody and does nothing, but interrupts.
    machine.process.signals.actions[SIGCONT]!.handler = SIG_IGN;
    machine.task.kernel.scheduler.interrupt(machine.task);
    machine.push(() => 4);
    machine.run();
    expect([machine.rax(), machine.rip()]).toEqual([READ, again]);
  });

  it('is pause: EINTR after any handler', () => {
    install(SIGUSR1, SA_RESTART);
    machine.pushCall(PAUSE);
    machine.run();
    send(SIGUSR1);
    machine.push(() => 4);
    machine.run();
    expect(machine.task.memory.getLong(machine.register(st.RSP) + 48 + 104)).toBe(EINTR);
  });
});

describe('sigsuspend', () => {
  it('runs the handler under its mask and goes back to the old one', () => {
    install(SIGUSR1);
    block(SIGUSR1);
    send(SIGUSR1);
    machine.task.memory.setLong(DATA, bit(SIGUSR2));
    machine.pushCall(RT_SIGSUSPEND, [DATA, 8]);
    machine.run();
    const { mask } = machine.task.signals;
    const frame = machine.register(st.RSP);
    expect([
      mask.has(SIGUSR2),
      machine.task.memory.getLong(frame + 8 + 296),
      machine.task.memory.getLong(frame + 48 + 104),
    ]).toEqual([true, bit(SIGUSR1), EINTR]);
  });
});

describe('sigtimedwait', () => {
  function wait(timeoutNs: number, ...signals: number[]): void {
    const { memory } = machine.task;
    memory.setLong(
      DATA,
      signals.reduce((set, signal) => set + bit(signal), 0),
    );
    memory.setLong(DATA + 8, Math.floor(timeoutNs / 1e9));
    memory.setLong(DATA + 16, timeoutNs % 1e9);
    machine.pushCall(RT_SIGTIMEDWAIT, [DATA, DATA + 128, DATA + 8, 8]);
    machine.run();
  }

  it('takes what is pending, with its siginfo', () => {
    block(SIGUSR1, SIGRTMIN);
    sendToTask(machine.task, SIGRTMIN, { code: SI_QUEUE, pid: 7, uid: 8, value: 9n });
    wait(0, SIGUSR1, SIGRTMIN);
    const info = [0, 8, 16, 20, 24].map((at) => machine.task.memory.getI32(DATA + 128 + at));
    expect([machine.rax(), info]).toEqual([SIGRTMIN, [SIGRTMIN, SI_QUEUE, 7, 8, 9]]);
  });

  it('gives up after its time, or at once when it is 0', () => {
    block(SIGUSR1);
    wait(0, SIGUSR1);
    expect(machine.rax()).toBe(EAGAIN);
    const before = machine.nowNs;
    wait(2.5e9, SIGUSR1);
    expect([machine.rax(), machine.nowNs - before]).toEqual([EAGAIN, 2.5e9]);
  });

  it('is woken by a blocked signal and interrupted by another', () => {
    machine.jumpsToDeadline = false;
    block(SIGUSR1);
    wait(1e9, SIGUSR1);
    send(SIGUSR1);
    machine.run();
    expect(machine.rax()).toBe(SIGUSR1);
    install(SIGUSR2);
    wait(1e9, SIGUSR1);
    send(SIGUSR2);
    machine.push(() => 4);
    machine.run();
    expect(machine.task.memory.getLong(machine.register(st.RSP) + 48 + 104)).toBe(EINTR);
  });
});

describe('kill', () => {
  it('reaches processes, groups and all, and obeys permissions', () => {
    const child = machine.addProcess(machine.process);
    const stranger = machine.addProcess();
    for (const process of [child, stranger]) process.signals.actions[SIGUSR1]!.handler = HANDLER;
    install(SIGUSR1);
    machine.task.signals.setMask(-1, -1);
    for (const process of [child, stranger]) process.tasks[0]!.signals.setMask(-1, -1);
    const pending = (): number[] =>
      [machine.process, child, stranger].map((process) => {
        const { size } = process.signals.pending;
        process.signals.pending.clear();
        return size;
      });
    expect([machine.call(KILL, child.pid, SIGUSR1), pending()]).toEqual([0, [0, 1, 0]]);
    expect([machine.call(KILL, 0, SIGUSR1), pending()]).toEqual([0, [1, 1, 0]]);
    expect([machine.call(KILL, -1, SIGUSR1), pending()]).toEqual([0, [0, 1, 1]]);
    expect([machine.call(KILL, 4711, 0), machine.call(KILL, child.pid, 65)]).toEqual([-3, -22]);
    machine.process.credentials.setAll(1000, 1000);
    expect([machine.call(KILL, stranger.pid, 0), machine.call(KILL, child.pid, SIGCONT)]).toEqual([-1, 0]);
  });

  it('sends to every member of a group', () => {
    machine.addProcess(machine.process);
    machine.addProcess();
    install(SIGCHLD);
    expect(sendToGroup(machine.kernel, machine.process.processGroup, SIGCHLD, fromKernel)).toBe(2);
  });

  it('goes to a task that does not block the signal', () => {
    const other = machine.addTask();
    install(SIGUSR1);
    block(SIGUSR1);
    machine.pushCall(PAUSE, [], other);
    machine.run();
    send(SIGUSR1);
    machine.push(() => 4, other);
    machine.run();
    expect([machine.rip(other), machine.rip()]).toEqual([HANDLER, CODE + 2]);
  });
});

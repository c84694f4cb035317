import { beforeEach, describe, expect, it } from 'vitest';
import {
  SA_RESTORER,
  SI_TIMER,
  SIG_IGN,
  SIGALRM,
  SIGCONT,
  SIGRTMIN,
  SIGSTOP,
  SIGUSR1,
} from '../../../../../../core/kernel/abi/signal.ts';
import * as clk from '../../../../../../core/kernel/abi/time.ts';
import { posixTime } from '../../../../../../core/kernel/lib/posix-time/lib.ts';
import { uksignal } from '../../../../../../core/kernel/lib/uksignal/lib.ts';
import { fromKernel, sendToProcess } from '../../../../../../core/kernel/lib/uksignal/send.ts';
import { takePending } from '../../../../../../core/kernel/lib/uksignal/take.ts';
import * as st from '../../../../../../core/vcpu/state.ts';
import { DATA, ScriptedMachine } from '../../../../../support/scripted-machine.ts';

const NANOSLEEP = 35;
const GETITIMER = 36;
const ALARM = 37;
const SETITIMER = 38;
const GETTIMEOFDAY = 96;
const TIME = 201;
const TIMER_CREATE = 222;
const TIMER_SETTIME = 223;
const TIMER_GETTIME = 224;
const TIMER_GETOVERRUN = 225;
const TIMER_DELETE = 226;
const CLOCK_SETTIME = 227;
const CLOCK_GETTIME = 228;
const CLOCK_NANOSLEEP = 230;
const EINTR = -4;
const EINVAL = -22;
const BUFFER = DATA + 0x1000;

let machine: ScriptedMachine;

beforeEach(() => {
  machine = new ScriptedMachine([uksignal, posixTime]);
});

/** Two 64-bit words at an address. */
const pair = (gva: number): number[] => [machine.task.memory.getLong(gva), machine.task.memory.getLong(gva + 8)];

function writePairs(...words: number[]): number {
  words.forEach((word, i) => {
    machine.task.memory.setLong(DATA + i * 8, word);
  });
  return DATA;
}

/** Keeps the signal pending, for `takePending`. */
function block(signal: number): void {
  machine.task.signals.mask.add(signal);
}

describe('clocks', () => {
  const read = (clock: number): number[] => {
    expect(machine.call(CLOCK_GETTIME, clock, BUFFER)).toBe(0);
    return pair(BUFFER);
  };

  it('show realtime and monotonic time', () => {
    machine.nowNs = 5_900_000_000;
    expect([
      read(clk.CLOCK_MONOTONIC),
      read(clk.CLOCK_BOOTTIME),
      read(clk.CLOCK_REALTIME),
      read(clk.CLOCK_TAI),
      machine.call(TIME, 0),
    ]).toEqual([
      [5, 900_000_000],
      [5, 900_000_000],
      [1_700_000_006, 23_456_789],
      [1_700_000_006, 23_456_789],
      1_700_000_006,
    ]);
    machine.call(GETTIMEOFDAY, BUFFER, BUFFER + 16);
    expect([pair(BUFFER), machine.task.memory.getLong(BUFFER + 16)]).toEqual([[1_700_000_006, 23_456], 0]);
  });

  it('measure the CPU time of threads and processes', () => {
    const other = machine.addTask();
    machine.push(() => {
      machine.nowNs += 3_000_000;
      return 4;
    });
    machine.push(() => {
      machine.nowNs += 4_000_000;
      return 4;
    }, other);
    machine.run();
    const threadClock = (tid: number): number => (~tid << 3) | 6;
    const processClock = (pid: number): number => (~pid << 3) | 2;
    expect([
      read(clk.CLOCK_THREAD_CPUTIME_ID)[1],
      read(threadClock(other.tid))[1],
      read(clk.CLOCK_PROCESS_CPUTIME_ID)[1],
      read(processClock(machine.process.pid))[1],
    ]).toEqual([3_000_000, 4_000_000, 7_000_000, 7_000_000]);
    expect([machine.call(CLOCK_GETTIME, 10, BUFFER), machine.call(CLOCK_GETTIME, threadClock(99), BUFFER)]).toEqual([
      EINVAL,
      EINVAL,
    ]);
  });

  it('can be set by root, and file times follow', () => {
    expect(machine.call(CLOCK_SETTIME, clk.CLOCK_REALTIME, writePairs(1_000_000_000, 5))).toBe(0);
    expect([read(clk.CLOCK_REALTIME), machine.kernel.realtimeNs()]).toEqual([
      [1_000_000_000, 5],
      1_000_000_000_000_000_005n,
    ]);
    machine.process.credentials.setAll(1000, 1000);
    expect(machine.call(CLOCK_SETTIME, clk.CLOCK_REALTIME, writePairs(1, 0))).toBe(-1);
  });
});

describe('sleeping', () => {
  it('lasts as long as asked', () => {
    const before = machine.nowNs;
    expect(machine.call(NANOSLEEP, writePairs(1, 500_000_000), 0)).toBe(0);
    expect(machine.nowNs - before).toBe(1_500_000_000);
    const until = writePairs(1_700_000_100, 123_456_789);
    expect(machine.call(CLOCK_NANOSLEEP, clk.CLOCK_REALTIME, clk.TIMER_ABSTIME, until, 0)).toBe(0);
    expect(machine.nowNs).toBe(100e9);
  });

  it.each([
    [-1, 0],
    [0, 1e9],
    [0, -1],
  ])('refuses %i s %i ns', (seconds, nanos) => {
    expect(machine.call(NANOSLEEP, writePairs(seconds, nanos), 0)).toBe(EINVAL);
  });

  it('tells what is left when a handler interrupts', () => {
    machine.jumpsToDeadline = false;
    const action = machine.process.signals.actions[SIGUSR1]!;
    Object.assign(action, { handler: 0x1000, restorer: 0x1000, flags: SA_RESTORER });
    machine.call(NANOSLEEP, writePairs(10, 0), BUFFER);
    machine.nowNs += 4e9;
    sendToProcess(machine.process, SIGUSR1, fromKernel);
    machine.push(() => 4);
    machine.run();
    expect([pair(BUFFER), machine.task.memory.getLong(machine.register(st.RSP) + 48 + 104)]).toEqual([[6, 0], EINTR]);
  });

  it('goes on to its old deadline after a stop', () => {
    machine.jumpsToDeadline = false;
    machine.call(NANOSLEEP, writePairs(10, 0), 0);
    const start = machine.nowNs;
    sendToProcess(machine.process, SIGSTOP, fromKernel);
    machine.advance(4e9);
    expect(machine.task.state).toBe('stopped');
    sendToProcess(machine.process, SIGCONT, fromKernel);
    machine.jumpsToDeadline = true;
    // The guest executes the `syscall` instruction again.
    machine.pushCall(NANOSLEEP, [DATA, 0]);
    machine.run();
    expect([machine.rax(), machine.nowNs - start]).toEqual([0, 10e9]);
  });
});

describe('interval timers', () => {
  it('send SIGALRM at each period and show the time left', () => {
    machine.jumpsToDeadline = false;
    block(SIGALRM);
    expect(machine.call(SETITIMER, clk.ITIMER_REAL, writePairs(2, 0, 5, 0), 0)).toBe(0);
    machine.advance(1e9);
    machine.call(GETITIMER, clk.ITIMER_REAL, BUFFER);
    expect([pair(BUFFER), pair(BUFFER + 16)]).toEqual([
      [2, 0],
      [4, 0],
    ]);
    const taken: boolean[] = [];
    for (let second = 2; second <= 9; second++) {
      machine.advance(1e9);
      taken.push(takePending(machine.task, -1, -1) !== undefined);
    }
    expect(taken).toEqual([false, false, false, true, false, true, false, true]);
  });

  it('are what alarm sets; it rounds what was left', () => {
    machine.jumpsToDeadline = false;
    expect(machine.call(ALARM, 10)).toBe(0);
    machine.advance(3.4e9);
    expect([machine.call(ALARM, 5), machine.call(ALARM, 0), machine.call(ALARM, 0)]).toEqual([7, 5, 0]);
  });

  it('count CPU time for ITIMER_PROF', () => {
    machine.jumpsToDeadline = false;
    block(27);
    machine.call(SETITIMER, clk.ITIMER_PROF, writePairs(0, 0, 0, 10_000), 0);
    machine.advance(20e6);
    expect(takePending(machine.task, -1, -1)).toBe(undefined);
    for (let i = 0; i < 4; i++) {
      machine.push(() => {
        machine.nowNs += 5e6;
        return 4;
      });
    }
    machine.run();
    machine.advance(1e6);
    expect(takePending(machine.task, -1, -1)?.signal).toBe(27);
  });
});

describe('POSIX timers', () => {
  /** Creates a timer that sends SIGRTMIN with value 42; returns its id. */
  function create(clock: number, notify = clk.SIGEV_SIGNAL, tid = 0): number {
    const { memory } = machine.task;
    memory.setLong(DATA, 42);
    memory.setU32(DATA + 8, SIGRTMIN);
    memory.setU32(DATA + 12, notify);
    memory.setU32(DATA + 16, tid);
    expect(machine.call(TIMER_CREATE, clock, DATA, BUFFER)).toBe(0);
    return memory.getI32(BUFFER);
  }
  const arm = (id: number, intervalNs: number, valueNs: number): number =>
    machine.call(TIMER_SETTIME, id, 0, writePairs(0, intervalNs, 0, valueNs), 0);

  beforeEach(() => {
    machine.jumpsToDeadline = false;
    block(SIGRTMIN);
  });

  it('queue one signal and count overruns until it is taken', () => {
    const id = create(clk.CLOCK_MONOTONIC);
    arm(id, 100e6, 50e6);
    machine.advance(50e6);
    machine.advance(330e6);
    expect(machine.process.signals.pending.size).toBe(1);
    const { info } = takePending(machine.task, -1, -1)!;
    expect([info.code, info.timerId, info.value, info.overrun]).toEqual([SI_TIMER, id, 42n, 3]);
    expect(machine.call(TIMER_GETOVERRUN, id)).toBe(3);
    machine.call(TIMER_GETTIME, id, BUFFER);
    expect([pair(BUFFER), pair(BUFFER + 16)]).toEqual([
      [0, 100e6],
      [0, 70e6],
    ]);
    machine.advance(70e6);
    expect(takePending(machine.task, -1, -1)!.info.overrun).toBe(0);
  });

  it('go on while their signal is ignored', () => {
    machine.task.signals.mask.delete(SIGRTMIN);
    machine.process.signals.actions[SIGRTMIN]!.handler = SIG_IGN;
    const id = create(clk.CLOCK_REALTIME);
    arm(id, 100e6, 100e6);
    machine.advance(250e6);
    block(SIGRTMIN);
    machine.advance(50e6);
    expect(takePending(machine.task, -1, -1)?.signal).toBe(SIGRTMIN);
  });

  it("send a signal for SIGEV_THREAD too: the threads are the library's", () => {
    arm(create(clk.CLOCK_MONOTONIC, clk.SIGEV_THREAD), 0, 1e6);
    machine.advance(1e6);
    expect(takePending(machine.task, -1, -1)?.signal).toBe(SIGRTMIN);
  });

  it('can aim at a thread, or stay silent', () => {
    const other = machine.addTask();
    other.signals.mask.add(SIGRTMIN);
    arm(create(clk.CLOCK_MONOTONIC, clk.SIGEV_THREAD_ID, other.tid), 0, 1e6);
    const silent = create(clk.CLOCK_MONOTONIC, clk.SIGEV_NONE);
    arm(silent, 0, 1e6);
    machine.advance(1e6);
    expect([other.signals.pending.size, machine.process.signals.pending.size]).toEqual([1, 0]);
    machine.call(TIMER_GETTIME, silent, BUFFER);
    expect(pair(BUFFER + 16)).toEqual([0, 0]);
  });

  it('are gone with their signal when deleted', () => {
    const id = create(clk.CLOCK_MONOTONIC);
    arm(id, 0, 1e6);
    machine.advance(1e6);
    expect(machine.call(TIMER_DELETE, id)).toBe(0);
    expect([machine.process.signals.pending.size, machine.call(TIMER_DELETE, id)]).toEqual([0, EINVAL]);
  });
});

/** Interval timers of a process: getitimer(2), setitimer(2), alarm(2). */
import { EINVAL } from '../../abi/errno.ts';
import { SI_KERNEL, SIGALRM, SIGPROF, SIGVTALRM } from '../../abi/signal.ts';
import { ITIMER_PROF, ITIMER_REAL, ITIMER_VIRTUAL } from '../../abi/time.ts';
import { service } from '../../kernel.ts';
import type { Process } from '../../process.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { NS_PER_SECOND, readTimevalNs, writeTimevalNs } from '../../timespec.ts';
import { sendToProcess } from '../uksignal/send.ts';
import { processCpuNs, processUserNs } from './clocks.ts';
import { IntervalTimer } from './interval-timer.ts';

const signals: readonly number[] = [SIGALRM, SIGVTALRM, SIGPROF];

const whichArg = arg.oneOf('which', [
  ['ITIMER_REAL', ITIMER_REAL],
  ['ITIMER_VIRTUAL', ITIMER_VIRTUAL],
  ['ITIMER_PROF', ITIMER_PROF],
]);

/** By process: ITIMER_REAL, _VIRTUAL, _PROF, each made on first use. They outlive execve; a fork child has none. */
const table = service('itimers', () => new WeakMap<Process, (IntervalTimer | undefined)[]>());

function createTimer(process: Process, which: number): IntervalTimer {
  const { kernel } = process;
  const sources = [() => kernel.clock.monotonicNs(), () => processUserNs(process), () => processCpuNs(process)];
  const timer: IntervalTimer = new IntervalTimer(kernel, sources[which]!, () => {
    if (process.exit !== undefined) return;
    sendToProcess(process, signals[which]!, { code: SI_KERNEL });
    timer.forward();
  });
  return timer;
}

function timerOf(process: Process, which: number): IntervalTimer {
  const byProcess = table(process.kernel);
  let own = byProcess.get(process);
  if (own === undefined) {
    own = [];
    byProcess.set(process, own);
  }
  own[which] ??= createTimer(process, which);
  return own[which];
}

/** Stops the interval timers of a process that ends. */
export function stopItimers(process: Process): void {
  for (const timer of table(process.kernel).get(process) ?? []) timer?.stop();
}

function arm(timer: IntervalTimer, valueNs: number, intervalNs: number): void {
  timer.set(valueNs === 0 ? undefined : timer.now() + valueNs, intervalNs);
}

/** Writes struct itimerval: interval, then time left. */
function writeState(task: Task, gva: number, leftNs: number, intervalNs: number): void {
  writeTimevalNs(task.memory, gva, intervalNs);
  writeTimevalNs(task.memory, gva + 16, leftNs === 0 ? 0 : Math.max(leftNs, 1000));
}

const isItimer = (which: number): boolean => which >= ITIMER_REAL && which <= ITIMER_PROF;

export const getitimer = defineSyscall({
  nr: 36,
  name: 'getitimer',
  support: 'full',
  args: [whichArg, arg.pointer('curr_value')],
  result: result.ok,
  run(task, which, value) {
    if (!isItimer(which)) return -EINVAL;
    const timer = timerOf(task.process, which);
    writeState(task, value, timer.leftNs(), timer.intervalNs);
    return 0;
  },
});

export const setitimer = defineSyscall({
  nr: 38,
  name: 'setitimer',
  support: 'full',
  args: [whichArg, arg.pointer('new_value'), arg.pointer('old_value')],
  result: result.ok,
  run(task, which, newValue, oldValue) {
    const { memory } = task;
    // Linux takes NULL for "disarm".
    const intervalNs = newValue === 0 ? 0 : readTimevalNs(memory, newValue);
    const valueNs = newValue === 0 ? 0 : readTimevalNs(memory, newValue + 16);
    if (Number.isNaN(intervalNs + valueNs) || !isItimer(which)) return -EINVAL;
    const timer = timerOf(task.process, which);
    const leftNs = timer.leftNs();
    const oldIntervalNs = timer.intervalNs;
    arm(timer, valueNs, intervalNs);
    if (oldValue !== 0) writeState(task, oldValue, leftNs, oldIntervalNs);
    return 0;
  },
});

export const alarm = defineSyscall({
  nr: 37,
  name: 'alarm',
  support: 'full',
  args: [arg.uint('seconds')],
  result: result.int,
  run(task, seconds) {
    const timer = timerOf(task.process, ITIMER_REAL);
    const leftNs = timer.leftNs();
    arm(timer, seconds * NS_PER_SECOND, 0);
    // Rounded to the nearest second, but never to 0 while it is armed.
    return leftNs === 0 ? 0 : Math.max(1, Math.round(leftNs / NS_PER_SECOND));
  },
});

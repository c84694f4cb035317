/**
 * Linux x86-64 signal numbers, default actions, si_code values and flag bits, as in signal(7), sigaction(2) and
 * sigaltstack(2). Numbers only.
 */

/** What an unhandled signal does to the process. */
export type DefaultAction = 'terminate' | 'core' | 'ignore' | 'stop' | 'continue';

/** Number, name, default action and the text of strsignal(3); the first row is number 1. */
const table: readonly (readonly [name: string, action: DefaultAction, text: string])[] = [
  ['SIGHUP', 'terminate', 'Hangup'],
  ['SIGINT', 'terminate', 'Interrupt'],
  ['SIGQUIT', 'core', 'Quit'],
  ['SIGILL', 'core', 'Illegal instruction'],
  ['SIGTRAP', 'core', 'Trace/breakpoint trap'],
  ['SIGABRT', 'core', 'Aborted'],
  ['SIGBUS', 'core', 'Bus error'],
  ['SIGFPE', 'core', 'Floating point exception'],
  ['SIGKILL', 'terminate', 'Killed'],
  ['SIGUSR1', 'terminate', 'User defined signal 1'],
  ['SIGSEGV', 'core', 'Segmentation fault'],
  ['SIGUSR2', 'terminate', 'User defined signal 2'],
  ['SIGPIPE', 'terminate', 'Broken pipe'],
  ['SIGALRM', 'terminate', 'Alarm clock'],
  ['SIGTERM', 'terminate', 'Terminated'],
  ['SIGSTKFLT', 'terminate', 'Stack fault'],
  ['SIGCHLD', 'ignore', 'Child exited'],
  ['SIGCONT', 'continue', 'Continued'],
  ['SIGSTOP', 'stop', 'Stopped (signal)'],
  ['SIGTSTP', 'stop', 'Stopped'],
  ['SIGTTIN', 'stop', 'Stopped (tty input)'],
  ['SIGTTOU', 'stop', 'Stopped (tty output)'],
  ['SIGURG', 'ignore', 'Urgent I/O condition'],
  ['SIGXCPU', 'core', 'CPU time limit exceeded'],
  ['SIGXFSZ', 'core', 'File size limit exceeded'],
  ['SIGVTALRM', 'terminate', 'Virtual timer expired'],
  ['SIGPROF', 'terminate', 'Profiling timer expired'],
  ['SIGWINCH', 'ignore', 'Window changed'],
  ['SIGIO', 'terminate', 'I/O possible'],
  ['SIGPWR', 'terminate', 'Power failure'],
  ['SIGSYS', 'core', 'Bad system call'],
];

export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGILL = 4;
export const SIGTRAP = 5;
export const SIGABRT = 6;
export const SIGBUS = 7;
export const SIGFPE = 8;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGSEGV = 11;
export const SIGUSR2 = 12;
export const SIGPIPE = 13;
export const SIGALRM = 14;
export const SIGTERM = 15;
export const SIGSTKFLT = 16;
export const SIGCHLD = 17;
export const SIGCONT = 18;
export const SIGSTOP = 19;
export const SIGTSTP = 20;
export const SIGTTIN = 21;
export const SIGTTOU = 22;
export const SIGURG = 23;
export const SIGXCPU = 24;
export const SIGXFSZ = 25;
export const SIGVTALRM = 26;
export const SIGPROF = 27;
export const SIGWINCH = 28;
export const SIGIO = 29;
export const SIGPWR = 30;
export const SIGSYS = 31;
/** First real-time signal of the kernel (C libraries keep the first two or three for themselves). */
export const SIGRTMIN = 32;
export const SIGRTMAX = 64;

/** What the signal does when its action is SIG_DFL. */
export function defaultAction(signal: number): DefaultAction {
  return table[signal - 1]?.[1] ?? 'terminate';
}

/** `SIGSEGV`; `SIGRTMIN+2` for 34. */
export function signalName(signal: number): string {
  const row = table[signal - 1];
  if (row !== undefined) return row[0];
  return signal === SIGRTMIN ? 'SIGRTMIN' : `SIGRTMIN+${signal - SIGRTMIN}`;
}

/** `Segmentation fault`, as a shell prints it. */
export function signalText(signal: number): string {
  return table[signal - 1]?.[2] ?? `Real-time signal ${signal - SIGRTMIN}`;
}

/** Names and numbers for trace output. */
export const signalNames: readonly (readonly [string, number])[] = table.map(([name], i) => [name, i + 1] as const);

export const SIG_DFL = 0;
export const SIG_IGN = 1;

/** sa_flags. */
export const SA_NOCLDSTOP = 1;
export const SA_NOCLDWAIT = 2;
export const SA_SIGINFO = 4;
export const SA_UNSUPPORTED = 0x400;
export const SA_EXPOSE_TAGBITS = 0x800;
export const SA_RESTORER = 0x0400_0000;
export const SA_ONSTACK = 0x0800_0000;
export const SA_RESTART = 0x1000_0000;
export const SA_NODEFER = 0x4000_0000;
export const SA_RESETHAND = 0x8000_0000;

/** `how` of sigprocmask. */
export const SIG_BLOCK = 0;
export const SIG_UNBLOCK = 1;
export const SIG_SETMASK = 2;

/** ss_flags. */
export const SS_ONSTACK = 1;
export const SS_DISABLE = 2;
export const SS_AUTODISARM = 0x8000_0000;
/** Least size that sigaltstack accepts. */
export const MINSIGSTKSZ = 2048;

/** si_code of signals from anywhere. */
export const SI_USER = 0;
export const SI_KERNEL = 0x80;
export const SI_QUEUE = -1;
export const SI_TIMER = -2;
export const SI_MESGQ = -3;
export const SI_ASYNCIO = -4;
export const SI_SIGIO = -5;
export const SI_TKILL = -6;

/** si_code by signal. */
export const ILL_ILLOPN = 2;
export const FPE_INTDIV = 1;
export const FPE_INTOVF = 2;
export const FPE_FLTDIV = 3;
export const FPE_FLTOVF = 4;
export const FPE_FLTUND = 5;
export const FPE_FLTRES = 6;
export const FPE_FLTINV = 7;
export const SEGV_MAPERR = 1;
export const SEGV_ACCERR = 2;
export const BUS_ADRALN = 1;
export const BUS_ADRERR = 2;
export const TRAP_BRKPT = 1;
export const TRAP_TRACE = 2;
export const CLD_EXITED = 1;
export const CLD_KILLED = 2;
export const CLD_DUMPED = 3;
export const CLD_TRAPPED = 4;
export const CLD_STOPPED = 5;
export const CLD_CONTINUED = 6;
export const POLL_IN = 1;
export const POLL_OUT = 2;
export const POLL_MSG = 3;
export const POLL_ERR = 4;
export const POLL_PRI = 5;
export const POLL_HUP = 6;
export const SYS_SECCOMP = 1;

const codesBySignal: Readonly<Record<number, readonly string[]>> = {
  [SIGILL]: [
    'ILL_ILLOPC',
    'ILL_ILLOPN',
    'ILL_ILLADR',
    'ILL_ILLTRP',
    'ILL_PRVOPC',
    'ILL_PRVREG',
    'ILL_COPROC',
    'ILL_BADSTK',
  ],
  [SIGFPE]: [
    'FPE_INTDIV',
    'FPE_INTOVF',
    'FPE_FLTDIV',
    'FPE_FLTOVF',
    'FPE_FLTUND',
    'FPE_FLTRES',
    'FPE_FLTINV',
    'FPE_FLTSUB',
  ],
  [SIGSEGV]: ['SEGV_MAPERR', 'SEGV_ACCERR'],
  [SIGBUS]: ['BUS_ADRALN', 'BUS_ADRERR', 'BUS_OBJERR'],
  [SIGTRAP]: ['TRAP_BRKPT', 'TRAP_TRACE'],
  [SIGCHLD]: ['CLD_EXITED', 'CLD_KILLED', 'CLD_DUMPED', 'CLD_TRAPPED', 'CLD_STOPPED', 'CLD_CONTINUED'],
  [SIGSYS]: ['SYS_SECCOMP'],
};
const commonCodes = new Map<number, string>([
  [SI_USER, 'SI_USER'],
  [SI_KERNEL, 'SI_KERNEL'],
  [SI_QUEUE, 'SI_QUEUE'],
  [SI_TIMER, 'SI_TIMER'],
  [SI_MESGQ, 'SI_MESGQ'],
  [SI_ASYNCIO, 'SI_ASYNCIO'],
  [SI_SIGIO, 'SI_SIGIO'],
  [SI_TKILL, 'SI_TKILL'],
]);

/** `SEGV_MAPERR`, `SI_USER`; the number when it has no name. */
export function signalCodeName(signal: number, code: number): string {
  return commonCodes.get(code) ?? codesBySignal[signal]?.[code - 1] ?? String(code);
}

/** ioctl requests of terminals, ioctl_tty(2), one table row each. */
import { EINVAL, EIO, ENOTTY, EPERM, ESRCH } from '../../abi/errno.ts';
import { FIONREAD } from '../../abi/fcntl.ts';
import * as t from '../../abi/termios.ts';
import type { Task } from '../../task.ts';
import { acquire, controllingTty, giveUpTty, isSessionLeader, mayChange, processesOfGroup } from './jobs.ts';
import { Termios } from './termios.ts';
import type { Tty } from './tty.ts';

/** `viaMaster`: asked of the master of a pty, which answers for its slave. */
type Handler = (tty: Tty, task: Task, argument: number, viaMaster: boolean) => number;

function getTermios(withSpeeds: boolean): Handler {
  return (tty, task, argument) => {
    tty.termios.write(task.memory, argument, withSpeeds);
    return 0;
  };
}

/** Output goes out at once, so that draining it (the W forms) has nothing to wait for. */
function setTermios(withSpeeds: boolean, flushesInput: boolean): Handler {
  return (tty, task, argument) => {
    const refusal = mayChange(tty, task);
    if (refusal !== 0) return refusal;
    const next = Termios.read(task.memory, argument, withSpeeds, tty.termios);
    if (flushesInput) tty.discipline.flushInput();
    const hadFlow = tty.termios.iflag & t.IXON;
    tty.configure(next);
    if (hadFlow !== (next.iflag & t.IXON)) tty.driver.report(hadFlow ? t.TIOCPKT_NOSTOP : t.TIOCPKT_DOSTOP);
    return 0;
  };
}

const getWindowSize: Handler = ({ windowSize }, { memory }, argument) => {
  const { rows, columns, xPixels, yPixels } = windowSize;
  memory.check(argument, 8, 'w');
  [rows, columns, xPixels, yPixels].forEach((value, i) => {
    memory.setU16(argument + 2 * i, value);
  });
  return 0;
};

const setWindowSize: Handler = (tty, { memory }, argument) => {
  const [rows, columns, xPixels, yPixels] = [0, 2, 4, 6].map((at) => memory.getU16(argument + at)) as [
    number,
    number,
    number,
    number,
  ];
  tty.resize({ rows, columns, xPixels, yPixels });
  return 0;
};

const getForeground: Handler = (tty, task, argument, viaMaster) => {
  if (!viaMaster && controllingTty(task.process) !== tty) return -ENOTTY;
  task.memory.setU32(argument, tty.foreground);
  return 0;
};

const setForeground: Handler = (tty, task, argument) => {
  const { process } = task;
  const refusal = mayChange(tty, task);
  if (refusal !== 0) return refusal;
  if (controllingTty(process) !== tty) return -ENOTTY;
  const group = task.memory.getI32(argument);
  if (group < 0) return -EINVAL;
  const [member] = processesOfGroup(task.kernel, group);
  if (member === undefined) return -ESRCH;
  if (member.session !== process.session) return -EPERM;
  tty.foreground = group;
  return 0;
};

const getSession: Handler = (tty, task, argument, viaMaster) => {
  if (tty.session === 0 || (!viaMaster && controllingTty(task.process) !== tty)) return -ENOTTY;
  task.memory.setU32(argument, tty.session);
  return 0;
};

const makeControlling: Handler = (tty, { process }, argument) => {
  if (isSessionLeader(process) && tty.session === process.session) return 0;
  if (!isSessionLeader(process) || controllingTty(process) !== undefined) return -EPERM;
  const isStolen = argument === 1 && process.credentials.isPrivileged;
  if (tty.session !== 0 && !isStolen) return -EPERM;
  acquire(tty, process);
  return 0;
};

const giveUp: Handler = (tty, { process }) => {
  if (controllingTty(process) !== tty) return -ENOTTY;
  giveUpTty(process);
  return 0;
};

const readable: Handler = ({ discipline }, { memory }, argument) => {
  memory.setU32(argument, discipline.isCanonical ? discipline.input.lineBytes : discipline.input.size);
  return 0;
};

const flush: Handler = (tty, task, which) => {
  const refusal = mayChange(tty, task);
  if (refusal !== 0) return refusal;
  if (which > t.TCIOFLUSH) return -EINVAL;
  if (which !== t.TCOFLUSH) {
    tty.discipline.flushInput();
    tty.driver.report(t.TIOCPKT_FLUSHREAD);
    tty.driver.inputTaken();
  }
  if (which !== t.TCIFLUSH) {
    tty.flushOutput();
    tty.driver.report(t.TIOCPKT_FLUSHWRITE);
  }
  return 0;
};

const flow: Handler = (tty, task, action) => {
  const refusal = mayChange(tty, task);
  if (refusal !== 0) return refusal;
  if (action === t.TCOOFF || action === t.TCOON) tty.setStopped(action === t.TCOOFF);
  else if (action === t.TCIOFF || action === t.TCION) {
    const char = tty.termios.char(action === t.TCIOFF ? t.VSTOP : t.VSTART);
    if (char >= 0) tty.send(Uint8Array.of(char));
  } else return -EINVAL;
  return 0;
};

/** A break has no meaning on these lines; waiting for output to drain is over at once. */
const sendBreak: Handler = (tty, task) => mayChange(tty, task);

function setExclusive(isExclusive: boolean): Handler {
  return (tty) => {
    tty.isExclusive = isExclusive;
    return 0;
  };
}

function put(value: (tty: Tty) => number): Handler {
  return (tty, { memory }, argument) => {
    memory.setU32(argument, value(tty));
    return 0;
  };
}

const setDiscipline: Handler = (_tty, { memory }, argument) => (memory.getU32(argument) === t.N_TTY ? 0 : -EINVAL);

const handlers = new Map<number, Handler>([
  [t.TCGETS, getTermios(false)],
  [t.TCSETS, setTermios(false, false)],
  [t.TCSETSW, setTermios(false, false)],
  [t.TCSETSF, setTermios(false, true)],
  [t.TCGETS2, getTermios(true)],
  [t.TCSETS2, setTermios(true, false)],
  [t.TCSETSW2, setTermios(true, false)],
  [t.TCSETSF2, setTermios(true, true)],
  [t.TIOCGWINSZ, getWindowSize],
  [t.TIOCSWINSZ, setWindowSize],
  [t.TIOCGPGRP, getForeground],
  [t.TIOCSPGRP, setForeground],
  [t.TIOCGSID, getSession],
  [t.TIOCSCTTY, makeControlling],
  [t.TIOCNOTTY, giveUp],
  [FIONREAD, readable],
  [t.TIOCOUTQ, put(() => 0)],
  [t.TCFLSH, flush],
  [t.TCXONC, flow],
  [t.TCSBRK, sendBreak],
  [t.TCSBRKP, sendBreak],
  [t.TIOCSBRK, sendBreak],
  [t.TIOCCBRK, sendBreak],
  // Faking input is refused, as Linux does with dev.tty.legacy_tiocsti=0.
  [t.TIOCSTI, () => -EIO],
  [t.TIOCEXCL, setExclusive(true)],
  [t.TIOCNXCL, setExclusive(false)],
  [t.TIOCGEXCL, put((tty) => (tty.isExclusive ? 1 : 0))],
  [t.TIOCGETD, put((tty) => tty.termios.line)],
  [t.TIOCSETD, setDiscipline],
  [t.TIOCGDEV, put((tty) => tty.rdev)],
]);

/** Serves a request of `tty`; -ENOTTY for one that terminals don't have. */
export function ttyIoctl(tty: Tty, task: Task, request: number, argument: number, viaMaster = false): number {
  return handlers.get(request >>> 0)?.(tty, task, argument, viaMaster) ?? -ENOTTY;
}

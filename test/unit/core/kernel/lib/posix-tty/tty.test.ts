import { describe, expect, it } from 'vitest';
import { EAGAIN, EIO, ENOTTY, ERESTARTSYS } from '../../../../../../core/kernel/abi/errno.ts';
import { FIONREAD, O_NOCTTY, O_RDWR } from '../../../../../../core/kernel/abi/fcntl.ts';
import { POLLHUP, POLLIN, POLLOUT } from '../../../../../../core/kernel/abi/poll.ts';
import { SIGHUP, SIGINT, SIGTTIN, SIGWINCH } from '../../../../../../core/kernel/abi/signal.ts';
import { makeDev, S_IFCHR, S_IFIFO, S_IFMT } from '../../../../../../core/kernel/abi/stat.ts';
import * as t from '../../../../../../core/kernel/abi/termios.ts';
import { devfs, mountDevices } from '../../../../../../core/kernel/lib/devfs/lib.ts';
import {
  consoleInput,
  consoleResized,
  openConsoleFiles,
  posixTty,
} from '../../../../../../core/kernel/lib/posix-tty/lib.ts';
import { openPath } from '../../../../../../core/kernel/vfs/open.ts';
import type { OpenFile } from '../../../../../../core/kernel/vfs/open-file.ts';
import { childRef } from '../../../../../../core/kernel/vfs/path.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';

const AT_FDCWD = -100;
const ERASE = '\x7f';

function boot(isTty: boolean): { guest: TestGuest; files: OpenFile[] } {
  const guest = new TestGuest({ libraries: [devfs, posixTty], isTty });
  const { root } = guest.kernel.mounts;
  mountDevices(guest.kernel, childRef(root, 'dev', root.inode.mkdir('dev', 0o755, 0, 0)));
  return { guest, files: openConsoleFiles(guest.kernel) };
}

function bootTty() {
  const { guest, files } = boot(true);
  const tty = files[0]!;
  return {
    guest,
    tty,
    type(text: string): void {
      guest.console.type(text);
      consoleInput(guest.kernel);
    },
    read(len = 100): string | number {
      return readText(tty, len);
    },
    /** Changes settings; each given word replaces the old one. */
    set(change: { iflag?: number; oflag?: number; lflag?: number; min?: number; time?: number }): void {
      tty.ioctl(guest.task, t.TCGETS, SCRATCH);
      const { memory } = guest.task;
      if (change.iflag !== undefined) memory.setU32(SCRATCH, change.iflag);
      if (change.oflag !== undefined) memory.setU32(SCRATCH + 4, change.oflag);
      if (change.lflag !== undefined) memory.setU32(SCRATCH + 12, change.lflag);
      if (change.min !== undefined) memory.setU8(SCRATCH + 17 + t.VMIN, change.min);
      if (change.time !== undefined) memory.setU8(SCRATCH + 17 + t.VTIME, change.time);
      expect(tty.ioctl(guest.task, t.TCSETS, SCRATCH)).toBe(0);
    },
  };
}

function readText(file: OpenFile, len = 100): string | number {
  const into = new Uint8Array(len);
  const count = file.read(into, -1);
  return count < 0 ? count : String.fromCharCode(...into.subarray(0, count));
}
const writeText = (file: OpenFile, text: string): number =>
  file.write(
    Uint8Array.from(text, (char) => char.charCodeAt(0)),
    -1,
  );

describe('console tty, canonical', () => {
  it('gives whole lines, echoes, and maps NL to CR NL on output', () => {
    const { guest, tty, type, read } = bootTty();
    type('ab');
    expect([read(), tty.poll()]).toEqual([-EAGAIN, POLLOUT]);
    type('c\rnext');
    expect([tty.poll(), guest.console.take(), read(2), read(), read()]).toEqual([
      POLLIN | POLLOUT,
      'abc\r\nnext',
      'ab',
      'c\n',
      -EAGAIN,
    ]);
    writeText(tty, 'x\ny');
    expect(guest.console.take()).toBe('x\r\ny');
  });

  it('erases characters, words and lines, on the screen too', () => {
    const { guest, type, read } = bootTty();
    type(`ab${ERASE}c\r`);
    expect([read(), guest.console.take()]).toEqual(['ac\n', 'ab\b \bc\r\n']);
    type('one two  \x17!\r');
    expect([read(), guest.console.take()]).toEqual(['one !\n', `one two  ${'\b \b'.repeat(5)}!\r\n`]);
    type('abc\x15z\r');
    expect([read(), guest.console.take()]).toEqual(['z\n', `abc${'\b \b'.repeat(3)}z\r\n`]);
    type(`\xc3\xa4${ERASE}\x16\x01${ERASE}b\t${ERASE}\r`);
    expect([read(), guest.console.take()]).toEqual(['b\n', '\xc3\xa4\b \b^\b^A\b \b\b \bb\t\b\b\b\b\b\b\b\r\n']);
  });

  /** Recorded from a pty of Linux 6: typed, flags switched, echo, line read. */
  it.each([
    [
      'a tab is as wide as where it stood',
      `a\tb\t${ERASE.repeat(3)}\r`,
      0,
      `a\tb\t${'\b'.repeat(7)}\b \b${'\b'.repeat(7)}`,
      'a',
    ],
    ['^R shows the line again', 'xy\x12z\r', 0, 'xy^R\r\nxyz', 'xyz'],
    ['without ECHOE the erase character shows', `ab${ERASE}c\x15d\r`, t.ECHOE, 'ab^?c^U\r\nd', 'd'],
    ['ECHOPRT shows what is erased', `abc${ERASE}${ERASE}d\r`, t.ECHOPRT, 'abc\\cb/d', 'ad'],
    ['without ECHOKE a killed line stays', 'abc\x15d\r', t.ECHOKE, 'abc^U\r\nd', 'd'],
    [
      'without ECHOCTL control characters have no width',
      `a\x01b${ERASE.repeat(3)}\r`,
      t.ECHOCTL,
      'a\x01b\b \b\b \b',
      '',
    ],
    ['ECHONL shows only the end of the line', 'abc\n', t.ECHO | t.ECHONL, '', 'abc'],
    [
      'words are of letters, digits and underscores',
      '  foo_bar-baz \x17\x17\r',
      0,
      `  foo_bar-baz ${'\b \b'.repeat(12)}`,
      '  ',
    ],
    ['control characters show as ^X', 'a\x1bb\x00c\r', 0, 'a^[b^@c', 'a\x1bb\x00c'],
  ])('echoes as Linux: %s', (_what, typed, toggled, echo, line) => {
    const { guest, tty, type, read, set } = bootTty();
    tty.ioctl(guest.task, t.TCGETS, SCRATCH);
    set({ lflag: guest.u32(SCRATCH + 12) ^ toggled });
    type(typed);
    expect([guest.console.take(), read()]).toEqual([`${echo}\r\n`, `${line}\n`]);
  });

  it('ends a line at ^D: with bytes it is returned, without it is end of file', () => {
    const { type, read } = bootTty();
    type('ab\x04\x04');
    expect([read(), read(), read()]).toEqual(['ab', '', -EAGAIN]);
  });

  it('sends SIGINT to the foreground group on ^C, and drops the line', () => {
    const { guest, type, read } = bootTty();
    type('abc\x03d\r');
    expect([guest.process.signals.pending.set.has(SIGINT), guest.console.take(), read()]).toEqual([
      true,
      '^Cd\r\n',
      'd\n',
    ]);
  });

  it('stops output on ^S until ^Q', () => {
    const { guest, tty, type } = bootTty();
    type('\x13');
    expect([writeText(tty, 'x'), tty.poll()]).toEqual([-EAGAIN, 0]);
    type('\x11');
    expect([writeText(tty, 'x'), guest.console.take()]).toEqual([1, 'x']);
  });

  it('keeps room for the end of a line that is too long', () => {
    const { guest, tty, type, read } = bootTty();
    type(`${'x'.repeat(5000)}\r`);
    tty.ioctl(guest.task, FIONREAD, SCRATCH);
    expect([guest.u32(SCRATCH), (read(9000) as string).length]).toEqual([4096, 4096]);
  });
});

describe('console tty, raw', () => {
  const RAW = { iflag: 0, oflag: 0, lflag: 0 };

  it('passes every byte', () => {
    const { guest, tty, type, read, set } = bootTty();
    set(RAW);
    type('\x03\r\x04\xff');
    writeText(tty, 'a\n');
    expect([read(), guest.console.take()]).toEqual(['\x03\r\x04\xff', 'a\n']);
  });

  it('waits for VMIN bytes, and no longer than VTIME after the last', () => {
    const { guest, tty, type, read, set } = bootTty();
    set({ ...RAW, min: 3 });
    type('ab');
    expect([read(), tty.poll()]).toEqual([-EAGAIN, POLLOUT]);
    type('c');
    expect(read()).toBe('abc');
    set({ ...RAW, min: 0, time: 0 });
    expect(read()).toBe('');
    set({ ...RAW, min: 5, time: 2 });
    type('z');
    tty.queue.add({ wake() {} });
    expect(read()).toBe(-EAGAIN);
    guest.advanceNs(2e8);
    expect(read()).toBe('z');
    set({ ...RAW, min: 0, time: 2 });
    expect(read()).toBe(-EAGAIN);
    guest.advanceNs(2e8);
    expect(read()).toBe('');
  });

  it('makes a typed part of a line readable when canonical mode ends', () => {
    const { type, read, set } = bootTty();
    type('abc');
    set(RAW);
    expect(read()).toBe('abc');
  });
});

describe('console tty, requests', () => {
  it('shows and changes the window size', () => {
    const { guest, tty } = bootTty();
    tty.ioctl(guest.task, t.TIOCGWINSZ, SCRATCH);
    expect(guest.u32(SCRATCH)).toBe(24 | (80 << 16));
    guest.process.signals.actions[SIGWINCH]!.handler = 0x1234;
    guest.console.size = { columns: 100, rows: 30 };
    consoleResized(guest.kernel);
    expect(guest.process.signals.pending.set.has(SIGWINCH)).toBe(true);
  });

  it('refuses TIOCSTI and what terminals do not have', () => {
    const { guest, tty } = bootTty();
    expect([tty.ioctl(guest.task, t.TIOCSTI, SCRATCH), tty.ioctl(guest.task, 0x1234, 0)]).toEqual([-EIO, -ENOTTY]);
  });

  it('is /dev/tty of its session', () => {
    const { guest } = bootTty();
    const file = openPath(guest.task, AT_FDCWD, '/dev/tty', O_RDWR);
    expect(file.ioctl(guest.task, t.TIOCGPGRP, SCRATCH)).toBe(0);
    expect([guest.u32(SCRATCH), file.stat().rdev]).toEqual([guest.process.pid, makeDev(5, 0)]);
  });

  it('stops background readers with SIGTTIN', () => {
    const { guest, tty, read } = bootTty();
    const child = guest.addProcess(guest.process);
    child.processGroup = child.pid;
    guest.switchTo(child.tasks[0]!);
    expect([read(), child.signals.pending.set.has(SIGTTIN)]).toEqual([-ERESTARTSYS, true]);
    expect(tty.ioctl(child.tasks[0]!, t.TIOCGSID, SCRATCH)).toBe(0);
  });
});

describe('console without a terminal', () => {
  it('passes bytes as through pipes, and ends', () => {
    const { guest, files } = boot(false);
    const [stdin, stdout, stderr] = files as [OpenFile, OpenFile, OpenFile];
    expect([stdin.stat().mode & S_IFMT, stdin.poll(), stdin.read(new Uint8Array(1), -1)]).toEqual([
      S_IFIFO,
      0,
      -EAGAIN,
    ]);
    guest.console.type('\x00\x03\xff\r\n');
    guest.console.end();
    expect([readText(stdin), readText(stdin), stdin.poll()]).toEqual(['\x00\x03\xff\r\n', '', POLLIN | POLLHUP]);
    writeText(stdout, 'a\n');
    writeText(stderr, 'b');
    expect([guest.console.written, stdout.ioctl(guest.task, t.TCGETS, SCRATCH)]).toEqual([
      { 1: 'a\n', 2: 'b' },
      -ENOTTY,
    ]);
  });
});

function openPty() {
  const { guest } = boot(false);
  const master = openPath(guest.task, AT_FDCWD, '/dev/ptmx', O_RDWR);
  const open = (): OpenFile => openPath(guest.task, AT_FDCWD, '/dev/pts/0', O_RDWR | O_NOCTTY);
  guest.task.memory.setU32(SCRATCH, 0);
  expect(open).toThrow('EIO');
  expect(master.ioctl(guest.task, t.TIOCSPTLCK, SCRATCH)).toBe(0);
  return { guest, master, slave: open(), open };
}

describe('pty', () => {
  it('connects master and slave through the line discipline', () => {
    const { guest, master, slave } = openPty();
    writeText(master, 'hi\n');
    expect([readText(slave), readText(master)]).toEqual(['hi\n', 'hi\r\n']);
    writeText(slave, 'yo\n');
    expect([master.poll(), readText(master), readText(master)]).toEqual([POLLIN | POLLOUT, 'yo\r\n', -EAGAIN]);
    master.ioctl(guest.task, t.TIOCGPTN, SCRATCH);
    expect([guest.u32(SCRATCH), slave.stat().rdev, slave.stat().mode]).toEqual([0, makeDev(136, 0), S_IFCHR | 0o620]);
  });

  it('is an error for the master when the slave closes, until it is opened again', () => {
    const { master, slave, open } = openPty();
    writeText(slave, 'x');
    slave.drop();
    expect([readText(master), readText(master), master.poll() & POLLHUP]).toEqual(['x', -EIO, POLLHUP]);
    open();
    expect([readText(master), master.poll() & POLLHUP]).toEqual([-EAGAIN, 0]);
  });

  it('hangs the slave up when the master closes', () => {
    const { guest, master, slave, open } = openPty();
    const leader = guest.addProcess();
    expect(slave.ioctl(leader.tasks[0]!, t.TIOCSCTTY, 0)).toBe(0);
    master.drop();
    expect([readText(slave), writeText(slave, 'x'), slave.poll() & POLLHUP]).toEqual(['', -EIO, POLLHUP]);
    expect(leader.signals.pending.set.has(SIGHUP)).toBe(true);
    expect(open).toThrow('ENOENT');
  });

  it('tells a master in packet mode of flushes and stops', () => {
    const { guest, master, slave } = openPty();
    guest.task.memory.setU32(SCRATCH, 1);
    master.ioctl(guest.task, t.TIOCPKT, SCRATCH);
    writeText(slave, 'a');
    expect(readText(master)).toBe('\0a');
    writeText(master, '\x13');
    expect([readText(master), readText(master)]).toEqual([String.fromCharCode(t.TIOCPKT_STOP), -EAGAIN]);
  });
});

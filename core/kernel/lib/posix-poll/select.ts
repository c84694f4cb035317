/** select(2) and pselect6(2): three bit sets of descriptors. */
import { EBADF, EINVAL, ERESTARTNOHAND } from '../../abi/errno.ts';
import { SELECT_EX, SELECT_IN, SELECT_OUT } from '../../abi/poll.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import type { SysResult } from '../../wait.ts';
import { PollSet, waitForAny } from './readiness.ts';
import { applyTemporaryMask, GuestTimeout } from './timeout.ts';

const EVENTS = [SELECT_IN, SELECT_OUT, SELECT_EX] as const;
/** Descriptors above the table's size are not looked at; Linux's table has at least 64 places. */
const LEAST_TABLE = 64;

/** The sets in guest memory (0 for an absent one), read once and written once. */
class FdSets {
  private readonly task: Task;
  private readonly addresses: readonly number[];
  private readonly lenBytes: number;
  private readonly fds: number[] = [];
  private readonly wanted: number[] = [];
  readonly set = new PollSet();

  constructor(task: Task, count: number, addresses: readonly number[]) {
    this.task = task;
    this.addresses = addresses;
    const last = Math.min(count, Math.max(LEAST_TABLE, task.process.fds.size));
    this.lenBytes = Math.ceil(last / 64) * 8;
    const bits = addresses.map((gva) => (gva === 0 ? undefined : task.memory.readBytes(gva, this.lenBytes)));
    for (let fd = 0; fd < last; fd++) {
      let wanted = 0;
      bits.forEach((set, i) => {
        if (set !== undefined && (set[fd >> 3]! >> (fd & 7)) & 1) wanted |= 1 << i;
      });
      if (wanted !== 0) this.watch(fd, wanted);
    }
  }

  private watch(fd: number, wanted: number): void {
    const file = this.task.process.fds.get(fd) ?? fail(EBADF);
    this.fds.push(fd);
    this.wanted.push(wanted);
    this.set.add(
      file,
      EVENTS.reduce((events, of, i) => events | ((wanted >> i) & 1 ? of : 0), 0),
    );
  }

  /** Writes what was reported; returns the number of bits set. */
  write(): number {
    const out = this.addresses.map(() => new Uint8Array(this.lenBytes));
    let count = 0;
    this.set.reported.forEach((reported, at) => {
      const fd = this.fds[at]!;
      EVENTS.forEach((events, i) => {
        if (!((this.wanted[at]! >> i) & 1) || (reported & events) === 0) return;
        out[i]![fd >> 3]! |= 1 << (fd & 7);
        count++;
      });
    });
    this.addresses.forEach((gva, i) => {
      if (gva !== 0) this.task.memory.writeBytes(gva, out[i]!);
    });
    return count;
  }
}

function doSelect(task: Task, sets: FdSets, timeout: GuestTimeout): SysResult {
  return waitForAny(task, sets.set, timeout.deadlineNs, (value) => {
    task.signals.endTemporaryMask(value === -ERESTARTNOHAND);
    const count = value < 0 ? value : sets.write();
    timeout.writeBack();
    return count;
  });
}

const setArgs = [
  arg.int('nfds'),
  arg.pointer('readfds'),
  arg.pointer('writefds'),
  arg.pointer('exceptfds'),
  arg.pointer('timeout'),
] as const;

export const select = defineSyscall({
  nr: 23,
  name: 'select',
  support: 'full',
  args: setArgs,
  result: result.int,
  run: (task, nfds, readfds, writefds, exceptfds, timeoutGva) => {
    const timeout = new GuestTimeout(task, timeoutGva, 1000);
    if (nfds < 0) return -EINVAL;
    return doSelect(task, new FdSets(task, nfds, [readfds, writefds, exceptfds]), timeout);
  },
});

export const pselect6 = defineSyscall({
  nr: 270,
  name: 'pselect6',
  support: 'full',
  args: [...setArgs, arg.pointer('sigmask')],
  result: result.int,
  run: (task, nfds, readfds, writefds, exceptfds, timeoutGva, maskGva) => {
    const timeout = new GuestTimeout(task, timeoutGva, 1);
    if (nfds < 0) return -EINVAL;
    const sets = new FdSets(task, nfds, [readfds, writefds, exceptfds]);
    // The sixth argument points to the pair (mask, size).
    if (maskGva !== 0) {
      applyTemporaryMask(task, task.memory.getLong(maskGva), task.memory.getLong(maskGva + 8));
    }
    return doSelect(task, sets, timeout);
  },
});

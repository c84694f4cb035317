import { describe, expect, it } from 'vitest';
import { EAGAIN, ECANCELED, EINVAL } from '../../../../../../core/kernel/abi/errno.ts';
import { POLLIN } from '../../../../../../core/kernel/abi/poll.ts';
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../../../../../../core/kernel/abi/time.ts';
import type { TimerFile } from '../../../../../../core/kernel/lib/posix-timerfd/timer-file.ts';
import {
  timerfdCreate,
  timerfdGettime,
  timerfdSettime,
} from '../../../../../../core/kernel/lib/posix-timerfd/timerfd.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';

const OLD = SCRATCH + 0x100;

function boot(clock: number) {
  const guest = new TestGuest();
  const fd = guest.call(timerfdCreate, clock, 0);
  const file = guest.process.fds.require(fd) as TimerFile;
  const set = (flags: number, intervalNs: number, valueSeconds: number, valueNs: number): number => {
    const { memory } = guest.task;
    [0, intervalNs, valueSeconds, valueNs].forEach((word, i) => {
      memory.setLong(SCRATCH + i * 8, word);
    });
    return guest.call(timerfdSettime, fd, flags, SCRATCH, 0);
  };
  const read = (): number => {
    const into = new Uint8Array(8);
    const count = file.read(into);
    return count < 0 ? count : into[0]!;
  };
  return { guest, fd, file, set, read };
}

describe('timerfd', () => {
  it('counts periods that end before it is read', () => {
    const { guest, file, set, read } = boot(CLOCK_MONOTONIC);
    set(0, 1e8, 0, 5e8);
    expect([file.poll(), read()]).toEqual([0, -EAGAIN]);
    guest.advanceNs(5e8);
    expect([file.poll(), read(), read()]).toEqual([POLLIN, 1, -EAGAIN]);
    guest.advanceNs(3.5e8);
    expect([read(), file.poll()]).toEqual([3, 0]);
    guest.advanceNs(1e8);
    expect(read()).toBe(1);
  });

  it('shows the time left', () => {
    const { guest, fd, set } = boot(CLOCK_MONOTONIC);
    set(0, 1e8, 0, 5e8);
    guest.advanceNs(2e8);
    guest.call(timerfdGettime, fd, OLD);
    const { memory } = guest.task;
    expect([0, 8, 16, 24].map((at) => memory.getLong(OLD + at))).toEqual([0, 1e8, 0, 3e8]);
    set(0, 0, 0, 0);
    guest.call(timerfdGettime, fd, OLD);
    expect(memory.getLong(OLD + 24)).toBe(0);
  });

  it('takes absolute times, and tells when the clock is set', () => {
    const { guest, set, read } = boot(CLOCK_REALTIME);
    set(3, 0, 1_700_000_003, 0);
    guest.advanceNs(1.5e9);
    expect(read()).toBe(-EAGAIN);
    guest.advanceNs(0.5e9);
    expect(read()).toBe(1);
    set(3, 0, 1_700_000_100, 0);
    guest.kernel.realtimeShiftNs += 5n;
    expect([read(), read()]).toEqual([-ECANCELED, -EAGAIN]);
  });

  it('refuses clocks and times that Linux refuses', () => {
    const { guest, set } = boot(CLOCK_MONOTONIC);
    expect([guest.call(timerfdCreate, 2, 0), set(0, 0, 0, 1e9), set(4, 0, 0, 1)]).toEqual([-EINVAL, -EINVAL, -EINVAL]);
  });
});

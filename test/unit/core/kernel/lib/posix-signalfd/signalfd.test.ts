import { describe, expect, it } from 'vitest';
import { EAGAIN, EINVAL } from '../../../../../../core/kernel/abi/errno.ts';
import { POLLIN } from '../../../../../../core/kernel/abi/poll.ts';
import { SI_QUEUE, SIGUSR1, SIGUSR2 } from '../../../../../../core/kernel/abi/signal.ts';
import { signalfd4 } from '../../../../../../core/kernel/lib/posix-signalfd/signalfd.ts';
import { fromProcess, sendToProcess, sendToTask } from '../../../../../../core/kernel/lib/uksignal/send.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';

function boot() {
  const guest = new TestGuest();
  const { task } = guest;
  for (const signal of [SIGUSR1, SIGUSR2]) task.signals.mask.add(signal);
  task.memory.setLong(SCRATCH, 1 << (SIGUSR1 - 1));
  const fd = guest.call(signalfd4, -1, SCRATCH, 8, 0);
  return { guest, task, fd, file: guest.process.fds.require(fd) };
}

describe('signalfd', () => {
  it('takes blocked signals of its set, with what came with them', () => {
    const { guest, task, file } = boot();
    const into = new Uint8Array(256);
    expect([file.poll(), file.read(into, -1)]).toEqual([0, -EAGAIN]);
    sendToTask(task, SIGUSR2, fromProcess(guest.process));
    sendToProcess(guest.process, SIGUSR1, { code: SI_QUEUE, pid: 7, uid: 8, value: 0x1_0000_0009n });
    expect([file.poll(), file.read(into, -1), file.poll()]).toEqual([POLLIN, 128, 0]);
    const record = new DataView(into.buffer);
    expect([0, 8, 12, 16, 44, 48, 52].map((at) => record.getInt32(at, true))).toEqual([
      SIGUSR1,
      SI_QUEUE,
      7,
      8,
      9,
      9,
      1,
    ]);
    expect(task.signals.pending.set.has(SIGUSR2)).toBe(true);
  });

  it('wakes its queue when a signal arrives', () => {
    const { guest, file } = boot();
    let wakes = 0;
    file.queue.add({ wake: () => wakes++ });
    sendToProcess(guest.process, SIGUSR1, fromProcess(guest.process));
    expect(wakes).toBe(1);
  });

  it('gets another set through its descriptor', () => {
    const { guest, task, fd, file } = boot();
    sendToTask(task, SIGUSR2, fromProcess(guest.process));
    task.memory.setLong(SCRATCH, 1 << (SIGUSR2 - 1));
    expect([guest.call(signalfd4, fd, SCRATCH, 8, 0), file.poll()]).toEqual([fd, POLLIN]);
    expect(guest.call(signalfd4, fd, SCRATCH, 4, 0)).toBe(-EINVAL);
  });
});

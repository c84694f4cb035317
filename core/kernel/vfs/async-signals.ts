/**
 * Signal-driven I/O: O_ASYNC with F_SETOWN and F_SETSIG of fcntl(2). While a file is O_ASYNC, a waiter on its queue
 * sends SIGIO (or the chosen signal, with siginfo) to its owner at each change of readiness.
 */
import { O_ASYNC } from '../abi/fcntl.ts';
import { POLL_ERR, POLL_HUP, POLL_IN, POLL_OUT, POLL_PRI, SIGIO } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { type SignalInfo, sendToGroup, sendToProcess, sendToTask } from '../lib/uksignal/send.ts';
import type { Waiter, WaitQueue } from '../wait.ts';
import { type OpenFile, POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI } from './open-file.ts';

export const F_OWNER_TID = 0;
export const F_OWNER_PID = 1;
export const F_OWNER_PGRP = 2;

const codes: readonly (readonly [event: number, code: number])[] = [
  [POLLERR, POLL_ERR],
  [POLLHUP, POLL_HUP],
  [POLLPRI, POLL_PRI],
  [POLLIN, POLL_IN],
  [POLLOUT, POLL_OUT],
];

class AsyncNotifier implements Waiter {
  private readonly kernel: Kernel;
  private readonly file: OpenFile;
  private readonly fd: number;

  constructor(kernel: Kernel, file: OpenFile, fd: number) {
    this.kernel = kernel;
    this.file = file;
    this.fd = fd;
  }

  wake(queue: WaitQueue, events: number): void {
    if (events === POLLNVAL) {
      queue.remove(this);
      return;
    }
    const band = this.file.poll() & events;
    const code = codes.find(([event]) => (band & event) !== 0)?.[1];
    if (code === undefined) return;
    this.send({ code, band, fd: this.fd });
  }

  private send(info: SignalInfo): void {
    const { kernel, file } = this;
    sendToOwner(kernel, file, file.ownerSignal === 0 ? SIGIO : file.ownerSignal, info);
  }
}

/** Sends a signal to whom F_SETOWN named. */
export function sendToOwner(kernel: Kernel, file: OpenFile, signal: number, info: SignalInfo): void {
  if (file.ownerType === F_OWNER_PGRP) sendToGroup(kernel, file.owner, signal, info);
  else if (file.ownerType === F_OWNER_PID) {
    const process = kernel.processes.get(file.owner);
    if (process !== undefined) sendToProcess(process, signal, info);
  } else {
    for (const process of kernel.processes.values()) {
      const task = process.tasks.find(({ tid }) => tid === file.owner);
      if (task !== undefined) sendToTask(task, signal, info);
    }
  }
}

const notifiers = new WeakMap<OpenFile, AsyncNotifier>();

/** Sets or clears O_ASYNC; `fd` is the descriptor that signals tell about. */
export function setAsync(kernel: Kernel, file: OpenFile, fd: number, isOn: boolean): void {
  const known = notifiers.get(file);
  if (isOn === (known !== undefined)) return;
  if (known !== undefined) {
    file.queue.remove(known);
    notifiers.delete(file);
    file.flags &= ~O_ASYNC;
  } else {
    const notifier = new AsyncNotifier(kernel, file, fd);
    notifiers.set(file, notifier);
    file.queue.add(notifier);
    file.flags |= O_ASYNC;
  }
}

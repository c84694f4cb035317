/** Whom a signal from outside is for. */
import type { Kernel } from '../kernel/kernel.ts';
import { consoleDriver } from '../kernel/lib/posix-tty/console.ts';

/** Process group in the terminal's foreground; without a terminal the first process's. */
export function consoleForeground(kernel: Kernel): number {
  const [first] = kernel.processes.values();
  const group = kernel.host.console.isTty ? consoleDriver(kernel).tty.foreground : 0;
  return group !== 0 ? group : (first?.processGroup ?? 0);
}

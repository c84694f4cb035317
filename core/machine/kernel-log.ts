/** Kernel messages on the kernel console, in the form of Unikraft's printk: `[    0.105637] Info: [library] text`. */
import type { Logger, LogLevel } from '../base/logger.ts';
import type { Clock } from '../dev/clock.ts';

/** Most important first. */
const levels: readonly LogLevel[] = ['crit', 'error', 'warn', 'info', 'debug'];
const labels: Readonly<Record<LogLevel, string>> = {
  crit: 'CRIT: ',
  error: 'ERR:  ',
  warn: 'Warn: ',
  info: 'Info: ',
  debug: 'dbg:  ',
};

/** Source of crash reports (kernel/crash-report.ts): they end up in the ending of the instance, not among messages. */
const CRASH = 'crash';

export class KernelLog implements Logger {
  /** Crash reports so far. */
  readonly reports: string[] = [];
  private readonly lowest: number;
  private readonly write: (text: string) => void;
  private readonly clock: Clock;
  private readonly bootNs: number;
  /** Messages that wait for `release`. */
  private held: string[] | undefined;

  constructor(level: LogLevel, clock: Clock, write: (text: string) => void) {
    this.lowest = levels.indexOf(level);
    this.write = write;
    this.clock = clock;
    this.bootNs = clock.monotonicNs();
  }

  log(level: LogLevel, source: string, message: string): void {
    if (source === CRASH) this.reports.push(message);
    else if (levels.indexOf(level) <= this.lowest) {
      const seconds = ((this.clock.monotonicNs() - this.bootNs) / 1e9).toFixed(6).padStart(12);
      this.put(`[${seconds}] ${labels[level]}[${source}] ${message}\n`);
    }
  }

  /** Keeps messages back until `release`. */
  hold(): void {
    this.held = [];
  }

  /** Writes `first`, then what was kept back, and whatever comes from now on at once. */
  release(first: string): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const text of [first, ...held]) if (text !== '') this.put(text);
  }

  private put(text: string): void {
    if (this.held === undefined) this.write(text);
    else this.held.push(text);
  }
}

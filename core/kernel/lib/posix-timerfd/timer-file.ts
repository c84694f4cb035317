/**
 * Timers as files, timerfd_create(2): a read gives how often the timer has expired since the last one. After an expiry
 * the timer rests until somebody reads; the periods that end meanwhile are counted then.
 */
import { EAGAIN, ECANCELED, EINVAL } from '../../abi/errno.ts';
import type { Kernel } from '../../kernel.ts';
import { NS_PER_SECOND } from '../../timespec.ts';
import { OpenFile, POLLIN } from '../../vfs/open-file.ts';
import { isRealtime } from '../posix-time/clocks.ts';
import { IntervalTimer } from '../posix-time/interval-timer.ts';

export interface TimerSetting {
  /** Monotonic time of the first expiry; undefined disarms. */
  expiryNs: number | undefined;
  intervalNs: number;
  /** TFD_TIMER_* of timerfd_settime. */
  flags: number;
  /** A jump of the realtime clock ends it with ECANCELED. */
  isCancelledByJump: boolean;
}

export class TimerFile extends OpenFile {
  readonly describe = 'anon_inode:[timerfd]';
  readonly clock: number;
  private readonly kernel: Kernel;
  private readonly timer: IntervalTimer;
  private expiries = 0;
  private settingFlags = 0;
  /** Shift of the realtime clock when the timer was set, if a jump cancels it. */
  private shiftNs: bigint | undefined = undefined;

  constructor(kernel: Kernel, clock: number, flags: number) {
    super(flags);
    this.kernel = kernel;
    this.clock = clock;
    this.timer = new IntervalTimer(
      kernel,
      () => kernel.clock.monotonicNs(),
      () => this.expired(),
    );
  }

  private expired(): void {
    this.expiries++;
    if (this.timer.intervalNs === 0) this.timer.forward();
    this.queue.wakeFor(POLLIN);
  }

  private get isCancelled(): boolean {
    return this.shiftNs !== undefined && this.shiftNs !== this.kernel.realtimeShiftNs;
  }

  set({ expiryNs, intervalNs, flags, isCancelledByJump }: TimerSetting): void {
    this.expiries = 0;
    this.settingFlags = flags;
    this.shiftNs = isCancelledByJump && isRealtime(this.clock) ? this.kernel.realtimeShiftNs : undefined;
    this.timer.set(expiryNs, intervalNs);
  }

  /** Time to the next expiry (0 while disarmed) and the period. */
  get left(): { leftNs: number; intervalNs: number } {
    return { leftNs: this.timer.leftNs(), intervalNs: this.timer.intervalNs };
  }

  override read(into: Uint8Array): number {
    if (into.length < 8) return -EINVAL;
    if (this.isCancelled) {
      this.shiftNs = this.kernel.realtimeShiftNs;
      this.expiries = 0;
      return -ECANCELED;
    }
    if (this.expiries === 0) return -EAGAIN;
    const count = this.expiries + (this.timer.intervalNs > 0 ? this.timer.forward() : 0);
    this.expiries = 0;
    const out = new DataView(into.buffer, into.byteOffset, 8);
    out.setUint32(0, count >>> 0, true);
    out.setUint32(4, Math.floor(count / 0x1_0000_0000), true);
    return 8;
  }

  override poll(): number {
    return this.expiries > 0 || this.isCancelled ? POLLIN : 0;
  }

  override fdinfo(): string {
    const pair = (ns: number): string => `(${Math.floor(ns / NS_PER_SECOND)}, ${Math.floor(ns % NS_PER_SECOND)})`;
    const { leftNs, intervalNs } = this.left;
    const flags = `settime flags: 0${this.settingFlags.toString(8)}`;
    const times = `it_value: ${pair(leftNs)}\nit_interval: ${pair(intervalNs)}`;
    return `clockid: ${this.clock}\nticks: ${this.expiries}\n${flags}\n${times}\n`;
  }

  protected override release(): void {
    this.timer.stop();
  }
}

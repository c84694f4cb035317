import { describe, expect, it } from 'vitest';
import { TimerQueue } from '../../../../../../core/kernel/lib/posix-time/timers.ts';

describe('the timer queue', () => {
  it('runs what is due by deadline and then by order of adding', () => {
    const queue = new TimerQueue();
    const ran: string[] = [];
    const deadlines = [50, 10, 30, 10, 90, 20, 70, 30];
    deadlines.forEach((deadline, i) => {
      queue.add(deadline, () => ran.push(`${deadline}/${i}`));
    });
    queue.runDue(70);
    expect([ran, queue.nextDeadlineNs()]).toEqual([['10/1', '10/3', '20/5', '30/2', '30/7', '50/0', '70/6'], 90]);
  });

  it('keeps its order through any mixture of additions and cancellations', () => {
    const queue = new TimerQueue();
    const ran: number[] = [];
    let seed = 1;
    const random = (): number => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed;
    };
    const handles = Array.from({ length: 500 }, () => {
      const deadline = random() % 1000;
      return queue.add(deadline, () => ran.push(deadline));
    });
    const kept = handles.filter((handle, i) => {
      if (i % 3 !== 0) return true;
      queue.cancel(handle);
      queue.cancel(handle);
      return false;
    });
    queue.runDue(1000);
    expect(ran).toEqual(kept.map((handle) => handle.deadlineNs).sort((a, b) => a - b));
    expect(queue.nextDeadlineNs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('runs what a callback adds when that is due too', () => {
    const queue = new TimerQueue();
    const ran: number[] = [];
    queue.add(1, () => {
      ran.push(1);
      queue.add(2, () => ran.push(2));
      queue.add(9, () => ran.push(9));
    });
    queue.runDue(5);
    expect(ran).toEqual([1, 2]);
  });
});

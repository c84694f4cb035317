/** Functions that run in the page and measure there, so that the way to the test doesn't count. */
import type { Page } from 'playwright-core';

/** Calls the manager as the page itself would, on a connection of its own. */
export function callApi(page: Page, name: string, params: unknown): Promise<unknown> {
  return page.evaluate(
    ([call, given]) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/api`);
        let isGreeted = false;
        socket.onmessage = ({ data }) => {
          if (!isGreeted) {
            isGreeted = true;
            socket.send(JSON.stringify({ id: 1, call, params: given }));
            return;
          }
          if (typeof data !== 'string') return;
          const answer = JSON.parse(data) as { id?: number; ok: boolean; result: unknown; error?: { message: string } };
          if (answer.id !== 1) return;
          socket.close();
          if (answer.ok) resolve(answer.result);
          else reject(new Error(answer.error?.message));
        };
        socket.onerror = () => reject(new Error('no connection'));
      }),
    [name, params] as const,
  );
}

/** From a click on Start to the first new text in the console, in ms. */
export async function startToOutput(page: Page, text: string): Promise<number> {
  const measured = page.evaluate(
    (wanted) =>
      new Promise<number>((resolve) => {
        const rows = document.querySelector('.xterm-rows')!;
        const button = document.querySelector<HTMLElement>('[data-test=action-start]')!;
        const before = rows.textContent!.split(wanted).length;
        let pressed = 0;
        new MutationObserver((_changes, observer) => {
          if (pressed === 0 || rows.textContent!.split(wanted).length <= before) return;
          observer.disconnect();
          resolve(performance.now() - pressed);
        }).observe(rows, { childList: true, subtree: true, characterData: true });
        button.addEventListener('click', () => (pressed = performance.now()), { once: true, capture: true });
        button.click();
      }),
    text,
  );
  return measured;
}

/** Types letters one after another; ms from each key's event to its letter in the terminal. */
export async function keyToEcho(page: Page, count: number): Promise<number[]> {
  await page.evaluate(() => {
    const rows = document.querySelector('.xterm-rows')!;
    const times: number[] = [];
    Object.assign(window, { echoTimes: times });
    let pressed = 0;
    let before = '';
    document.addEventListener(
      'keydown',
      () => {
        pressed = performance.now();
        before = rows.textContent!;
      },
      { capture: true },
    );
    new MutationObserver(() => {
      if (pressed === 0 || rows.textContent === before) return;
      times.push(performance.now() - pressed);
      pressed = 0;
    }).observe(rows, { childList: true, subtree: true, characterData: true });
  });
  const times = () => page.evaluate(() => [...(window as unknown as { echoTimes: number[] }).echoTimes]);
  for (let i = 0; i < count; i++) {
    await page.keyboard.press(i % 40 === 39 ? 'Backspace' : 'abcdefghij'[i % 10]!);
    await page.waitForFunction((n) => (window as unknown as { echoTimes: number[] }).echoTimes.length > n, i, {
      polling: 5,
    });
  }
  return times();
}

export interface Smoothness {
  /** ms between frames. */
  frames: number[];
  /** ms of each task over 50 ms. */
  longTasks: number[];
}

/** Begins to watch frames and long tasks; `endWatch` returns what was seen. */
export async function beginWatch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: Smoothness = { frames: [], longTasks: [] };
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.longTasks.push(entry.duration);
    });
    observer.observe({ type: 'longtask' });
    let last = performance.now();
    let isOn = true;
    const frame = (): void => {
      const now = performance.now();
      seen.frames.push(now - last);
      last = now;
      if (isOn) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    Object.assign(window, {
      endWatch: () => {
        isOn = false;
        observer.disconnect();
        return seen;
      },
    });
  });
}
export const endWatch = (page: Page): Promise<Smoothness> =>
  page.evaluate(() => (window as unknown as { endWatch(): Smoothness }).endWatch());

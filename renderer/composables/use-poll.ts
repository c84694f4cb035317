/** Does something now and then while a component is there and the window is visible; never twice at once. */
import { onBeforeUnmount } from 'vue';

export function usePoll(work: () => Promise<unknown>, everyMs: number): void {
  let isBusy = false;
  const timer = window.setInterval(async () => {
    if (document.hidden || isBusy) return;
    isBusy = true;
    await work();
    isBusy = false;
  }, everyMs);
  onBeforeUnmount(() => window.clearInterval(timer));
}

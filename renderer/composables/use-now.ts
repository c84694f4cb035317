/** The time, a second at a time, while somebody shows it and the window is visible: an idle app does nothing. */
import { onBeforeUnmount, onMounted, type Ref, ref } from 'vue';

const now = ref(Date.now());
let users = 0;
let timer = 0;

function update(): void {
  window.clearInterval(timer);
  timer = 0;
  if (users === 0 || document.hidden) return;
  now.value = Date.now();
  timer = window.setInterval(() => {
    now.value = Date.now();
  }, 1000);
}
document.addEventListener('visibilitychange', update);

export function useNow(): Ref<number> {
  onMounted(() => {
    if (users++ === 0) update();
  });
  onBeforeUnmount(() => {
    if (--users === 0) update();
  });
  return now;
}

/** Short messages at the edge of the window, and the list of what happened while nobody looked. */
import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { AppNotification } from '../../core/contract/api/app.ts';
import { asVmError, useApi } from '../api.ts';
import { errorText, managerText } from '../manager-texts/manager-texts.ts';

export interface Toast {
  id: number;
  kind: 'info' | 'success' | 'error';
  title: string;
  text?: string | undefined;
  action?: { label: string; run(): void } | undefined;
}

const SHOWN_MS = { info: 6000, success: 5000, error: 12_000 };
const MAX_TOASTS = 4;
const MAX_NOTIFICATIONS = 100;

export const useNoticesStore = defineStore('notices', () => {
  const toasts = ref<Toast[]>([]);
  const notifications = ref<AppNotification[]>([]);
  const unread = ref(0);
  const timers = new Map<number, number>();
  let nextId = 1;

  function show(toast: Omit<Toast, 'id'>): number {
    const id = nextId++;
    toasts.value = [...toasts.value.slice(-MAX_TOASTS + 1), { ...toast, id }];
    hold(id, false);
    return id;
  }
  function dismiss(id: number): void {
    window.clearTimeout(timers.get(id));
    timers.delete(id);
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
  }
  /** While a pointer or the focus is on it, it stays. */
  function hold(id: number, isHeld: boolean): void {
    window.clearTimeout(timers.get(id));
    const toast = toasts.value.find((t) => t.id === id);
    if (!isHeld && toast !== undefined) {
      timers.set(
        id,
        window.setTimeout(() => dismiss(id), SHOWN_MS[toast.kind]),
      );
    }
  }
  /** Shows what went wrong in words of its own. */
  function showError(title: string, error: unknown): void {
    show({ kind: 'error', title, text: errorText(asVmError(error)) });
  }

  async function load(): Promise<void> {
    useApi().on('notification.posted', (notification) => {
      notifications.value = [notification, ...notifications.value].slice(0, MAX_NOTIFICATIONS);
      unread.value++;
      if (notification.kind === 'crash' || notification.kind === 'error' || notification.kind === 'forward-failed') {
        show({ kind: 'error', title: managerText(notification.title), text: managerText(notification.body) });
      }
    });
    notifications.value = await useApi().call('notifications.list', {});
  }
  async function clear(): Promise<void> {
    await useApi().call('notifications.clear', {});
    notifications.value = [];
    unread.value = 0;
  }

  return { toasts, notifications, unread, show, dismiss, hold, showError, load, clear };
});

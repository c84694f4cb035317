/** Notifications of the system for what the manager posts; a click leads to the instance. */
import { Notification } from 'electron';
import type { AppNotification } from '../core/contract/api/app.ts';

export function showNotification({ title, body, vm }: AppNotification, open: (vm: string) => void): void {
  if (!Notification.isSupported()) return;
  const notification = new Notification({ title, body });
  if (vm !== undefined) notification.on('click', () => open(vm));
  notification.show();
}

/** What the user should know: the last ones kept in memory, each told once. */

import { Emitter } from '../../base/event.ts';
import type { AppNotification, Settings } from '../../contract/api/app.ts';
import type { EndedVm } from '../vms/vms.ts';

const MAX_KEPT = 100;

export class Notifications {
  readonly posted = new Emitter<AppNotification>();
  private kept: AppNotification[] = [];
  private count = 0;

  /** Latest first. */
  list(): AppNotification[] {
    return [...this.kept].reverse();
  }
  clear(): void {
    this.kept = [];
  }

  post(kind: AppNotification['kind'], title: string, body: string, vm?: string): void {
    const id = `${Date.now()}-${++this.count}`;
    const notification = { id, at: Date.now(), kind, title, body, ...(vm === undefined ? {} : { vm }) };
    this.kept.push(notification);
    if (this.kept.length > MAX_KEPT) this.kept.shift();
    this.posted.fire(notification);
  }

  /** The end of an instance, as far as the settings ask for it. */
  postEnd({ info, ending, wasAsked }: EndedVm, settings: Settings): void {
    if (wasAsked) return;
    const { name, id } = info;
    if (ending.error !== undefined) {
      if (settings.notifyCrash) this.post('error', `${name} could not go on`, ending.error.message, id);
    } else if (ending.exit !== undefined && 'signal' in ending.exit) {
      if (settings.notifyCrash)
        this.post('crash', `${name} crashed`, `signal ${ending.exit.signal} ended the program`, id);
    } else if (settings.notifyExit) this.post('exit', `${name} has ended`, `exit status ${ending.exit?.code ?? 0}`, id);
  }
}

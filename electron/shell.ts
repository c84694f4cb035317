/** The handlers of what only the shell can do (core/contract/shell-api.ts). */
import { shell } from 'electron';
import type { AsyncHandlers } from '../core/contract/contract.ts';
import { VmError } from '../core/contract/errors.ts';
import { type Channel, Session } from '../core/contract/session.ts';
import { type ShellApi, shellApi } from '../core/contract/shell-api.ts';
import { pickPaths, pickTarget } from './dialogs.ts';
import { checkForUpdates } from './updates.ts';
import type { Windows } from './windows.ts';

export interface ShellContext {
  windows: Windows;
  /** By id or name. */
  openConsole(vm: string): void;
  wantsUpdates(): boolean;
}

/** Only web addresses: others would start programs. */
export async function openExternal(text: string): Promise<void> {
  const url = URL.parse(text);
  if (url === null || !['https:', 'http:'].includes(url.protocol))
    throw new VmError('feature.unavailable', `"${text}" is no web address`, { url: text });
  await shell.openExternal(url.href);
}

/** `contentsId` is the page that asks. */
export function shellSession(
  channel: Channel,
  contentsId: number,
  { windows, openConsole, wantsUpdates }: ShellContext,
  onClosed: () => void,
): Session<ShellApi> {
  const window = () => windows.of(contentsId) ?? windows.showMain();
  const handlers: AsyncHandlers<ShellApi, unknown> = {
    'shell.open-console': ({ vm }) => {
      openConsole(vm);
      return null;
    },
    'shell.close-window': () => {
      windows.of(contentsId)?.close();
      return null;
    },
    'shell.pick': (options) => pickPaths(window(), options),
    'shell.pick-target': ({ fileName, title }) => pickTarget(window(), fileName, title),
    'shell.open-external': async ({ url }) => {
      await openExternal(url);
      return null;
    },
    'shell.check-updates': () => checkForUpdates(wantsUpdates()),
  };
  return new Session(channel, shellApi, handlers, onClosed);
}

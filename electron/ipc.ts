/**
 * A channel to each page over Electron's IPC: messages as the contract has them, texts and frames. Only the top frame of our own pages
 * is heard. A page that loads anew says hello again, which ends what it had before.
 */
import { type IpcMainEvent, ipcMain, type WebContents } from 'electron';
import type { Channel } from '../core/contract/session.ts';
import { isOurs } from './security.ts';

/** `connect` serves the page's end of the contract of that name. */
export function serveIpc(name: string, connect: (channel: Channel, contents: WebContents) => void): void {
  const channels = new Map<number, Channel>();
  const close = (id: number): void => {
    const channel = channels.get(id);
    channels.delete(id);
    channel?.onClose();
  };
  ipcMain.on(`${name}:hello`, (event) => {
    if (!isTrusted(event)) return;
    const { sender } = event;
    close(sender.id);
    const channel: Channel = {
      send: (message) => {
        if (!sender.isDestroyed()) sender.send(`${name}:message`, message);
      },
      close: () => close(sender.id),
      onMessage: () => {},
      onClose: () => {},
    };
    channels.set(sender.id, channel);
    sender.once('destroyed', () => close(sender.id));
    connect(channel, sender);
  });
  ipcMain.on(`${name}:message`, (event, message: unknown) => {
    if (!isTrusted(event)) return;
    const channel = channels.get(event.sender.id);
    if (typeof message === 'string') channel?.onMessage(message);
    else if (message instanceof Uint8Array) channel?.onMessage(new Uint8Array(message));
  });
}

function isTrusted({ senderFrame }: IpcMainEvent): boolean {
  return senderFrame !== null && senderFrame.parent === null && isOurs(senderFrame.url);
}

/** Runs before each page, in a world of its own: gives it the contract, and nothing else. */
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { type BridgePort, exposeApi } from '../core/contract/bridge.ts';
import type { Response } from '../core/contract/contract.ts';
import { shellApi } from '../core/contract/shell-api.ts';
import { vmApi } from '../core/contract/vm-api.ts';

/** The page's end of the channel of that name (ipc.ts). */
function port(name: string): BridgePort {
  const waiting = new Map<number, (response: Response) => void>();
  const listeners = new Map<string, Set<(payload: unknown) => void>>();
  let takeFrame: (frame: Uint8Array) => void = () => {};
  let nextId = 1;
  const send = (message: string | Uint8Array): void => ipcRenderer.send(`${name}:message`, message);
  ipcRenderer.on(`${name}:message`, (_event, message: string | Uint8Array) => {
    if (typeof message !== 'string') {
      takeFrame(message);
      return;
    }
    const parsed = JSON.parse(message) as Response | { event: string; payload: unknown };
    if ('id' in parsed) {
      waiting.get(parsed.id)?.(parsed);
      waiting.delete(parsed.id);
    } else for (const listener of [...(listeners.get(parsed.event) ?? [])]) listener(parsed.payload);
  });
  ipcRenderer.send(`${name}:hello`);
  return {
    invoke: (call, params) =>
      new Promise((resolve) => {
        const id = nextId++;
        waiting.set(id, resolve);
        send(JSON.stringify({ id, call, params }));
      }),
    listen: (event, listener) => {
      const known = listeners.get(event) ?? new Set();
      if (known.size === 0) send(JSON.stringify({ listen: event }));
      listeners.set(event, known.add(listener));
      return () => {
        known.delete(listener);
        if (known.size === 0) send(JSON.stringify({ ignore: event }));
      };
    },
    sendFrame: send,
    onFrame: (listener) => {
      takeFrame = listener;
    },
  };
}

contextBridge.exposeInMainWorld('elfdeck', exposeApi(vmApi, port('vm')));
contextBridge.exposeInMainWorld('elfdeckShell', {
  ...exposeApi(shellApi, port('shell')),
  /** Host path of a file that was dropped on the page. */
  pathOfFile: (file: File) => webUtils.getPathForFile(file),
});

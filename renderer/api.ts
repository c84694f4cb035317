/**
 * The only file that touches the bridge or the socket: makes the client of the manager's contract, once for the window.
 * In Electron preload has put the bridge on `window`; in a browser the page's own server answers on a WebSocket.
 */
import { type ApiBridge, connectBridge } from '../core/contract/bridge.ts';
import { type ApiClient, connectApi } from '../core/contract/client.ts';
import { type Client, connect, type Response } from '../core/contract/contract.ts';
import { VmError } from '../core/contract/errors.ts';
import type { ShellApi } from '../core/contract/shell-api.ts';
import { openSocket } from '../core/contract/web-socket.ts';

declare global {
  interface Window {
    elfdeck?: ApiBridge;
    elfdeckShell?: ApiBridge;
  }
}

let client: ApiClient | undefined;

/** Connects to whatever serves this window. */
export function connectWindow(): ApiClient {
  if (window.elfdeck !== undefined) return connectBridge(window.elfdeck);
  const url = new URL('/api', location.origin);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return connectApi(() => openSocket(url.href));
}

export function setApi(api: ApiClient): void {
  client = api;
}

/** The manager. Set before the first component is made. */
export function useApi(): ApiClient {
  if (client === undefined) throw new Error('the manager is used before the window is connected');
  return client;
}

/** What only the desktop shell can do; undefined in a browser. */
export interface Shell {
  readonly call: Client<ShellApi>;
  onAsked(listener: (request: { command: string; argument: string }) => void): () => void;
}

let shell: Shell | undefined;

export function useShell(): Shell | undefined {
  if (shell === undefined && window.elfdeckShell !== undefined) shell = shellOf(window.elfdeckShell);
  return shell;
}

function shellOf(bridge: ApiBridge): Shell {
  const calls = connect<ShellApi>((request) => {
    void bridge.calls[request.call]!(request.params).then((response: Response) =>
      calls.accept({ ...response, id: request.id }),
    );
  });
  return {
    call: calls.client,
    onAsked: (listener) =>
      bridge.events['shell.asked']!((payload) => listener(payload as { command: string; argument: string })),
  };
}

/** Any thrown value as an error with a code and words for people. */
export function asVmError(error: unknown): VmError {
  if (error instanceof VmError) return error;
  return new VmError('instance.internal', error instanceof Error ? error.message : String(error));
}

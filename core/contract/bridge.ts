/**
 * The contract across Electron's context bridge, which copies plain objects and functions only: preload exposes one function
 * for each call and nothing with a free choice of channel; the page makes the same client of it as a browser does.
 */
import type { ApiClient, ConnectionState } from './client.ts';
import type { Contract, Response } from './contract.ts';
import { VmError, type VmErrorData } from './errors.ts';
import { StreamMux } from './streams.ts';

/** What preload exposes as `window.elfdeck`. */
export interface ApiBridge {
  readonly calls: Readonly<Record<string, (params: unknown) => Promise<Response>>>;
  readonly events: Readonly<Record<string, (listener: (payload: unknown) => void) => () => void>>;
  sendFrame(frame: Uint8Array): void;
  onFrame(listener: (frame: Uint8Array) => void): void;
}

/** Electron's end of the bridge: `ipcRenderer`, as much of it as is used. */
export interface BridgePort {
  invoke(call: string, params: unknown): Promise<Response>;
  listen(event: string, listener: (payload: unknown) => void): () => void;
  sendFrame(frame: Uint8Array): void;
  onFrame(listener: (frame: Uint8Array) => void): void;
}

/** Walks the contract: every call and event, and nothing else, becomes a function. */
export function exposeApi(contract: Contract, port: BridgePort): ApiBridge {
  const calls: Record<string, (params: unknown) => Promise<Response>> = {};
  const events: Record<string, (listener: (payload: unknown) => void) => () => void> = {};
  for (const [name, entry] of Object.entries(contract)) {
    if (entry.kind === 'call') calls[name] = (params) => port.invoke(name, params);
    else events[name] = (listener) => port.listen(name, listener);
  }
  return {
    calls,
    events,
    sendFrame: (frame) => port.sendFrame(frame),
    onFrame: (listener) => port.onFrame(listener),
  };
}

/** The page's client of the bridge. Its connection is always open: the manager lives in the same app. */
export function connectBridge(bridge: ApiBridge): ApiClient {
  const streams = new StreamMux((frame) => bridge.sendFrame(frame), true);
  bridge.onFrame((frame) => streams.accept(frame));
  const call = async (name: string, params: unknown): Promise<unknown> => {
    const response = await bridge.calls[name]!(params);
    if (response.ok) return response.result;
    throw VmError.from(response.error as VmErrorData);
  };
  const connection: ConnectionState = 'open';
  return {
    call: call as ApiClient['call'],
    on: (event, listener) => bridge.events[event]!(listener as (payload: unknown) => void),
    openStream: (id) => streams.open(id),
    connection,
    onConnection: () => () => {},
    close: () => streams.closeAll(),
  };
}

/**
 * The VM API: everything that the app, the browser and the command line can ask of a manager. Calls are verbs, events past
 * participles; state flows by event, intent by call. Bytes (consoles, files) travel on streams that calls open: results
 * have their number (streams.ts). From this record derive
 *
 * | end                        | made by                                                  |
 * |----------------------------|----------------------------------------------------------|
 * | dispatcher of the manager  | `Session` (session.ts), over any channel of messages      |
 * | client in a browser        | `connectApi(socketChannel(url))` (client.ts, web-socket.ts) |
 * | preload of Electron        | `exposeApi` (bridge.ts), its client `connectApi(bridgeChannel(...))` |
 * | client of the command line | `connectApi` over a local socket                          |
 */
import { appCalls } from './api/app.ts';
import { argumentsCalls } from './api/arguments.ts';
import { catalogCalls } from './api/catalog.ts';
import { consoleCalls } from './api/console.ts';
import { imageCalls } from './api/image.ts';
import { insightCalls } from './api/insight.ts';
import { netCalls } from './api/net.ts';
import { rootfsCalls } from './api/rootfs.ts';
import { vmCalls } from './api/vm.ts';
import type { CallNames, EventNames } from './contract.ts';

export const vmApi = {
  ...vmCalls,
  ...consoleCalls,
  ...argumentsCalls,
  ...imageCalls,
  ...rootfsCalls,
  ...netCalls,
  ...catalogCalls,
  ...insightCalls,
  ...appCalls,
} as const;

export type VmApi = typeof vmApi;
export type VmCallName = CallNames<VmApi>;
export type VmEventName = EventNames<VmApi>;

/** Version of the contract: a client and a manager of different ones don't talk. */
export const API_VERSION = 1;

/** The handlers of the VM API: each call of the contract as a short way to the part that does it. */
import type { AsyncHandlers } from '../../contract/contract.ts';
import type { CallContext } from '../../contract/session.ts';
import type { VmApi } from '../../contract/vm-api.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import { forwardedCalls } from '../app/peers.ts';
import { appHandlers } from './app.ts';
import { argumentsHandlers } from './arguments.ts';
import { catalogHandlers } from './catalog.ts';
import { consoleHandlers } from './console.ts';
import { imageHandlers } from './image.ts';
import { insightHandlers } from './insight.ts';
import { netCallHandlers } from './net.ts';
import { rootfsHandlers } from './rootfs.ts';
import { vmHandlers } from './vm.ts';

export type Handlers = AsyncHandlers<VmApi, CallContext>;
/** The handlers of one record of the contract. */
export type HandlersOf<C> = Pick<Handlers, Extract<keyof C, keyof Handlers>>;

export function createHandlers(app: ManagerApp): Handlers {
  const own: Handlers = {
    ...vmHandlers(app),
    ...consoleHandlers(app),
    ...argumentsHandlers(app),
    ...imageHandlers(app),
    ...rootfsHandlers(app),
    ...netCallHandlers(app),
    ...catalogHandlers(app),
    ...insightHandlers(app),
    ...appHandlers(app),
  };
  return withForwarding(app, own);
}

/** Calls about a machine that runs in another process are answered there. */
function withForwarding(app: ManagerApp, own: Handlers): Handlers {
  type Handler = (params: { vm: string }, context: CallContext) => unknown;
  const handlers = { ...own } as unknown as Record<string, Handler>;
  for (const name of forwardedCalls) {
    const handler = handlers[name]!;
    handlers[name] = (params, context) => {
      const pid = app.vms.otherRunner(params.vm);
      return pid === undefined ? handler(params, context) : app.peers.forward(pid, name, params, context);
    };
  }
  return handlers as unknown as Handlers;
}

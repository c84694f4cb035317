/** Handlers of networks. */
import type { netCalls } from '../../contract/api/net.ts';
import { VmError } from '../../contract/errors.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import { netHandlers } from '../net/net-api.ts';
import { networks } from '../net/networks.ts';
import type { HandlersOf } from './handlers.ts';

export function netCallHandlers({ home, vms, peers }: ManagerApp): HandlersOf<typeof netCalls> {
  /** A machine of `elfdeck run` is no instance of the store: its name is all there is. */
  const nameOf = (reference: string): string => {
    try {
      return vms.store.find(reference).name;
    } catch (error) {
      if (error instanceof VmError && error.code === 'vm.not-found') return reference;
      throw error;
    }
  };
  const forward = peers.forward.bind(peers);
  return netHandlers({ home, networks, nameOf, forward });
}

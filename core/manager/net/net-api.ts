/**
 * The networking part of the VM API, over the networks of this process and the leases that say what runs in others. A process
 * without a manager (`elfdeck run`) serves it alone, for its own machines.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type MachineNetwork, type NetworkInfo, netCalls } from '../../contract/api/net.ts';
import type { AsyncHandlers } from '../../contract/contract.ts';
import { VmError } from '../../contract/errors.ts';
import { type CallContext, Session } from '../../contract/session.ts';
import { parseAddress } from '../../net/address-text.ts';
import { listenLocal } from '../local/socket-channel.ts';
import { Home } from '../store/home.ts';
import { describeForward, describeNetwork } from './describe.ts';
import type { Membership } from './membership.ts';
import { NetworkStore } from './network-store.ts';
import { leasesOf, type Networks } from './networks.ts';

/** Asks the process that runs a machine. */
export type Forward = (pid: number, call: string, params: unknown, context: CallContext) => Promise<unknown>;

export interface NetApiOptions {
  home: Home;
  networks: Networks;
  /** The name of an instance that is called so by its id; other words are passed through. */
  nameOf?: (reference: string) => string;
  /** Missing: machines of other processes are not known. */
  forward?: Forward;
}

export type NetHandlers = AsyncHandlers<typeof netCalls, CallContext>;

export function netHandlers({ home, networks, nameOf = (name) => name, forward }: NetApiOptions): NetHandlers {
  const store = new NetworkStore(home);
  const infoOf = (name: string): NetworkInfo => describeNetwork(store.get(name), leasesOf(home, name));

  type Params = { vm: string };
  /** Has `use` done by the process that runs the machine. */
  const at =
    <P extends Params, R>(call: string, use: (membership: Membership, params: P) => R | Promise<R>) =>
    async (params: P, context: CallContext): Promise<R> => {
      const name = nameOf(params.vm);
      const own = networks.find(name);
      if (own !== undefined) return use(own, params);
      const pid = forward === undefined ? undefined : runnerOf(home, store, name);
      if (pid === undefined || forward === undefined) throw notOnNetwork(params.vm);
      return (await forward(pid, call, { ...params, vm: name }, context)) as R;
    };

  return {
    'net.list': () => store.list().map(({ name }) => infoOf(name)),
    'net.create': async ({ name, subnet, subnet6, isIsolated }) => {
      await store.create({
        name,
        ...(subnet === undefined ? {} : { cidr: subnet }),
        ...(subnet6 === undefined ? {} : { cidr6: subnet6 }),
        ...(isIsolated === undefined ? {} : { isIsolated }),
      });
      networks.changed.fire();
      return infoOf(name);
    },
    'net.remove': async ({ network }) => {
      await store.remove(network, () => leasesOf(home, network).machines(false).length > 0);
      networks.changed.fire();
      return null;
    },
    'net.machine': at('net.machine', machineNetwork),
    'net.conns': at('net.conns', async ({ peer }) => (await peer.figures()).connections),
    'net.forward': at('net.forward', async (membership, { forward: spec }) => {
      const opened = await networks.forward(membership, spec);
      networks.changed.fire();
      return describeForward(opened);
    }),
    'net.unforward': at('net.unforward', (membership, which) => {
      networks.unforward(membership, which);
      networks.changed.fire();
      return null;
    }),
    'net.capture': at('net.capture', async (membership, { path }) => {
      await networks.capture(membership, path === null ? undefined : resolve(path));
      networks.changed.fire();
      return null;
    }),
    'net.set-faults': at('net.set-faults', (membership, { faults }) => {
      networks.setFaults(membership, faults);
      networks.changed.fire();
      return null;
    }),
  };
}

async function machineNetwork({ peer, forwards, faults, capture }: Membership): Promise<MachineNetwork> {
  const { cards } = await peer.figures();
  return {
    name: peer.name,
    cards,
    forwards: forwards.map(describeForward),
    faults: [...faults],
    ...(capture === undefined ? {} : { capture }),
  };
}

/** The process that runs a machine of that name or address. */
function runnerOf(home: Home, store: NetworkStore, reference: string): number | undefined {
  const address = parseAddress(reference);
  for (const { name } of store.list()) {
    for (const machine of leasesOf(home, name).machines(true)) {
      if (machine.name === reference || (address !== undefined && machine.addresses.includes(address)))
        return machine.pid;
    }
  }
  return undefined;
}

const notOnNetwork = (vm: string): VmError =>
  new VmError('vm.not-found', `no machine "${vm}" runs with a network; "elfdeck net machines" lists those that do`, {
    vm,
  });

/** Lets other processes of this user ask about the machines of this one, which has no manager. */
export async function serveNetworks(networks: Networks, home = Home.open()): Promise<void> {
  const handlers = netHandlers({ home, networks });
  const server = await listenLocal(home.socketOf(process.pid), (channel) => new Session(channel, netCalls, handlers));
  server.unref();
  const tell = (): void => writeFileSync(home.changeMark, `${process.pid} ${performance.now()}\n`);
  networks.changed.on(tell);
  tell();
}

/**
 * The virtual networks of this process and the instances on them: who has which address, the wires between all of them, and
 * the gateways. An instance joins before it boots and leaves when it has ended; what fails on joining leaves nothing behind.
 */

import { join } from 'node:path';
import { Emitter } from '../../base/event.ts';
import { wake } from '../../base/wake.ts';
import { VmError } from '../../contract/errors.ts';
import type { CardSpec, FaultRule, ForwardSpec, OutsideSpec, VmSpec } from '../../contract/vm-spec.ts';
import { openForward } from '../../host/net/forwards.ts';
import { WakeLoop } from '../../host/net/wake-loop.ts';
import { type Address, isV4 } from '../../net/address.ts';
import { formatAddress, parseAddress } from '../../net/address-text.ts';
import { cardOn, DEFAULT_NETWORK } from '../../net/network.ts';
import { OutsidePolicy, parseRule } from '../../net/policy.ts';
import type { WireConfig } from '../../net/station.ts';
import { createWireMemory, LEFT, type Side } from '../../net/wire-memory.ts';
import { Home } from '../store/home.ts';
import { withLock } from '../store/lock.ts';
import { imposeFaults } from './impose-faults.ts';
import { Leases } from './leases.ts';
import { checkFaults, LinkStages } from './link-stages.ts';
import { Membership, type OpenForward, type Peer, type Wire } from './membership.ts';
import { NetworkStore } from './network-store.ts';
import { VirtualNetwork } from './virtual-network.ts';

/** The cards of a spec. */
export function cardsOf({ network, networks, forwards }: VmSpec): CardSpec[] {
  if (networks !== undefined && networks.length > 0) return networks;
  return network || (forwards?.length ?? 0) > 0 ? [{ network: DEFAULT_NETWORK.name, addresses: [] }] : [];
}

export function outsideOf(spec: VmSpec): OutsideSpec {
  const isOpen = spec.network || (spec.networks?.length ?? 0) > 0;
  return spec.outside ?? { mode: isOpen ? 'open' : 'none', listed: [], hostPorts: [] };
}

let nextWire = 1;

/** A forward, by the port of the host. */
export interface ForwardRef {
  readonly hostPort: number;
  readonly protocol: 'tcp' | 'udp';
  readonly address?: string | undefined;
}

export class Networks {
  private readonly loop = new WakeLoop();
  private home: Home | undefined;
  private readonly networks = new Map<string, VirtualNetwork>();
  private readonly memberships = new Set<Membership>();
  /** Machines, forwards, captures or faults are others now. */
  readonly changed = new Emitter<void>();
  /** Some machine has, or had, faults. */
  private hasFaults = false;

  /** Without a home: the user's, opened when it is needed. */
  constructor(home?: Home) {
    this.home = home;
  }

  /** The machine of this process with that name or address; the one that came last when several have the name. */
  find(reference: string): Membership | undefined {
    const address = parseAddress(reference);
    return [...this.memberships].findLast(
      (one) =>
        one.peer.name === reference ||
        (address !== undefined && one.networks.some((network) => one.addressesOn(network).includes(address))),
    );
  }

  /** Throws VmError when a network, an address or a port is not to be had. */
  async join(peer: Peer, spec: VmSpec): Promise<Membership> {
    const names = cardsOf(spec).map(({ network }) => network);
    checkTwice(names);
    checkFaults(spec.faults ?? [], names);
    const networks: VirtualNetwork[] = [];
    try {
      for (const name of names) networks.push(await this.open(name));
      return await this.joinAll(peer, spec, networks);
    } finally {
      for (const network of networks) {
        network.joining--;
        this.dropUnused(network, []);
      }
    }
  }

  private async joinAll(peer: Peer, spec: VmSpec, networks: readonly VirtualNetwork[]): Promise<Membership> {
    const cards = cardsOf(spec);
    const { faults = [] } = spec;
    const membership = new Membership(peer, networks);
    membership.capture = spec.capture;
    try {
      await withLock(this.home!.locks, 'leases', () => {
        for (const [i, network] of networks.entries()) {
          network.members.set(membership, network.lease(cards[i]!.addresses, peer.name));
        }
        // Before others look whom they are to be wired to.
        this.plugIn(membership, outsideOf(spec));
      });
      this.memberships.add(membership);
      if (faults.length > 0) this.setFaults(membership, faults);
      else this.imposeFaults();
      for (const forward of spec.forwards ?? []) await this.forward(membership, forward);
    } catch (error) {
      await this.leave(membership, true);
      throw error;
    }
    this.changed.fire();
    return membership;
  }

  /** Closes a network that nobody is on, once `drained`. */
  private dropUnused(network: VirtualNetwork, drained: readonly Promise<void>[]): void {
    if (network.members.size > 0 || network.joining > 0) return;
    this.networks.delete(network.config.name);
    void Promise.all(drained).then(() => network.gateway.close());
  }

  /** A forward as people write it: `127.0.0.1:8080 -> 172.44.0.2:80/tcp`. */
  describeForward({ setup, forwards }: Membership, index: number): string {
    const { spec, forward } = forwards[index]!;
    const guest = formatAddress(setup.config.cards[0]!.addresses[0]!.address);
    const host = parseAddress(spec.address);
    const shown = host !== undefined && !isV4(host) ? `[${spec.address}]` : spec.address;
    return `${shown}:${forward.port} -> ${guest}:${spec.guestPort}/${spec.protocol}`;
  }

  /** The network, kept open until its `joining` is counted down. */
  private async open(name: string): Promise<VirtualNetwork> {
    this.home ??= Home.open();
    let network = this.networks.get(name);
    if (network === undefined) {
      network = new VirtualNetwork(new NetworkStore(this.home).get(name), this.loop);
      this.networks.set(name, network);
    }
    network.joining++;
    await network.open(leasesOf(this.home, name));
    return network;
  }

  /** Wires to the gateways and to all that are on the networks already. */
  private plugIn(membership: Membership, outside: OutsideSpec): void {
    const { peer, networks } = membership;
    const policy = new OutsidePolicy(outside.mode, outside.listed.map(ruleOf), () => performance.now());
    const own: WireConfig[] = [];
    for (const [card, network] of networks.entries()) {
      const addresses = membership.addressesOn(network);
      const gatewayWire = this.wire(membership, network, network);
      const guest = {
        name: peer.name,
        outside: policy,
        hostPorts: new Set(outside.hostPorts),
        addresses,
        leased: addresses,
      };
      network.gateway.add({ ...guest, wire: gatewayWire.id });
      membership.guests.push(network.gateway.guests.get(gatewayWire.id)!);
      network.gateway.station.attach(endOf(gatewayWire, 0, peer.control, 0, addresses));
      own.push({ ...endOf(gatewayWire, 1, this.loop.buffer, card, network.gateway.addresses), isGateway: true });
      for (const other of network.members.keys()) {
        if (other === membership) continue;
        const wire = this.wire(membership, other, network);
        other.peer.attach(endOf(wire, 0, peer.control, other.networks.indexOf(network), addresses));
        own.push(endOf(wire, 1, other.peer.control, card, other.addressesOn(network)));
      }
    }
    const config = {
      cards: networks.map((network) => cardOn(network.config, membership.addressesOn(network))),
      nameServers: networks[0]!.gateway.addresses,
      searchDomain: networks[0]!.config.name,
    };
    membership.setup = { config, wires: own };
  }

  private wire(membership: Membership, other: Membership | VirtualNetwork, network: VirtualNetwork): Wire {
    const wire: Wire = { id: nextWire++, buffer: createWireMemory(), network, ends: [membership, other] };
    membership.wires.push(wire);
    if (other instanceof Membership) other.wires.push(wire);
    return wire;
  }

  /** Opens one more forward to a machine. */
  async forward(membership: Membership, spec: ForwardSpec): Promise<OpenForward> {
    const network = membership.networks[0]!;
    const address = (): Address | undefined => {
      const own = membership.addressesOn(network);
      return own.find(isV4) ?? own[0];
    };
    const { hostPort: port, protocol } = spec;
    const place = { address: spec.address, port, protocol };
    const forward = await openForward(network.gateway, place, { address, port: spec.guestPort });
    const opened = { spec, forward };
    membership.forwards.push(opened);
    return opened;
  }

  /** Throws VmError `net.not-found` when there is no such forward, `net.malformed` when several have that port. */
  unforward(membership: Membership, which: ForwardRef): void {
    const { hostPort, protocol, address } = which;
    const found = membership.forwards.filter(
      ({ spec, forward }) =>
        forward.port === hostPort && spec.protocol === protocol && (address === undefined || spec.address === address),
    );
    const place = `port ${hostPort}/${protocol}${address === undefined ? '' : ` of ${address}`}`;
    const { name } = membership.peer;
    if (found.length === 0)
      throw new VmError('net.not-found', `no forward from ${place} leads to "${name}"`, { ...which });
    if (found.length > 1) {
      const places = found.map(({ spec }) => spec.address).join(' and ');
      throw new VmError('net.malformed', `${place} is forwarded from ${places}; say which address`, { ...which });
    }
    found[0]!.forward.close();
    membership.forwards.splice(membership.forwards.indexOf(found[0]!), 1);
  }

  /** Begins a capture of a machine, in place of the one before, or ends it. */
  async capture(membership: Membership, path: string | undefined): Promise<void> {
    await membership.peer.capture(path);
    membership.capture = path;
  }

  /** Replaces the faults on purpose of a machine's links. Throws VmError `net.malformed`. */
  setFaults(membership: Membership, faults: readonly FaultRule[]): void {
    const names = membership.networks.map(({ config }) => config.name);
    checkFaults(faults, names);
    membership.faults = faults;
    membership.links = new LinkStages(membership.peer.name, faults);
    this.hasFaults ||= faults.length > 0;
    this.imposeFaults();
  }
  /** Rules name machines, which come and go: all stations are told again at each change. */
  private imposeFaults(): void {
    if (this.hasFaults) imposeFaults(this.memberships, [...this.networks.values()]);
  }

  /** The machine has given itself other addresses on a card. */
  readdress(membership: Membership, card: number, addresses: readonly Address[]): void {
    const network = membership.networks[card];
    if (network === undefined) return;
    if (!network.readdress(membership, addresses)) return;
    membership.guests[card]!.addresses = addresses;
    this.imposeFaults();
    for (const { id, ends } of membership.wires) {
      const other = ends[0] === membership ? ends[1] : ends[0];
      if (other === network) network.gateway.station.readdress(id, addresses);
      else if (other instanceof Membership && other.networks.includes(network)) other.peer.readdress(id, addresses);
    }
  }

  /**
   * Takes an instance off its networks. What it had sent still reaches its peers, unless it left abruptly. Ports and
   * addresses are free at once; resolves when the host's sockets have taken what was sent.
   */
  async leave(membership: Membership, isAbrupt: boolean): Promise<void> {
    this.memberships.delete(membership);
    for (const { forward } of membership.forwards) forward.close();
    const drained: Promise<void>[] = [];
    for (const { id, buffer, ends } of membership.wires) {
      const words = new Int32Array(buffer);
      const other = ends[0] === membership ? ends[1] : ends[0];
      Atomics.or(words, LEFT, 3);
      if (other instanceof Membership) {
        other.peer.detach(id);
        wake(new Int32Array(other.peer.control));
        other.wires.splice(
          other.wires.findIndex((wire) => wire.id === id),
          1,
        );
      } else drained.push(other.gateway.remove(id, isAbrupt));
    }
    for (const network of membership.networks) {
      network.release(membership);
      this.dropUnused(network, drained);
    }
    this.changed.fire();
    await Promise.all(drained);
  }
}

function checkTwice(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new VmError('net.malformed', `the network "${twice}" is given twice; a machine has one card on each`);
}

const ruleOf = (text: string) => {
  const rule = parseRule(text);
  if (rule !== undefined) return rule;
  throw new VmError(
    'net.malformed',
    `"${text}" is no destination; write ADDRESS, CIDR or NAME, with :PORT behind it or not`,
  );
};

const endOf = (
  { id, buffer }: Wire,
  side: Side,
  wakeWords: SharedArrayBuffer,
  card: number,
  addresses: readonly Address[],
): WireConfig => ({ id, buffer, side, wakeWords, card, addresses });

/** The addresses in use on a network. */
export const leasesOf = (home: Home, name: string): Leases =>
  new Leases(join(new NetworkStore(home).folder, `${name}.d`));

/** The networks of this process. */
export const networks = new Networks();

/** An instance's place on virtual networks: its wires, forwards and faults, and what the networks ask of it. */
import type { FaultRule, ForwardSpec } from '../../contract/vm-spec.ts';
import type { Forward } from '../../host/net/forwards.ts';
import type { Guest } from '../../host/net/gateway.ts';
import type { Address } from '../../net/address.ts';
import type { WireFaults } from '../../net/fault-plan.ts';
import type { NetworkFigures } from '../../net/figures.ts';
import type { StationSetup, WireConfig } from '../../net/station.ts';
import { LinkStages } from './link-stages.ts';
import type { VirtualNetwork } from './virtual-network.ts';

/** What the networks ask of an instance that is on them. */
export interface Peer {
  readonly name: string;
  /** Its control words, which wake it. */
  readonly control: SharedArrayBuffer;
  attach(wire: WireConfig): void;
  detach(id: number): void;
  readdress(id: number, addresses: readonly Address[]): void;
  /** Cards and sockets of the machine; rejects when it has not booted or has ended. */
  figures(): Promise<NetworkFigures>;
  capture(path: string | undefined): Promise<void>;
  /** Faults on what comes in over its wires; others have none. */
  impair(faults: readonly WireFaults[]): void;
}

export interface OpenForward {
  readonly spec: ForwardSpec;
  readonly forward: Forward;
}

export interface Wire {
  readonly id: number;
  readonly buffer: SharedArrayBuffer;
  readonly network: VirtualNetwork;
  readonly ends: readonly [Membership, Membership | VirtualNetwork];
}

/** An instance's place on its networks. */
export class Membership {
  readonly peer: Peer;
  readonly networks: readonly VirtualNetwork[];
  readonly forwards: OpenForward[] = [];
  faults: readonly FaultRule[] = [];
  /** The rules as stages of its links, made when the rules are set. */
  links = new LinkStages('', []);
  /** The file that takes its capture. */
  capture: string | undefined = undefined;
  setup: StationSetup = undefined!;
  readonly wires: Wire[] = [];
  readonly guests: Guest[] = [];

  constructor(peer: Peer, networks: readonly VirtualNetwork[]) {
    this.peer = peer;
    this.networks = networks;
  }

  addressesOn(network: VirtualNetwork): readonly Address[] {
    return network.members.get(this) ?? [];
  }
}

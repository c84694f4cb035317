/** A machine's rules of faults on purpose, as the stages that stations impose (core/net/fault-plan.ts). */
import { VmError } from '../../contract/errors.ts';
import type { FaultRule } from '../../contract/vm-spec.ts';
import type { Address } from '../../net/address.ts';
import { type FaultEntry, hostPrefix, keyOf, type LinkFaults, parsePeer, type Stage } from '../../net/fault-plan.ts';
import { gatewaysOf, type NetworkConfig, prefixesOf } from '../../net/network.ts';

type Direction = 'in' | 'out';

/** Throws VmError `net.malformed` for a rule that can concern nothing. */
export function checkFaults(rules: readonly FaultRule[], networks: readonly string[]): void {
  for (const { network, peer } of rules) {
    if (network !== undefined && !networks.includes(network)) {
      const message = `faults: the machine has no card on the network "${network}"; it is on ${networks.join(' and ')}`;
      throw new VmError('net.malformed', message, { network });
    }
    if (peer !== undefined && parsePeer(peer) === undefined) {
      const message = `faults: "${peer}" is no name, address or prefix; "outside" stands for what is beyond the network`;
      throw new VmError('net.malformed', message, { peer });
    }
  }
}

export class LinkStages {
  private readonly name: string;
  private readonly rules: readonly FaultRule[];
  /** The words that share the rate of each rule, on each network and in each direction. */
  private readonly busy = new Map<string, SharedArrayBuffer>();

  constructor(name: string, rules: readonly FaultRule[]) {
    this.name = name;
    this.rules = rules;
  }

  /** One stage, or none when no rule is about that direction. `addressesOf` a machine's name. */
  stages(
    direction: Direction,
    network: NetworkConfig,
    addressesOf: (name: string) => readonly Address[],
  ): readonly Stage[] {
    const entries: FaultEntry[] = [];
    for (const [i, rule] of this.rules.entries()) {
      if ((rule.network ?? network.name) !== network.name || (rule.direction ?? direction) !== direction) continue;
      const busyUntil = this.busyUntil(`${i} ${direction} ${network.name}`);
      for (const peers of peersOf(rule, network, addressesOf))
        entries.push({ ...peers, faults: faultsOf(rule), busyUntil });
    }
    const key = keyOf(`${this.name} ${network.name} ${direction}`);
    return entries.length === 0 ? [] : [{ key, looksAt: direction === 'in' ? 'from' : 'to', entries }];
  }

  private busyUntil(key: string): SharedArrayBuffer {
    let word = this.busy.get(key);
    if (word === undefined) {
      word = new SharedArrayBuffer(8);
      this.busy.set(key, word);
    }
    return word;
  }
}

function peersOf(
  { peer }: FaultRule,
  network: NetworkConfig,
  addressesOf: (name: string) => readonly Address[],
): Pick<FaultEntry, 'within' | 'beyond'>[] {
  const meant = peer === undefined ? undefined : parsePeer(peer);
  if (meant === undefined) return [{ within: undefined, beyond: undefined }];
  if (meant === 'outside') {
    // The host speaks by the gateway's address.
    const host = { within: gatewaysOf(network).map(hostPrefix), beyond: undefined };
    return [host, { within: undefined, beyond: prefixesOf(network) }];
  }
  const within = 'prefix' in meant ? [meant.prefix] : addressesOf(meant.name).map(hostPrefix);
  return [{ within, beyond: undefined }];
}

const faultsOf = (rule: FaultRule): LinkFaults => ({
  latencyMs: rule.latencyMs ?? 0,
  jitterMs: rule.jitterMs ?? 0,
  lossPercent: rule.lossPercent ?? 0,
  bytesPerSecond: rule.bytesPerSecond ?? 0,
  isPartitioned: rule.isPartitioned ?? false,
  seed: rule.seed ?? 0,
});

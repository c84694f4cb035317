/** A virtual network as this process has it: its gateway, its machines here, and the leases that all processes share. */
import { VmError } from '../../contract/errors.ts';
import type { Door } from '../../host/net/door.ts';
import { Gateway } from '../../host/net/gateway.ts';
import type { WakeLoop } from '../../host/net/wake-loop.ts';
import { type Address, isV4 } from '../../net/address.ts';
import { formatAddress, formatPrefix, parseAddress } from '../../net/address-text.ts';
import { guestAddresses, hostCount, type NetworkConfig, prefixesOf, prefixLenIn } from '../../net/network.ts';
import type { Leases } from './leases.ts';
import type { Membership } from './membership.ts';

export class VirtualNetwork {
  readonly config: NetworkConfig;
  readonly gateway: Gateway;
  readonly members = new Map<Membership, Address[]>();
  private leases: Leases | undefined;
  private door: Door | undefined;

  constructor(config: NetworkConfig, loop: WakeLoop) {
    this.config = config;
    this.gateway = new Gateway(config, loop);
  }

  /** Machines that are about to join. */
  joining = 0;
  private opening: Promise<void> | undefined;

  /** Opens the way to other processes; once, however many wait for it. */
  open(leases: Leases): Promise<void> {
    this.opening ??= this.openDoor(leases);
    return this.opening;
  }
  private async openDoor(leases: Leases): Promise<void> {
    this.leases = leases;
    this.gateway.neighbours = {
      at: (address) => leases.machines(true).find(({ addresses }) => addresses.includes(address)),
      all: () => leases.machines(true),
    };
    this.door = await this.gateway.openDoor();
  }

  /** Takes all of the addresses, or none. */
  private take(addresses: readonly Address[], name: string): boolean {
    const { port, key } = this.door!;
    const taken: Address[] = [];
    for (const address of addresses) {
      const isFree =
        !this.gateway.addresses.includes(address) && this.leases!.take(address, addresses, { name, port, key });
      if (isFree) taken.push(address);
      else {
        for (const one of taken) this.leases!.release(one);
        return false;
      }
    }
    return true;
  }

  /** Takes the addresses wanted, or the first free ones, for the machine of that name. */
  lease(wanted: readonly string[], name: string): Address[] {
    const given = wanted.map((text) => this.check(text));
    const hasV4 = given.some(isV4);
    const hasV6 = given.some((address) => !isV4(address));
    for (let n = 0; n < hostCount(this.config); n++) {
      const free = guestAddresses(this.config, n).filter((address) => !(isV4(address) ? hasV4 : hasV6));
      const addresses = [...given, ...free];
      if (this.take(addresses, name)) return addresses;
      if (free.length === 0) break;
    }
    if (given.length > 0) {
      const texts = given.map(formatAddress).join(', ');
      const message = `the address ${texts} of the network "${this.config.name}" is in use; choose another, or none to have a free one`;
      throw new VmError('net.in-use', message, { addresses: texts });
    }
    const prefix = formatPrefix(this.config.v4);
    throw new VmError('net.in-use', `all addresses of the network "${this.config.name}" (${prefix}) are taken`);
  }

  /** The machine has other addresses now; false when somebody else has one of them. */
  readdress(membership: Membership, addresses: readonly Address[]): boolean {
    const before = this.members.get(membership) ?? [];
    for (const address of before) this.leases!.release(address);
    const isDone = this.take(addresses, membership.peer.name);
    if (!isDone) this.take(before, membership.peer.name);
    else this.members.set(membership, [...addresses]);
    return isDone;
  }

  /** Addresses of the machines of that name, of all processes. */
  addressesOf(name: string): Address[] {
    return this.leases!.machines(false).flatMap((machine) => (machine.name === name ? machine.addresses : []));
  }

  release(membership: Membership): void {
    for (const address of this.members.get(membership) ?? []) this.leases?.release(address);
    this.members.delete(membership);
  }

  private check(text: string): Address {
    const { config } = this;
    const address = parseAddress(text);
    if (address === undefined) throw new VmError('net.malformed', `"${text}" is no IP address`);
    if (prefixLenIn(config, address) === undefined) {
      const prefixes = prefixesOf(config).map(formatPrefix).join(' and ');
      throw new VmError('net.malformed', `${text} is not in the network "${config.name}", which has ${prefixes}`);
    }
    return address;
  }
}

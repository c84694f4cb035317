/**
 * Port numbers of one transport protocol: who uses which, who may share one, and ephemeral ports. The rules are those of
 * SO_REUSEADDR and SO_REUSEPORT in socket(7) and IPV6_V6ONLY in ipv6(7).
 */
import { type Address, ANY4, ANY6, isAny, isV4 } from './address.ts';

/** net.ipv4.ip_local_port_range. */
export const EPHEMERAL_FIRST = 32768;
export const EPHEMERAL_LAST = 60999;

export interface PortUser {
  readonly localHost: Address;
  readonly isV6Only: boolean;
  readonly reusesAddress: boolean;
  readonly reusesPort: boolean;
  readonly ownerUid: number;
  /** A listening socket shares its port by SO_REUSEPORT only. */
  readonly isListening: boolean;
}

/** What matters of a user's address: two of different versions meet only through a dual-stack `::`. */
type Place = Pick<PortUser, 'localHost' | 'isV6Only'>;

/** How well packets to `target` fit a user: 0 not at all, 2 for its very address. */
export function matchAddress({ localHost, isV6Only }: Place, target: Address): 0 | 1 | 2 {
  if (localHost === target) return 2;
  if (localHost === ANY4) return isV4(target) ? 1 : 0;
  return localHost === ANY6 && !(isV6Only && isV4(target)) ? 1 : 0;
}

function overlaps(a: Place, b: Place): boolean {
  if (isAny(a.localHost) && isAny(b.localHost)) {
    return a.localHost === b.localHost || !(a.localHost === ANY6 ? a : b).isV6Only;
  }
  return matchAddress(a, b.localHost) > 0 || matchAddress(b, a.localHost) > 0;
}

/** `a` comes to a port that `b` has. */
function mayShare(a: PortUser, b: PortUser): boolean {
  if (a.reusesPort && b.reusesPort && a.ownerUid === b.ownerUid) return true;
  return a.reusesAddress && b.reusesAddress && !b.isListening;
}

export class PortTable<User extends PortUser> {
  private readonly byPort = new Map<number, Set<User>>();
  private next: number;

  /** `seed`: where the search for ephemeral ports begins. */
  constructor(seed: number) {
    this.next = EPHEMERAL_FIRST + (seed % (EPHEMERAL_LAST + 1 - EPHEMERAL_FIRST));
  }

  at(port: number): ReadonlySet<User> {
    return this.byPort.get(port) ?? nobody;
  }
  *[Symbol.iterator](): Generator<User> {
    for (const users of this.byPort.values()) yield* users;
  }

  /** False when somebody else on the port keeps `user` from it. */
  isFree(user: User, port: number): boolean {
    for (const other of this.at(port)) {
      if (other !== user && overlaps(user, other) && !mayShare(user, other)) return false;
    }
    return true;
  }

  /** A port of the ephemeral range that nobody has; undefined when all are taken. */
  ephemeral(): number | undefined {
    for (let tries = EPHEMERAL_FIRST; tries <= EPHEMERAL_LAST; tries++) {
      const port = this.next;
      this.next = port === EPHEMERAL_LAST ? EPHEMERAL_FIRST : port + 1;
      if (!this.byPort.has(port)) return port;
    }
    return undefined;
  }

  add(user: User, port: number): void {
    let users = this.byPort.get(port);
    if (users === undefined) {
      users = new Set();
      this.byPort.set(port, users);
    }
    users.add(user);
  }

  remove(user: User, port: number): void {
    const users = this.byPort.get(port);
    users?.delete(user);
    if (users?.size === 0) this.byPort.delete(port);
  }
}

const nobody: ReadonlySet<never> = new Set();

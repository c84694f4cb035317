/**
 * The virtual networks that the user has made, one document each, in the user's data folder. `default` is there without one.
 * Changes are made under a lock, so that two processes never make networks that overlap.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { VmError } from '../../contract/errors.ts';
import { isV4 } from '../../net/address.ts';
import { formatAddress, formatPrefix, overlap, type Prefix, parsePrefix } from '../../net/address-text.ts';
import { DEFAULT_NETWORK, type NetworkConfig } from '../../net/network.ts';
import { namesIn } from '../store/atomic.ts';
import { DocumentKind } from '../store/document.ts';
import type { Home } from '../store/home.ts';
import { withLock } from '../store/lock.ts';

/** What a new network is made of, as the user writes it. */
export interface NetworkRequest {
  readonly name: string;
  /** Without one the first free 172.44.N.0/24 is taken. */
  readonly cidr?: string;
  readonly cidr6?: string;
  readonly isIsolated?: boolean;
}

const document = new DocumentKind(
  'the network',
  z.object({ name: z.string(), cidr: z.string(), cidr6: z.optional(z.string()), isolated: z.boolean() }),
);

const NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/i;
const SUFFIX = '.json';
/** Room for the host, a guest, and the two addresses that nobody can have. */
const LONGEST_V4 = 29;
const SHORTEST_V4 = 8;
const LONGEST_V6 = 120;
const SHORTEST_V6 = 32;

export class NetworkStore {
  private readonly home: Home;

  constructor(home: Home) {
    this.home = home;
  }

  get folder(): string {
    const path = join(this.home.path, 'networks');
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  list(): NetworkConfig[] {
    const names = namesIn(this.folder).filter((file) => file.endsWith(SUFFIX));
    const own = names.flatMap((file) => this.read(file.slice(0, -SUFFIX.length)) ?? []);
    return [DEFAULT_NETWORK, ...own.sort((a, b) => (a.name < b.name ? -1 : 1))];
  }

  /** Throws VmError `net.not-found`. */
  get(name: string): NetworkConfig {
    const found = name === DEFAULT_NETWORK.name ? DEFAULT_NETWORK : NAME.test(name) ? this.read(name) : undefined;
    if (found !== undefined) return found;
    const message = `there is no network "${name}"; "elfdeck net ls" lists them, "elfdeck net create ${name}" makes it`;
    throw new VmError('net.not-found', message, { name });
  }

  private read(name: string): NetworkConfig | undefined {
    const stored = document.read(join(this.folder, name + SUFFIX));
    if (stored === undefined) return undefined;
    const v6 = stored.cidr6 === undefined ? undefined : parsePrefix(stored.cidr6);
    return { name: stored.name, v4: parsePrefix(stored.cidr)!, v6, isIsolated: stored.isolated };
  }

  /** Throws VmError `net.malformed` or `net.in-use`. */
  async create(request: NetworkRequest): Promise<NetworkConfig> {
    const { name } = request;
    if (!NAME.test(name)) {
      const message = `"${name}" is no name for a network; use letters, digits, "-", "_" and ".", a letter or digit first`;
      throw new VmError('net.malformed', message, { name });
    }
    const v4 = request.cidr === undefined ? undefined : checkPrefix(request.cidr, true);
    const v6 = request.cidr6 === undefined ? undefined : checkPrefix(request.cidr6, false);
    return withLock(this.home.locks, 'networks', () => {
      const others = this.list();
      if (others.some((one) => one.name.toLowerCase() === name.toLowerCase())) {
        throw new VmError('net.in-use', `there is a network "${name}" already`, { name });
      }
      const prefix = v4 ?? freePrefix(others);
      checkOverlap(others, prefix);
      if (v6 !== undefined) checkOverlap(others, v6);
      const config = { name, v4: prefix, v6, isIsolated: request.isIsolated ?? false };
      document.write(join(this.folder, name + SUFFIX), {
        name,
        cidr: formatPrefix(prefix),
        ...(v6 === undefined ? {} : { cidr6: formatPrefix(v6) }),
        isolated: config.isIsolated,
      });
      return config;
    });
  }

  /** Throws VmError `net.not-found`, or `net.in-use` while machines are on it. */
  async remove(name: string, isUsed: () => boolean): Promise<void> {
    if (name === DEFAULT_NETWORK.name) {
      throw new VmError('net.in-use', 'the network "default" is built in and stays', { name });
    }
    await withLock(this.home.locks, 'networks', () => {
      this.get(name);
      if (isUsed()) {
        const message = `machines are on the network "${name}"; stop them first ("elfdeck net inspect ${name}" lists them)`;
        throw new VmError('net.in-use', message, { name });
      }
      rmSync(join(this.folder, name + SUFFIX));
      rmSync(join(this.folder, `${name}.d`), { recursive: true, force: true });
    });
  }
}

function checkPrefix(text: string, wantsV4: boolean): Prefix {
  const example = wantsV4 ? '10.5.0.0/24' : 'fd00:5::/64';
  const parsed = parsePrefix(text);
  if (parsed === undefined || isV4(parsed.network) !== wantsV4) {
    throw new VmError('net.malformed', `"${text}" is no IPv${wantsV4 ? 4 : 6} prefix; write for example ${example}`, {
      text,
    });
  }
  const { address, network, prefixLen } = parsed;
  if (address !== network) {
    const meant = `${formatAddress(network)}/${prefixLen}`;
    throw new VmError('net.malformed', `${text} has bits behind its prefix; write ${meant}`, { text });
  }
  const [shortest, longest] = wantsV4 ? [SHORTEST_V4, LONGEST_V4] : [SHORTEST_V6, LONGEST_V6];
  if (prefixLen < shortest || prefixLen > longest) {
    const message = `a network has a prefix of ${shortest} to ${longest} bits; ${text} has ${prefixLen}`;
    throw new VmError('net.malformed', message, { text });
  }
  if (RESERVED.some((reserved) => overlap(reserved, parsed))) {
    throw new VmError(
      'net.malformed',
      `${text} has addresses with a meaning of their own; write for example ${example}`,
      {
        text,
      },
    );
  }
  return { network, prefixLen };
}

/** This machine, groups, link-local. */
const RESERVED: readonly Prefix[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/16',
  'fe80::/10',
  'ff00::/8',
].map((text) => parsePrefix(text)!);

function checkOverlap(others: readonly NetworkConfig[], prefix: Prefix): void {
  for (const { name, v4, v6 } of others) {
    const clash = [v4, ...(v6 === undefined ? [] : [v6])].find((own) => overlap(own, prefix));
    if (clash === undefined) continue;
    const message = `${formatPrefix(prefix)} overlaps with the network "${name}" (${formatPrefix(clash)}); choose another prefix`;
    throw new VmError('net.in-use', message, { name });
  }
}

function freePrefix(others: readonly NetworkConfig[]): Prefix {
  for (let n = 1; n < 256; n++) {
    const prefix = parsePrefix(`172.44.${n}.0/24`)!;
    if (!others.some(({ v4 }) => overlap(v4, prefix))) return prefix;
  }
  throw new VmError('net.in-use', 'all of 172.44.0.0/16 is in use; choose a prefix with --subnet');
}

/**
 * Which addresses of a network are in use, by all processes of the user: a file for each, named after the address, that says
 * whose it is and how to reach it. Files are complete from the moment they are there (written beside, then linked), and one
 * whose process has died counts for nothing. The key of a process's door is in them, so they are the user's alone.
 */
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { bytesToStr } from '../../base/bytes.ts';
import type { Neighbour } from '../../host/net/door.ts';
import type { Address } from '../../net/address.ts';
import { formatAddress, parseAddress } from '../../net/address-text.ts';
import { namesIn, readText, stagingName } from '../store/atomic.ts';
import { isAlive, isOwn, ownProcess } from '../store/process-mark.ts';

const LeaseFile = z.object({
  pid: z.int(),
  start: z.number(),
  name: z.string(),
  port: z.int(),
  /** Hexadecimal. */
  key: z.string(),
  /** All of the machine's. */
  addresses: z.array(z.string()),
});
type LeaseFile = z.infer<typeof LeaseFile>;

/** How long a list that was read may be used again. */
const FRESH_MS = 200;

/** A machine of some process, this one's or another's. */
export interface LeasedMachine extends Neighbour {
  readonly pid: number;
}

export interface LeaseHolder {
  readonly name: string;
  readonly port: number;
  readonly key: string;
}

export class Leases {
  private readonly folder: string;
  private known: LeaseFile[] = [];
  private readAtMs = Number.NEGATIVE_INFINITY;

  /** `folder` is made when it is missing. */
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  private path(address: Address): string {
    // Colons are not for file names everywhere.
    return join(this.folder, formatAddress(address).replaceAll(':', '_'));
  }

  /** Takes the address; false when somebody alive has it. */
  take(address: Address, all: readonly Address[], { name, port, key }: LeaseHolder): boolean {
    const path = this.path(address);
    const before = this.read(path);
    if (before !== undefined) {
      if (isAlive(before)) return false;
      rmSync(path, { force: true });
    }
    const hex = Buffer.from(key, 'latin1').toString('hex');
    const lease = { ...ownProcess(), name, port, key: hex, addresses: all.map(formatAddress) };
    const temporary = join(this.folder, `.${stagingName()}`);
    writeFileSync(temporary, JSON.stringify(lease), { flag: 'wx', mode: 0o600 });
    try {
      linkSync(temporary, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      rmSync(temporary, { force: true });
      this.readAtMs = Number.NEGATIVE_INFINITY;
    }
  }

  /** Gives back an address of this process. */
  release(address: Address): void {
    const path = this.path(address);
    const lease = this.read(path);
    if (lease !== undefined && isOwn(lease)) rmSync(path, { force: true });
    this.readAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Undefined when there is none; one that is damaged is nobody's. */
  private read(path: string): LeaseFile | undefined {
    const text = readText(path);
    if (text === undefined) return undefined;
    const dead = { pid: -1, start: 1, name: '', port: 0, key: '', addresses: [] };
    try {
      const parsed = z.safeParse(LeaseFile, JSON.parse(text));
      return parsed.success ? parsed.data : dead;
    } catch {
      return dead;
    }
  }

  /** Leases of the living. */
  private list(): readonly LeaseFile[] {
    const now = performance.now();
    if (now - this.readAtMs > FRESH_MS) {
      const names = namesIn(this.folder).filter((name) => !name.startsWith('.'));
      this.known = names.flatMap((name) => this.read(join(this.folder, name)) ?? []).filter(isAlive);
      this.readAtMs = now;
    }
    return this.known;
  }

  /** Machines on the network, of all processes or of the others. */
  machines(isOthersOnly: boolean): LeasedMachine[] {
    const found = new Map<string, LeasedMachine>();
    for (const lease of this.list()) {
      if (isOthersOnly && isOwn(lease)) continue;
      const addresses = lease.addresses.flatMap((text) => parseAddress(text) ?? []);
      const key = bytesToStr(Buffer.from(lease.key, 'hex'));
      found.set(lease.addresses.join(' '), { name: lease.name, addresses, port: lease.port, key, pid: lease.pid });
    }
    return [...found.values()];
  }
}

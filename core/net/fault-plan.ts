/**
 * Faults on purpose as a station imposes them. What arrives over a wire passes *stages*: that of the sender's link (its way
 * out), then that of the receiver's (its way in). A stage is a list of entries, of which the first that is about the other
 * machine counts.
 *
 * Losses and delays are drawn by position, not by time: the same seed, link, connection and packet number give the same
 * draw, however the threads run. TCP's packet number is the position of its bytes.
 */
import { type Address, isInPrefix, isV4 } from './address.ts';
import { type Prefix, parseAddress, parsePrefix } from './address-text.ts';

export interface LinkFaults {
  readonly latencyMs: number;
  /** Added at random: from 0 to this. */
  readonly jitterMs: number;
  readonly lossPercent: number;
  /** 0: no limit. */
  readonly bytesPerSecond: number;
  readonly isPartitioned: boolean;
  readonly seed: number;
}

export interface FaultEntry {
  /** Addresses that it is about; undefined: all, less those `beyond`. */
  readonly within: readonly Prefix[] | undefined;
  /** It is about addresses outside all of these. */
  readonly beyond: readonly Prefix[] | undefined;
  readonly faults: LinkFaults;
  /** One 64-bit word: when the line is free again, in microseconds of `nowMs`; all ends of the link share it. */
  readonly busyUntil: SharedArrayBuffer;
}

export interface Stage {
  /** Tells links apart in draws. */
  readonly key: number;
  /** Which end the entries are about: a link's way out is chosen by the receiver, its way in by the sender. */
  readonly looksAt: 'from' | 'to';
  readonly entries: readonly FaultEntry[];
}

/** What is imposed on what comes in over a wire. */
export interface WireFaults {
  readonly wire: number;
  readonly stages: readonly Stage[];
}

/** What `peer` of a rule means: addresses, what is beyond the network, or a machine's name. Undefined when malformed. */
export function parsePeer(text: string): { prefix: Prefix } | { name: string } | 'outside' | undefined {
  if (text === 'outside') return 'outside';
  const address = parseAddress(text);
  if (address !== undefined) return { prefix: hostPrefix(address) };
  if (text.includes('/')) {
    const prefix = parsePrefix(text);
    return prefix && { prefix };
  }
  return /^[a-z0-9][a-z0-9_.-]*$/i.test(text) ? { name: text } : undefined;
}

export const hostPrefix = (network: Address): Prefix => ({ network, prefixLen: isV4(network) ? 32 : 128 });

const lies = (address: Address, prefixes: readonly Prefix[]): boolean =>
  prefixes.some(({ network, prefixLen }) => isInPrefix(address, network, prefixLen));

function entryFor({ looksAt, entries }: Stage, ends: PacketEnds): FaultEntry | undefined {
  const address = ends[looksAt];
  return entries.find(
    ({ within, beyond }) =>
      (within === undefined || lies(address, within)) && (beyond === undefined || !lies(address, beyond)),
  );
}

export interface PacketEnds {
  readonly from: Address;
  readonly to: Address;
}

/** True when a stage has something to say about what passes between the two. */
export const concerns = (stages: readonly Stage[], ends: PacketEnds): boolean =>
  stages.some((stage) => entryFor(stage, ends) !== undefined);

export interface Packet extends PacketEnds {
  readonly lenBytes: number;
  /** Number of the connection, its number in it, and of the try. */
  readonly flow: number;
  readonly index: number;
  readonly attempt: number;
}

/** Headers of Ethernet, IPv4 and TCP with time stamps; a link's rate counts them. */
const HEADER_BYTES = 66;
const LOSS = 1;
const JITTER = 2;

/** When a packet that leaves now arrives, in `nowMs`; undefined when it is lost. */
export function arrivalMs(stages: readonly Stage[], packet: Packet, nowMs: number): number | undefined {
  let at = nowMs;
  for (const stage of stages) {
    const entry = entryFor(stage, packet);
    if (entry === undefined) continue;
    const { latencyMs, jitterMs, lossPercent, bytesPerSecond, isPartitioned, seed } = entry.faults;
    if (isPartitioned) return undefined;
    if (lossPercent > 0 && draw(seed, stage.key, packet, LOSS) * 100 < lossPercent) return undefined;
    if (bytesPerSecond > 0) {
      at = reserve(entry.busyUntil, at, ((packet.lenBytes + HEADER_BYTES) / bytesPerSecond) * 1000);
    }
    at += latencyMs;
    if (jitterMs > 0) at += jitterMs * draw(seed, stage.key, packet, JITTER);
  }
  return at;
}

/** Takes the line from when it is free, at `atMs` at the earliest, for `durationMs`; returns when it is done. */
function reserve(busyUntil: SharedArrayBuffer, atMs: number, durationMs: number): number {
  const word = new BigInt64Array(busyUntil);
  const earliest = BigInt(Math.round(atMs * 1000));
  const duration = BigInt(Math.max(1, Math.round(durationMs * 1000)));
  for (;;) {
    const before = Atomics.load(word, 0);
    const after = (before > earliest ? before : earliest) + duration;
    if (Atomics.compareExchange(word, 0, before, after) === before) return Number(after) / 1000;
  }
}

/** From 0 to below 1, the same for the same words: murmur3's mixing of 32-bit words. */
function draw(seed: number, key: number, { flow, index, attempt }: Packet, purpose: number): number {
  let hash = mix(seed, key);
  hash = mix(hash, flow);
  hash = mix(hash, index);
  hash = mix(hash, (attempt << 2) | purpose);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const mixed = hash ^ k;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** A number for a name, for `Stage.key`. */
export function keyOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  return hash;
}

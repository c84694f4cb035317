/** IP addresses and prefixes as text: dotted quads, RFC 4291 section 2.2 in, RFC 5952 out. */
import { type Address, fromV4, isV4, v4Part } from './address.ts';

/** Undefined when the text is no address. A scope (`%eth0`) is not part of one. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

export function parseV4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) {
    return undefined;
  }
  return fromV4(Uint8Array.from(parts, Number));
}

function parseV6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(parseGroups);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === 16 ? head : undefined;
  const gap = 16 - head.length - tail.length;
  return gap < 2 ? undefined : head + '\0'.repeat(gap) + tail;
}

/** Groups of 16 bits, the last two of which may be a dotted quad, as a byte string. */
function parseGroups(text: string): string | undefined {
  if (text === '') return '';
  const groups = text.split(':');
  let bytes = '';
  for (const [i, group] of groups.entries()) {
    const quad = i === groups.length - 1 && group.includes('.') ? parseV4(group) : undefined;
    if (quad !== undefined) bytes += v4Part(quad);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes += String.fromCharCode(value >> 8, value & 0xff);
    } else return undefined;
  }
  return bytes.length <= 16 ? bytes : undefined;
}

export function formatAddress(address: Address): string {
  if (isV4(address)) return Array.from(v4Part(address), (byte) => byte.charCodeAt(0)).join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((address.charCodeAt(2 * i) << 8) | address.charCodeAt(2 * i + 1)).toString(16),
  );
  // The longest run of at least two zero groups becomes `::`, the first one of two alike.
  const runs = [...groups.join(':').matchAll(/(?<![0-9a-f])0(:0)+(?![0-9a-f])/g)];
  const longest = runs.reduce((best, [run]) => (run.length > best.length ? run : best), '');
  const text = groups.join(':');
  if (longest === '') return text;
  const at = runs.find(([run]) => run === longest)!.index;
  return `${text.slice(0, Math.max(0, at - 1))}::${text.slice(at + longest.length + 1)}`;
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatEndpoint({ host, port }: { host: Address; port: number }): string {
  return isV4(host) ? `${formatAddress(host)}:${port}` : `[${formatAddress(host)}]:${port}`;
}

export interface Prefix {
  readonly network: Address;
  readonly prefixLen: number;
}

/** `address/length`; undefined when it is none or has bits behind its prefix. */
export function parsePrefix(text: string): (Prefix & { address: Address }) | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match === null ? undefined : parseAddress(match[1]!);
  if (address === undefined) return undefined;
  const prefixLen = Number(match![2]);
  if (prefixLen > (isV4(address) ? 32 : 128)) return undefined;
  return { address, network: maskAddress(address, prefixLen), prefixLen };
}

/** An address with the bits behind its prefix cleared. */
export function maskAddress(address: Address, prefixLen: number): Address {
  const bits = prefixLen + (isV4(address) ? 96 : 0);
  return Array.from(address, (char, i) => {
    const left = Math.min(8, Math.max(0, bits - i * 8));
    return String.fromCharCode(char.charCodeAt(0) & (0xff00 >> left) & 0xff);
  }).join('');
}

/** The address `offset` behind another. */
export function addToAddress(address: Address, offset: number): Address {
  const bytes = Array.from(address, (char) => char.charCodeAt(0));
  let carry = offset;
  for (let i = 15; i >= 0 && carry > 0; i--) {
    carry += bytes[i]!;
    bytes[i] = carry & 0xff;
    carry = Math.floor(carry / 256);
  }
  return String.fromCharCode(...bytes);
}

export const formatPrefix = ({ network, prefixLen }: Prefix): string => `${formatAddress(network)}/${prefixLen}`;

/** True when two prefixes share an address. */
export function overlap(a: Prefix, b: Prefix): boolean {
  if (isV4(a.network) !== isV4(b.network)) return false;
  const prefixLen = Math.min(a.prefixLen, b.prefixLen);
  return maskAddress(a.network, prefixLen) === maskAddress(b.network, prefixLen);
}

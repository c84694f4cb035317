/**
 * Where a machine may go beyond its networks: anywhere, to what is listed, or nowhere. The host's own loopback is another
 * matter, granted port by port.
 */
import { type Address, isInPrefix } from './address.ts';
import { type Prefix, parseAddress, parsePrefix } from './address-text.ts';

export interface OutsideRule {
  readonly prefix: Prefix | undefined;
  /** Lower case; with `*.` in front it stands for all names below. */
  readonly name: string | undefined;
  /** Undefined: every port. */
  readonly port: number | undefined;
}

export type OutsideMode = 'open' | 'listed' | 'none';

/** Undefined when the text is no port number. */
export function parsePort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : undefined;
}

/** `ADDRESS[:PORT]`, `CIDR[:PORT]`, `NAME[:PORT]`; IPv6 with a port in brackets. Undefined when malformed. */
export function parseRule(text: string): OutsideRule | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)|([^[\]]*:[^[\]]*:[^[\]]*))(?::([^:]*))?$/.exec(text);
  if (match === null) return undefined;
  const place = match[1] ?? match[2] ?? match[3]!;
  const port = match[4] === undefined ? undefined : parsePort(match[4]);
  if (match[4] !== undefined && port === undefined) return undefined;
  const address = parseAddress(place);
  if (address !== undefined) {
    const prefixLen = place.includes(':') ? 128 : 32;
    return { prefix: { network: address, prefixLen }, name: undefined, port };
  }
  if (place.includes('/')) {
    const prefix = parsePrefix(place);
    return prefix && { prefix, name: undefined, port };
  }
  const isName = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(place);
  const isNumeric = /^[\d.]+$/.test(place);
  return isName && !isNumeric ? { prefix: undefined, name: place.toLowerCase().replace(/\.$/, ''), port } : undefined;
}

function isName(rule: string, name: string): boolean {
  return rule.startsWith('*.') ? name.endsWith(rule.slice(1)) : name === rule;
}

/** How long the addresses of a listed name stay allowed after it was looked up at least. */
const MIN_NAME_MS = 60_000;
const MAX_NAMES = 4096;

export class OutsidePolicy {
  readonly mode: OutsideMode;
  private readonly rules: readonly OutsideRule[];
  private readonly nowMs: () => number;
  /** Addresses of listed names that the guest has looked up, until when, by address and rule. */
  private readonly named = new Map<Address, { rule: OutsideRule; untilMs: number }[]>();

  constructor(mode: OutsideMode, rules: readonly OutsideRule[], nowMs: () => number) {
    this.mode = mode;
    this.rules = rules;
    this.nowMs = nowMs;
  }

  allows(address: Address, port: number): boolean {
    if (this.mode === 'open') return true;
    if (this.mode === 'none') return false;
    const isPort = (rule: OutsideRule): boolean => rule.port === undefined || rule.port === port;
    const isListed = this.rules.some(
      (rule) =>
        rule.prefix !== undefined && isPort(rule) && isInPrefix(address, rule.prefix.network, rule.prefix.prefixLen),
    );
    const now = this.nowMs();
    return isListed || (this.named.get(address) ?? []).some(({ rule, untilMs }) => untilMs > now && isPort(rule));
  }

  /** May the name be looked up? */
  allowsName(name: string): boolean {
    if (this.mode !== 'listed') return this.mode === 'open';
    return this.rules.some((rule) => rule.name !== undefined && isName(rule.name, name));
  }

  /** The guest was told these addresses for a name. */
  resolved(name: string, addresses: readonly Address[], ttlMs: number): void {
    if (this.mode !== 'listed') return;
    const untilMs = this.nowMs() + Math.max(ttlMs, MIN_NAME_MS);
    for (const rule of this.rules) {
      if (rule.name === undefined || !isName(rule.name, name)) continue;
      for (const address of addresses) this.remember(address, rule, untilMs);
    }
  }

  private remember(address: Address, rule: OutsideRule, untilMs: number): void {
    const known = (this.named.get(address) ?? []).filter((one) => one.rule !== rule);
    this.named.delete(address);
    this.named.set(address, [...known, { rule, untilMs }]);
    for (const oldest of this.named.keys()) {
      if (this.named.size <= MAX_NAMES) break;
      this.named.delete(oldest);
    }
  }
}

/** The network options of `elfdeck run`: -n, --network, -p, --allow. Each malformed one says what to write instead. */
import { resolve } from 'node:path';
import { VmError } from '../contract/errors.ts';
import type { CardSpec, ForwardSpec, OutsideSpec, VmSpec } from '../contract/vm-spec.ts';
import { isAny } from '../net/address.ts';
import { formatAddress, parseAddress } from '../net/address-text.ts';
import { parsePort, parseRule } from '../net/policy.ts';
import { parseFaults } from './fault-text.ts';

export interface NetworkOptions {
  /** -n, or the networks of --network. */
  network?: string[] | boolean;
  publish?: string[];
  allow?: string[];
  pcap?: string;
  faults?: string[];
}

const malformed = (text: string, why: string): VmError => new VmError('net.malformed', `-p ${text}: ${why}`, { text });

/** `[ADDR:]HOST:GUEST[/tcp|udp]`; HOST is a port or `auto`. */
export function parseForward(text: string): ForwardSpec {
  const match = /^(?:(\[[^\]]*\]|[^:]*):)?([^:]*):([^:/]*)(?:\/(.*))?$/.exec(text);
  if (match === null) throw malformed(text, 'write HOST:GUEST, for example 8080:80, 0.0.0.0:8080:80 or 5353:53/udp');
  const [, place, host = '', guest = '', protocol = 'tcp'] = match;
  if (protocol !== 'tcp' && protocol !== 'udp') throw malformed(text, `"${protocol}" is no protocol; write tcp or udp`);
  const hostPort = host === 'auto' ? 0 : parsePort(host);
  if (hostPort === undefined) throw malformed(text, `"${host}" is no port of this computer; write 1 to 65535 or auto`);
  const guestPort = parsePort(guest);
  if (guestPort === undefined) throw malformed(text, `"${guest}" is no port of the guest; write 1 to 65535`);
  return { address: hostAddress(text, place), hostPort, guestPort, protocol };
}

function hostAddress(text: string, place: string | undefined): string {
  if (place === undefined) return '127.0.0.1';
  const written = place.startsWith('[') ? place.slice(1, -1) : place;
  const address = written === 'localhost' ? parseAddress('127.0.0.1') : parseAddress(written);
  if (address === undefined) {
    throw malformed(text, `"${written}" is no address of this computer; write for example 127.0.0.1, 0.0.0.0 or [::1]`);
  }
  return formatAddress(address);
}

/** `NET[:IP[,IP...]]`. */
export function parseCard(text: string): CardSpec {
  const match = /^([a-z0-9][a-z0-9_.-]*)(?::(.+))?$/i.exec(text);
  if (match === null) {
    throw new VmError('net.malformed', `--network ${text}: write the name of a network, or NAME:ADDRESS`, { text });
  }
  const addresses = (match[2] ?? '').split(',').filter((one) => one !== '');
  const wrong = addresses.find((one) => parseAddress(one) === undefined);
  if (wrong !== undefined) {
    throw new VmError('net.malformed', `--network ${text}: "${wrong}" is no IP address`, { text });
  }
  return { network: match[1]!, addresses };
}

const LOOPBACK_RULE = /^(?:localhost|127\.0\.0\.1|\[?::1\]?|host):(\d+)$/i;

/** What `--allow` lists: destinations, `none`, or `localhost:PORT` of this computer. */
export function parseAllowed(texts: readonly string[], isOpen: boolean): OutsideSpec | undefined {
  if (texts.length === 0) return undefined;
  const hostPorts: number[] = [];
  const listed: string[] = [];
  for (const text of texts) {
    const loopback = LOOPBACK_RULE.exec(text);
    const port = loopback === null ? undefined : parsePort(loopback[1]!);
    if (port !== undefined) hostPorts.push(port);
    else if (parseRule(text) !== undefined && loopback === null) listed.push(text);
    else if (text !== 'none' && text !== 'all') {
      const message = `--allow ${text}: write ADDRESS, CIDR or NAME with :PORT behind it or not, localhost:PORT, all, or none`;
      throw new VmError('net.malformed', message, { text });
    }
  }
  const words = texts.filter((text) => text === 'none' || text === 'all');
  const rest = listed.filter((text) => text !== 'none' && text !== 'all');
  if (words.includes('all')) return { mode: 'open', listed: [], hostPorts };
  if (rest.length > 0) return { mode: 'listed', listed: rest, hostPorts };
  return { mode: words.includes('none') || !isOpen ? 'none' : 'open', listed: [], hostPorts };
}

/** What the options say of a spec's networks. */
export function networkSpec(
  options: NetworkOptions,
): Pick<VmSpec, 'network' | 'networks' | 'forwards' | 'outside' | 'capture' | 'faults'> {
  const named = Array.isArray(options.network) ? options.network : [];
  const isNetworked = options.network === true || named.length > 0;
  const networks = named.map(parseCard);
  const forwards = (options.publish ?? []).map(parseForward);
  checkTwice(forwards, options.publish ?? []);
  const outside = parseAllowed(options.allow ?? [], isNetworked);
  if (outside !== undefined && !isNetworked && forwards.length === 0) {
    throw new VmError('cli.usage', '--allow needs a network; add -n');
  }
  if (options.pcap !== undefined && !isNetworked && forwards.length === 0) {
    throw new VmError('cli.usage', '--pcap needs a network; add -n');
  }
  const faults = (options.faults ?? []).map(parseFaults);
  if (faults.length > 0 && !isNetworked && forwards.length === 0) {
    throw new VmError('cli.usage', '--faults needs a network; add -n');
  }
  return {
    network: isNetworked && networks.length === 0,
    ...(networks.length === 0 ? {} : { networks }),
    ...(forwards.length === 0 ? {} : { forwards }),
    ...(outside === undefined ? {} : { outside }),
    ...(faults.length === 0 ? {} : { faults }),
    ...(options.pcap === undefined ? {} : { capture: resolve(options.pcap) }),
  };
}

function checkTwice(forwards: readonly ForwardSpec[], texts: readonly string[]): void {
  const clash = (a: ForwardSpec, b: ForwardSpec): boolean =>
    a.protocol === b.protocol &&
    a.hostPort === b.hostPort &&
    a.hostPort !== 0 &&
    (a.address === b.address || [a, b].some(({ address }) => isAny(parseAddress(address)!)));
  for (const [i, forward] of forwards.entries()) {
    const first = forwards.findIndex((one) => clash(one, forward));
    if (first !== -1 && first < i)
      throw malformed(texts[i]!, `port ${forward.hostPort} is forwarded by -p ${texts[first]} already`);
  }
}

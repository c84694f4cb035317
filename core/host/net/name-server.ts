/**
 * The name server of a network, at its gateway: names of the machines on it first, then what the host's resolver knows,
 * as far as the guest may go there.
 */
import { promises as resolver } from 'node:dns';
import type { Address } from '../../net/address.ts';
import { formatAddress, parseAddress } from '../../net/address-text.ts';
import * as dns from '../../net/dns.ts';
import { PROTOCOL_UDP, type Stream } from '../../net/transport.ts';
import type { DatagramService, Gateway, Guest } from './gateway.ts';

export const DNS_PORT = 53;
/** Names of machines come and go. */
const LOCAL_TTL = 5;
/** The host's resolver doesn't say how long addresses hold. */
const LOOKUP_TTL = 60;
/** Questions of one guest that are with the host's resolver at a time; more are not answered, and asked again. */
const MAX_PENDING = 64;
const MAX_TCP_BYTES = 65535;

interface Found {
  readonly code: number;
  readonly records: readonly dns.ResourceRecord[];
}
const nothing: Found = { code: dns.NO_ERROR, records: [] };

export class NameServer {
  private readonly gateway: Gateway;
  private readonly pending = new Map<number, number>();

  constructor(gateway: Gateway) {
    this.gateway = gateway;
  }

  readonly datagram: DatagramService = ({ bytes, from, to }, guest) => {
    const request = bytes.slice();
    void this.respond(request, guest, true).then((answer) => {
      if (answer === undefined) return;
      this.gateway.station.send({
        protocol: PROTOCOL_UDP,
        from: to,
        to: from,
        bytes: answer,
        hops: 64,
        trafficClass: 0,
      });
    });
  };

  /** Questions over TCP, each with its length before it. */
  stream(stream: Stream, guest: Guest): void {
    stream.accept();
    const head = new Uint8Array(2);
    let isBusy = false;
    const look = (): void => {
      if (stream.state === 'ended' || stream.isAtEnd) {
        stream.close();
        return;
      }
      if (isBusy || stream.peek(head) < 2) return;
      const length = (head[0]! << 8) | head[1]!;
      if (stream.available < length + 2) return;
      const message = new Uint8Array(length + 2);
      stream.receive(message);
      isBusy = true;
      void this.respond(message.subarray(2), guest, false).then((answer) => {
        isBusy = false;
        if (answer === undefined) stream.reset();
        else {
          stream.send(Uint8Array.of(answer.length >> 8, answer.length & 0xff, ...answer));
          look();
        }
      });
    };
    stream.onChange = look;
    look();
  }

  private async respond(request: Uint8Array, guest: Guest, isUdp: boolean): Promise<Uint8Array | undefined> {
    const query = dns.parseQuery(request);
    if (query === undefined) return undefined;
    if (typeof query === 'number') return dns.failure(request, query);
    const found = this.local(query) ?? (await this.ask(query, guest));
    return found && dns.answer(query, found.code, found.records, isUdp ? query.maxBytes : MAX_TCP_BYTES);
  }

  /** What the network itself knows; undefined when that is nothing. */
  private local({ name, type }: dns.Query): Found | undefined {
    const { network } = this.gateway;
    const reverse = type === dns.TYPE_PTR ? dns.reverseAddress(name) : undefined;
    if (reverse !== undefined) return this.reverse(name, parseAddress(reverse));
    const suffix = `.${network.name.toLowerCase()}`;
    const isQualified = name.endsWith(suffix);
    const addresses = this.addressesOf(isQualified ? name.slice(0, -suffix.length) : name);
    if (addresses === undefined) return isQualified ? { code: dns.NAME_ERROR, records: [] } : undefined;
    const records = addresses.map((address) => dns.addressRecord(name, address, LOCAL_TTL));
    return { code: dns.NO_ERROR, records: records.filter((one) => type === dns.TYPE_ANY || one.type === type) };
  }

  /** Addresses of a machine, or of the gateway by the names `gateway` and `host`. */
  private addressesOf(name: string): readonly Address[] | undefined {
    for (const guest of this.gateway.guests.values()) if (guest.name.toLowerCase() === name) return guest.addresses;
    const neighbour = this.gateway.neighbours.all().find((one) => one.name.toLowerCase() === name);
    if (neighbour !== undefined) return neighbour.addresses;
    return name === 'gateway' || name === 'host' ? this.gateway.addresses : undefined;
  }

  private reverse(name: string, address: Address | undefined): Found | undefined {
    const { guests, addresses, network } = this.gateway;
    if (address === undefined) return undefined;
    const here = [...guests.values()].find((one) => one.addresses.includes(address));
    const machine = here ?? this.gateway.neighbours.at(address);
    const label = machine?.name ?? (addresses.includes(address) ? 'gateway' : undefined);
    if (label === undefined) return undefined;
    return { code: dns.NO_ERROR, records: [dns.nameRecord(name, dns.TYPE_PTR, LOCAL_TTL, `${label}.${network.name}`)] };
  }

  /** Undefined when too much is being asked. */
  private async ask(query: dns.Query, guest: Guest): Promise<Found | undefined> {
    const { name, type } = query;
    if (this.gateway.network.isIsolated || !guest.outside.allowsName(name)) return { code: dns.REFUSED, records: [] };
    const pending = this.pending.get(guest.wire) ?? 0;
    if (pending >= MAX_PENDING) return undefined;
    this.pending.set(guest.wire, pending + 1);
    try {
      const found = await lookUp(name, type);
      const addresses = found.records.flatMap(({ data }) => parseAddress(textOf(data)) ?? []);
      guest.outside.resolved(name, addresses, LOOKUP_TTL * 1000);
      return found;
    } catch (error) {
      return { code: codeOf(error), records: [] };
    } finally {
      this.pending.set(guest.wire, this.pending.get(guest.wire)! - 1);
    }
  }
}

/** The address in the data of an A or AAAA record, as text; of another record nothing. */
function textOf(data: Uint8Array): string {
  if (data.length === 4) return data.join('.');
  return data.length === 16 ? formatAddress(String.fromCharCode(...data)) : '';
}

async function lookUp(name: string, type: number): Promise<Found> {
  if (type === dns.TYPE_A || type === dns.TYPE_AAAA) {
    const all = await resolver.lookup(name, { all: true });
    const addresses = all.map(({ address }) => parseAddress(address.replace(/%.*/, ''))!);
    const records = addresses.map((address) => dns.addressRecord(name, address, LOOKUP_TTL));
    return { code: dns.NO_ERROR, records: records.filter((record) => record.type === type) };
  }
  const records = await otherRecords(name, type);
  return records === undefined ? { code: dns.NOT_IMPLEMENTED, records: [] } : { ...nothing, records };
}

async function otherRecords(name: string, type: number): Promise<dns.ResourceRecord[] | undefined> {
  const named = (targets: readonly string[]) => targets.map((one) => dns.nameRecord(name, type, LOOKUP_TTL, one));
  switch (type) {
    case dns.TYPE_CNAME:
      return named(await resolver.resolveCname(name));
    case dns.TYPE_NS:
      return named(await resolver.resolveNs(name));
    case dns.TYPE_PTR:
      return named(await resolver.resolvePtr(name));
    case dns.TYPE_MX:
      return (await resolver.resolveMx(name)).map(({ exchange, priority }) =>
        dns.nameRecord(name, type, LOOKUP_TTL, exchange, priority),
      );
    case dns.TYPE_SRV:
      return (await resolver.resolveSrv(name)).map((one) =>
        dns.nameRecord(name, type, LOOKUP_TTL, one.name, one.priority, one.weight, one.port),
      );
    case dns.TYPE_TXT:
      return (await resolver.resolveTxt(name)).map((chunks) => dns.textRecord(name, LOOKUP_TTL, chunks));
    default:
      return undefined;
  }
}

function codeOf(error: unknown): number {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENODATA') return dns.NO_ERROR;
  return code === 'ENOTFOUND' || code === 'EBADNAME' ? dns.NAME_ERROR : dns.SERVER_FAILURE;
}

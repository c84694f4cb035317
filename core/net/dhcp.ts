/**
 * DHCP, RFC 2131 and 2132, the server's side: DISCOVER is offered and REQUEST granted the address that the network has
 * leased to the machine already.
 */
import { bytesToStr, strToBytes } from '../base/bytes.ts';
import { type Address, v4Part } from './address.ts';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

const REQUEST = 1;
const REPLY = 2;
const MAGIC = [0x63, 0x82, 0x53, 0x63];
const OPTIONS = 240;

const DISCOVER = 1;
const OFFER = 2;
const ASK = 3;
const ACK = 5;
const NAK = 6;
const INFORM = 8;

const OPTION_MASK = 1;
const OPTION_ROUTER = 3;
const OPTION_DNS = 6;
const OPTION_DOMAIN = 15;
const OPTION_BROADCAST = 28;
const OPTION_REQUESTED = 50;
const OPTION_LEASE = 51;
const OPTION_TYPE = 53;
const OPTION_SERVER = 54;
const LEASE_SECONDS = 86_400;

export interface Lease {
  readonly address: Address;
  readonly prefixLen: number;
  readonly server: Address;
  readonly router: Address | undefined;
  readonly domain: string;
}

function readOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = OPTIONS; at < bytes.length && bytes[at] !== 255; ) {
    if (bytes[at] === 0) at++;
    else {
      options.set(bytes[at]!, bytes.subarray(at + 2, at + 2 + (bytes[at + 1] ?? 0)));
      at += 2 + (bytes[at + 1] ?? 0);
    }
  }
  return options;
}

/** The server's answer to a client's message; undefined when it asks for none. */
export function dhcpAnswer(request: Uint8Array, lease: Lease): Uint8Array | undefined {
  if (request.length < OPTIONS || request[0] !== REQUEST || MAGIC.some((byte, i) => request[236 + i] !== byte)) {
    return undefined;
  }
  const options = readOptions(request);
  const type = options.get(OPTION_TYPE)?.[0];
  const server = options.get(OPTION_SERVER);
  if (server !== undefined && bytesToStr(server) !== v4Part(lease.server)) return undefined;
  if (type === DISCOVER) return reply(request, lease, OFFER);
  if (type === INFORM) return reply(request, lease, ACK);
  if (type !== ASK) return undefined;
  const wanted = options.get(OPTION_REQUESTED) ?? request.subarray(12, 16);
  return reply(request, lease, bytesToStr(wanted) === v4Part(lease.address) ? ACK : NAK);
}

function reply(request: Uint8Array, lease: Lease, type: number): Uint8Array {
  const head = request.slice(0, OPTIONS);
  head[0] = REPLY;
  head[3] = 0;
  head.fill(0, 8, 28);
  head.fill(0, 44, 236);
  if (type !== NAK) head.set(strToBytes(v4Part(lease.address)), 16);
  head.set(strToBytes(v4Part(lease.server)), 20);
  const option = (number: number, bytes: Iterable<number>): number[] => {
    const data = [...bytes];
    return [number, data.length, ...data];
  };
  const quad = (address: Address): Uint8Array => strToBytes(v4Part(address));
  const mask = Uint8Array.from({ length: 4 }, (_, i) => 0xff00 >> Math.min(8, Math.max(0, lease.prefixLen - i * 8)));
  const tail = [...option(OPTION_TYPE, [type]), ...option(OPTION_SERVER, quad(lease.server))];
  if (type !== NAK) {
    tail.push(
      ...option(OPTION_LEASE, [0, LEASE_SECONDS >> 16, (LEASE_SECONDS >> 8) & 0xff, LEASE_SECONDS & 0xff]),
      ...option(OPTION_MASK, mask),
      ...option(
        OPTION_BROADCAST,
        quad(lease.address).map((byte, i) => byte | (~mask[i]! & 0xff)),
      ),
      ...(lease.router === undefined ? [] : option(OPTION_ROUTER, quad(lease.router))),
      ...option(OPTION_DNS, quad(lease.server)),
      ...option(OPTION_DOMAIN, strToBytes(lease.domain)),
    );
  }
  return Uint8Array.from([...head, ...tail, 255]);
}

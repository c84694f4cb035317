/** struct sockaddr_in and struct sockaddr_in6, ip(7), ipv6(7), as host and port. */
import { bytesToStr, strToBytes } from '../../../base/bytes.ts';
import { type Address, ANY4, ANY6, fromV4, isAny, isV4, LOOPBACK4, LOOPBACK6, v4Part } from '../../../net/address.ts';
import type { Link } from '../../../net/stack.ts';
import type { Endpoint } from '../../../net/transport.ts';
import { EAFNOSUPPORT, EINVAL } from '../../abi/errno.ts';
import { SOCKADDR_IN_SIZE, SOCKADDR_IN6_MIN, SOCKADDR_IN6_SIZE } from '../../abi/in.ts';
import { AF_INET, AF_UNSPEC } from '../../abi/socket.ts';
import { fail } from '../../errors.ts';

export type { Endpoint };

/** Address family of a sockaddr; -1 when it is too short to have one. */
export const familyOf = (address: Uint8Array): number => (address.length < 2 ? -1 : address[0]! | (address[1]! << 8));

/** EINVAL for a short one, EAFNOSUPPORT for another family. A v6 socket takes addresses of its own family only. */
export function parseEndpoint(domain: number, address: Uint8Array): Endpoint {
  if (address.length < (domain === AF_INET ? SOCKADDR_IN_SIZE : SOCKADDR_IN6_MIN)) fail(EINVAL);
  if (familyOf(address) !== domain) fail(EAFNOSUPPORT);
  const port = (address[2]! << 8) | address[3]!;
  return { host: domain === AF_INET ? fromV4(address.subarray(4, 8)) : bytesToStr(address, 8, 24), port };
}

/** What bind(2) takes: for IPv4 also AF_UNSPEC with 0.0.0.0, as old programs have it. */
export function parseLocal(domain: number, address: Uint8Array): Endpoint {
  const isOldAny = domain === AF_INET && address.length >= SOCKADDR_IN_SIZE && familyOf(address) === AF_UNSPEC;
  if (!isOldAny) return parseEndpoint(domain, address);
  const named = address.slice();
  named[0] = AF_INET;
  const endpoint = parseEndpoint(AF_INET, named);
  return isAny(endpoint.host) ? endpoint : fail(EAFNOSUPPORT);
}

/** `link`: where it came from, the scope of a link-local IPv6 address. */
export function toSockaddr(domain: number, { host, port }: Endpoint, link?: Link): Uint8Array {
  const bytes = new Uint8Array(domain === AF_INET ? SOCKADDR_IN_SIZE : SOCKADDR_IN6_SIZE);
  bytes[0] = domain;
  bytes[2] = port >> 8;
  bytes[3] = port;
  if (domain === AF_INET) bytes.set(strToBytes(v4Part(host)), 4);
  // A socket that is bound to nothing shows `::`, be it to become an IPv4 one or not.
  else bytes.set(strToBytes(host), 8);
  if (domain !== AF_INET && link !== undefined && isLinkLocal(host)) bytes[24] = link.index;
  return bytes;
}

/** fe80::/10. */
const isLinkLocal = (host: Address): boolean => host.charCodeAt(0) === 0xfe && host.charCodeAt(1) >> 6 === 2;

/** The unspecified address of a family. */
export const anyHost = (domain: number): Address => (domain === AF_INET ? ANY4 : ANY6);

/** A destination of 0.0.0.0 or `::` means this machine. */
export function destinationOf(host: Address): Address {
  if (!isAny(host)) return host;
  return isV4(host) ? LOOPBACK4 : LOOPBACK6;
}

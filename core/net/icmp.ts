/** ICMP echo, RFC 792, and ICMPv6 echo, RFC 4443: a station answers requests to its own addresses. */
import { PROTOCOL_ICMP } from './transport.ts';

const ECHO_REPLY = 0;
const ECHO_REQUEST = 8;
const ECHO_REQUEST6 = 128;
const ECHO_REPLY6 = 129;
const HEADER_BYTES = 8;

export function isEchoRequest(protocol: number, bytes: Uint8Array): boolean {
  const request = protocol === PROTOCOL_ICMP ? ECHO_REQUEST : ECHO_REQUEST6;
  return bytes.length >= HEADER_BYTES && bytes[0] === request && bytes[1] === 0;
}

/** The reply to an echo request: the same with another type, and the checksum changed for it (RFC 1624). */
export function echoReply(protocol: number, request: Uint8Array): Uint8Array {
  const reply = request.slice();
  const before = request[0]! << 8;
  const after = (protocol === PROTOCOL_ICMP ? ECHO_REPLY : ECHO_REPLY6) << 8;
  reply[0] = after >> 8;
  let sum = (~((request[2]! << 8) | request[3]!) & 0xffff) + (~before & 0xffff) + after;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  reply[2] = (~sum & 0xffff) >> 8;
  reply[3] = ~sum & 0xff;
  return reply;
}

/**
 * Ethernet frames for captures: IPv4 (RFC 791), IPv6 (RFC 8200), TCP (RFC 9293), UDP (RFC 768) and ICMP, with their
 * checksums. Nothing carries them: they are made of what sockets did, for whoever looks at a capture.
 */
import { strToBytes } from '../base/bytes.ts';
import { isV4, v4Part } from './address.ts';
import type { Endpoint } from './transport.ts';

export const PROTOCOL_TCP = 6;
const ETHERTYPE_V4 = 0x0800;
const ETHERTYPE_V6 = 0x86dd;
const HOPS = 64;

export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_PSH = 0x08;
export const TCP_ACK = 0x10;

export interface Segment {
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly data: Uint8Array;
}

const NO_WINDOW_LIMIT = 0xffff;
/** Maximum segment size 1460, as a SYN's option. */
const MSS_OPTION = Uint8Array.of(2, 4, 1460 >> 8, 1460 & 0xff);

export function tcpFrame(from: Endpoint, to: Endpoint, { seq, ack, flags, data }: Segment): Uint8Array {
  const options = flags & TCP_SYN ? MSS_OPTION : new Uint8Array(0);
  const head = new Uint8Array(20 + options.length);
  const view = new DataView(head.buffer);
  view.setUint16(0, from.port);
  view.setUint16(2, to.port);
  view.setUint32(4, seq >>> 0);
  view.setUint32(8, flags & TCP_ACK ? ack >>> 0 : 0);
  view.setUint8(12, (head.length >> 2) << 4);
  view.setUint8(13, flags);
  view.setUint16(14, NO_WINDOW_LIMIT);
  head.set(options, 20);
  return frame(from, to, PROTOCOL_TCP, HOPS, 0, [head, data], 16);
}

export function udpFrame(
  from: Endpoint,
  to: Endpoint,
  hops: number,
  trafficClass: number,
  data: Uint8Array,
): Uint8Array {
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint16(0, from.port);
  view.setUint16(2, to.port);
  view.setUint16(4, 8 + data.length);
  return frame(from, to, 17, hops, trafficClass, [head, data], 6);
}

/** An ICMP message as it is; its own checksum is inside. */
export const icmpFrame = (from: Endpoint, to: Endpoint, protocol: number, hops: number, data: Uint8Array): Uint8Array =>
  frame(from, to, protocol, hops, 0, [data], undefined);

/** `checksumAt`: where the checksum over pseudo header and parts goes in the first part. */
function frame(
  from: Endpoint,
  to: Endpoint,
  protocol: number,
  hops: number,
  trafficClass: number,
  parts: readonly Uint8Array[],
  checksumAt: number | undefined,
): Uint8Array {
  const v4 = isV4(to.host);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const source = strToBytes(v4 ? v4Part(from.host) : from.host);
  const target = strToBytes(v4 ? v4Part(to.host) : to.host);
  if (checksumAt !== undefined) {
    const pseudo = Uint8Array.of(
      ...source,
      ...target,
      length >>> 24,
      (length >> 16) & 0xff,
      length >> 8,
      length,
      0,
      0,
      0,
      protocol,
    );
    const sum = checksum([pseudo, ...parts]) || 0xffff;
    parts[0]![checksumAt] = sum >> 8;
    parts[0]![checksumAt + 1] = sum;
  }
  const ip = v4
    ? v4Header(source, target, protocol, hops, trafficClass, length)
    : v6Header(source, target, protocol, hops, trafficClass, length);
  const bytes = new Uint8Array(14 + ip.length + length);
  bytes.set(hardwareOf(to));
  bytes.set(hardwareOf(from), 6);
  bytes.set([(v4 ? ETHERTYPE_V4 : ETHERTYPE_V6) >> 8, (v4 ? ETHERTYPE_V4 : ETHERTYPE_V6) & 0xff], 12);
  bytes.set(ip, 14);
  let at = 14 + ip.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** As stations have it: made of the address's last four bytes. */
const hardwareOf = ({ host }: Endpoint): Uint8Array => Uint8Array.of(0x02, 0x42, ...strToBytes(host.slice(12)));

function v4Header(
  source: Uint8Array,
  target: Uint8Array,
  protocol: number,
  hops: number,
  tos: number,
  length: number,
): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint8(1, tos);
  view.setUint16(2, 20 + length);
  // Don't fragment.
  view.setUint16(6, 0x4000);
  view.setUint8(8, hops);
  view.setUint8(9, protocol);
  bytes.set(source, 12);
  bytes.set(target, 16);
  view.setUint16(10, checksum([bytes]));
  return bytes;
}

function v6Header(
  source: Uint8Array,
  target: Uint8Array,
  protocol: number,
  hops: number,
  tclass: number,
  length: number,
): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x60000000 | (tclass << 20));
  view.setUint16(4, length);
  view.setUint8(6, protocol);
  view.setUint8(7, hops);
  bytes.set(source, 8);
  bytes.set(target, 24);
  return bytes;
}

/** The Internet checksum, RFC 1071, over parts of which all but the last have an even length. */
export function checksum(parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) sum += (part[i]! << 8) | (part[i + 1] ?? 0);
    while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  }
  return ~sum & 0xffff;
}

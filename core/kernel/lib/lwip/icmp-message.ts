/** ICMP messages, RFC 792 and RFC 4443: type, code, checksum, four bytes that echo messages call identifier and sequence. */
import { strToBytes } from '../../../base/bytes.ts';
import { type Address, isV4, v4Part } from '../../../net/address.ts';
import * as n from '../../abi/in.ts';
import type { Packet } from './datagram-socket.ts';

export const ICMP_HEADER = 8;
export const ECHO_REQUESTS: readonly number[] = [n.ICMP_ECHO, n.ICMPV6_ECHO_REQUEST];
const IPV4_HEADER = 20;

export const identifierOf = (message: Uint8Array): number => (message[4]! << 8) | message[5]!;

export function setIdentifier(message: Uint8Array, identifier: number): void {
  message[4] = identifier >> 8;
  message[5] = identifier;
}

export const protocolOf = (address: Address): number => (isV4(address) ? n.IPPROTO_ICMP : n.IPPROTO_ICMPV6);

/** Sum of 16-bit words in ones' complement, RFC 1071. */
function addWords(sum: number, bytes: Uint8Array): number {
  let total = sum;
  for (let i = 0; i < bytes.length; i += 2) total += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

/** Fills the checksum in. That of ICMPv6 covers the addresses too. */
export function setChecksum(message: Uint8Array, source: Address, destination: Address): void {
  message[2] = message[3] = 0;
  let sum = addWords(0, message);
  if (!isV4(destination)) {
    sum = addWords(addWords(sum, strToBytes(source)), strToBytes(destination));
    sum = addWords(sum, Uint8Array.of(message.length >> 8, message.length, 0, n.IPPROTO_ICMPV6));
  }
  const checksum = ~sum & 0xffff;
  message[2] = checksum >> 8;
  message[3] = checksum;
}

/** What a machine answers to an echo request. */
export function echoReply({ bytes, from, to, link }: Packet, hops: number): Packet {
  const message = bytes.slice();
  message[0] = isV4(to.host) ? n.ICMP_ECHOREPLY : n.ICMPV6_ECHO_REPLY;
  setChecksum(message, to.host, from.host);
  return { bytes: message, from: to, to: from, hops, trafficClass: 0, link };
}

let nextId = 1;

/** A packet with the IPv4 header that raw sockets see in front of it. */
export function withHeader(packet: Packet, protocol: number): Packet {
  const { bytes, from, to, hops, trafficClass } = packet;
  const whole = new Uint8Array(IPV4_HEADER + bytes.length);
  const id = nextId++ & 0xffff;
  whole.set([0x45, trafficClass, whole.length >> 8, whole.length, id >> 8, id, 0, 0, hops, protocol, 0, 0]);
  whole.set(strToBytes(v4Part(from.host)), 12);
  whole.set(strToBytes(v4Part(to.host)), 16);
  const checksum = ~addWords(0, whole.subarray(0, IPV4_HEADER)) & 0xffff;
  whole[10] = checksum >> 8;
  whole[11] = checksum;
  whole.set(bytes, IPV4_HEADER);
  return { ...packet, bytes: whole };
}

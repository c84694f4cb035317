/** Netlink messages, netlink(7): a header, a fixed part, then attributes of type and length; all aligned to 4 bytes. */
import { strToBytes } from '../../../base/bytes.ts';
import { EINVAL } from '../../abi/errno.ts';
import { NLMSG_HDRLEN } from '../../abi/netlink.ts';
import { fail } from '../../errors.ts';

const ATTRIBUTE_HEADER = 4;
const align = (len: number): number => (len + 3) & ~3;

/** What one side asks of the other. */
export interface Request {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly pid: number;
  /** Behind the header. */
  readonly body: Uint8Array;
  /** All of it, for the answer that quotes it. */
  readonly whole: Uint8Array;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Messages of a datagram; what is cut off at its end is left out, as Linux does. */
export function parseRequests(datagram: Uint8Array): Request[] {
  const requests: Request[] = [];
  for (let at = 0; datagram.length - at >= NLMSG_HDRLEN; ) {
    const view = viewOf(datagram.subarray(at));
    const len = view.getUint32(0, true);
    if (len < NLMSG_HDRLEN || len > datagram.length - at) break;
    requests.push({
      type: view.getUint16(4, true),
      flags: view.getUint16(6, true),
      seq: view.getUint32(8, true),
      pid: view.getUint32(12, true),
      body: datagram.subarray(at + NLMSG_HDRLEN, at + len),
      whole: datagram.subarray(at, at + len),
    });
    at += align(len);
  }
  return requests;
}

/** Attributes behind a fixed part of `skip` bytes, by type; the last of two alike. EINVAL for a body without that part. */
export function parseAttributes(body: Uint8Array, skip: number): Map<number, Uint8Array> {
  if (body.length < skip) fail(EINVAL);
  const attributes = new Map<number, Uint8Array>();
  for (let at = align(skip); body.length - at >= ATTRIBUTE_HEADER; ) {
    const view = viewOf(body.subarray(at));
    const len = view.getUint16(0, true);
    if (len < ATTRIBUTE_HEADER || len > body.length - at) break;
    // The two highest bits tell of nesting and byte order.
    attributes.set(view.getUint16(2, true) & 0x3fff, body.subarray(at + ATTRIBUTE_HEADER, at + len));
    at += align(len);
  }
  return attributes;
}

export const u32 = (bytes: Uint8Array, at = 0): number => viewOf(bytes).getUint32(at, true);

/** A value of an attribute: bytes, a byte string (with a NUL behind it), or a number of four bytes. */
export type AttributeValue = Uint8Array | string | number;

function bytesOf(value: AttributeValue): Uint8Array {
  if (typeof value === 'number') return new Uint8Array(Uint32Array.of(value).buffer);
  return typeof value === 'string' ? strToBytes(`${value}\0`) : value;
}

/** What a message says; header fields that depend on who asked are filled in when it goes. */
export interface Answer {
  readonly type: number;
  readonly fixed: Uint8Array;
  /** Undefined values are left out. */
  readonly attributes: readonly (readonly [type: number, value: AttributeValue | undefined])[];
}

export function encode(answer: Answer, flags: number, seq: number, pid: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let len = NLMSG_HDRLEN + align(answer.fixed.length);
  for (const [type, value] of answer.attributes) {
    if (value === undefined) continue;
    const bytes = bytesOf(value);
    const part = new Uint8Array(align(ATTRIBUTE_HEADER + bytes.length));
    viewOf(part).setUint16(0, ATTRIBUTE_HEADER + bytes.length, true);
    viewOf(part).setUint16(2, type, true);
    part.set(bytes, ATTRIBUTE_HEADER);
    parts.push(part);
    len += part.length;
  }
  const message = new Uint8Array(len);
  const view = viewOf(message);
  view.setUint32(0, len, true);
  view.setUint16(4, answer.type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, seq, true);
  view.setUint32(12, pid, true);
  message.set(answer.fixed, NLMSG_HDRLEN);
  let at = NLMSG_HDRLEN + align(answer.fixed.length);
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}

/** Blocks of a capture file, draft-ietf-opsawg-pcapng: a section, one interface for each card, packets with nanoseconds. */

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;
const LINKTYPE_ETHERNET = 1;
const OPTION_NAME = 2;
const OPTION_RESOLUTION = 9;

/** A block with its lengths around it; little-endian, padded to 4. */
function block(type: number, body: Uint8Array): Uint8Array {
  const length = 12 + ((body.length + 3) & ~3);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  bytes.set(body, 8);
  view.setUint32(length - 4, length, true);
  return bytes;
}

export function sectionHeader(): Uint8Array {
  const body = new Uint8Array(16).fill(0xff, 8);
  const view = new DataView(body.buffer);
  view.setUint32(0, 0x1a2b3c4d, true);
  view.setUint16(4, 1, true);
  return block(SECTION, body);
}

export function interfaceDescription(name: string): Uint8Array {
  const padded = (name.length + 3) & ~3;
  const body = new Uint8Array(8 + 4 + padded + 8 + 4);
  const view = new DataView(body.buffer);
  view.setUint16(0, LINKTYPE_ETHERNET, true);
  view.setUint16(8, OPTION_NAME, true);
  view.setUint16(10, name.length, true);
  body.set(new TextEncoder().encode(name), 12);
  view.setUint16(12 + padded, OPTION_RESOLUTION, true);
  view.setUint16(14 + padded, 1, true);
  // Nanoseconds: 10 to the power of -9.
  view.setUint8(16 + padded, 9);
  return block(INTERFACE, body);
}

/** `timeNs` counts from the epoch. */
export function packet(interfaceIndex: number, timeNs: bigint, frame: Uint8Array): Uint8Array {
  const body = new Uint8Array(20 + frame.length);
  const view = new DataView(body.buffer);
  view.setUint32(0, interfaceIndex, true);
  view.setUint32(4, Number(timeNs >> 32n), true);
  view.setUint32(8, Number(timeNs & 0xffffffffn), true);
  view.setUint32(12, frame.length, true);
  view.setUint32(16, frame.length, true);
  body.set(frame, 20);
  return block(ENHANCED_PACKET, body);
}

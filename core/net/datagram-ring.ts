/**
 * Datagrams from one side of a wire to the other: records in a byte ring of one writer and one reader. One that finds no
 * room is lost.
 *
 * A record, in little-endian order: u24 length of all, u8 bytes of padding in it; u8 kind, protocol, hops, traffic class; addresses of sender and
 * receiver, 16 bytes each; u16 their ports; the bytes; padding to 4. It lies in one piece; a length of WRAP sends the reader
 * to the start of the ring.
 */
import { bytesToStr, strToBytes } from '../base/bytes.ts';
import type { DatagramProtocol, Endpoint } from './transport.ts';
import { DATAGRAM_RING_BYTES, datagramsRead, datagramsWritten, type Side, type WireMemory } from './wire-memory.ts';

const HEADER_BYTES = 44;
const WRAP = 0xffffffff;

/** 0: a datagram; else its sender is told that it was not delivered, for the fault n - 1 of `StreamFault`s. */
export type RecordKind = number;

export interface DatagramRecord {
  readonly kind: RecordKind;
  readonly protocol: DatagramProtocol;
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** Of a record that was read: valid until the next one is. */
  readonly bytes: Uint8Array;
  readonly hops: number;
  readonly trafficClass: number;
}

class DatagramRing {
  protected readonly words: Int32Array;
  protected readonly data: Uint8Array;
  protected readonly view: DataView;
  protected readonly written: number;
  protected readonly read: number;

  constructor(memory: WireMemory, sender: Side) {
    this.words = memory.words;
    this.data = memory.datagramRing(sender);
    this.view = new DataView(this.data.buffer, this.data.byteOffset, this.data.byteLength);
    this.written = datagramsWritten(sender);
    this.read = datagramsRead(sender);
  }
}

export class DatagramWriter extends DatagramRing {
  /** False when there was no room. */
  put(record: DatagramRecord): boolean {
    const length = (HEADER_BYTES + record.bytes.length + 3) & ~3;
    let written = Atomics.load(this.words, this.written);
    const free = DATAGRAM_RING_BYTES - ((written - Atomics.load(this.words, this.read)) >>> 0);
    let at = written & (DATAGRAM_RING_BYTES - 1);
    const toEnd = DATAGRAM_RING_BYTES - at;
    if (toEnd < length) {
      if (free < toEnd + length) return false;
      this.view.setUint32(at, WRAP, true);
      written += toEnd;
      at = 0;
    } else if (free < length) return false;
    this.write(at, length, record);
    Atomics.store(this.words, this.written, written + length);
    return true;
  }

  private write(at: number, length: number, record: DatagramRecord): void {
    const { view, data } = this;
    view.setUint32(at, length | ((length - HEADER_BYTES - record.bytes.length) << 24), true);
    data[at + 4] = record.kind;
    data[at + 5] = record.protocol;
    data[at + 6] = record.hops;
    data[at + 7] = record.trafficClass;
    data.set(strToBytes(record.from.host), at + 8);
    data.set(strToBytes(record.to.host), at + 24);
    view.setUint16(at + 40, record.from.port, true);
    view.setUint16(at + 42, record.to.port, true);
    data.set(record.bytes, at + HEADER_BYTES);
  }
}

export class DatagramReader extends DatagramRing {
  /** The next record, which stays in the ring until `drop`. */
  next(): DatagramRecord | undefined {
    const { words, view, data } = this;
    for (;;) {
      const read = Atomics.load(words, this.read);
      if (read === Atomics.load(words, this.written)) return undefined;
      const at = read & (DATAGRAM_RING_BYTES - 1);
      const word = view.getUint32(at, true);
      if (word === WRAP) {
        Atomics.store(words, this.read, read + DATAGRAM_RING_BYTES - at);
        continue;
      }
      const end = at + (word & 0xffffff) - (word >>> 24);
      return {
        kind: data[at + 4]!,
        protocol: data[at + 5] as DatagramProtocol,
        from: { host: bytesToStr(data, at + 8, at + 24), port: view.getUint16(at + 40, true) },
        to: { host: bytesToStr(data, at + 24, at + 40), port: view.getUint16(at + 42, true) },
        bytes: data.subarray(at + HEADER_BYTES, end),
        hops: data[at + 6]!,
        trafficClass: data[at + 7]!,
      };
    }
  }

  drop(): void {
    const { words, view } = this;
    const read = Atomics.load(words, this.read);
    const word = view.getUint32(read & (DATAGRAM_RING_BYTES - 1), true);
    Atomics.store(words, this.read, read + (word & 0xffffff));
  }
}

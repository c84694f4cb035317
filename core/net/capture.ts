/**
 * A capture of what a station's sockets do, as the packets that would have carried it. Sequence and acknowledgement numbers
 * follow from the bytes that passed; a segment that came in is shown when the guest takes its bytes. A stream that was open
 * before the capture began has its numbers from then on.
 */
import type { DatagramRecord } from './datagram-ring.ts';
import { icmpFrame, TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN, tcpFrame, udpFrame } from './frames.ts';
import { PROTOCOL_UDP, type Stream } from './transport.ts';

/** Most bytes of a segment: an Ethernet's MTU without headers. */
const SEGMENT_BYTES = 1460;

/** What streams and wires tell of. `isOut`: it goes from the station. */
export interface Tap {
  opened(stream: Stream, isOut: boolean): void;
  answered(stream: Stream, isOut: boolean, isTaken: boolean): void;
  data(stream: Stream, isOut: boolean, bytes: Uint8Array): void;
  ended(stream: Stream, isOut: boolean): void;
  reset(stream: Stream, isOut: boolean): void;
  datagram(record: Omit<DatagramRecord, 'kind'>): void;
}

interface Numbers {
  /** Next sequence number of the station's side, and of the other's. */
  own: number;
  peer: number;
}

export class Capture implements Tap {
  private readonly write: (frame: Uint8Array) => void;
  private readonly random: () => number;
  private readonly numbers = new WeakMap<Stream, Numbers>();

  /** `random` gives initial sequence numbers, 32 bits each. */
  constructor(write: (frame: Uint8Array) => void, random: () => number) {
    this.write = write;
    this.random = random;
  }

  private of(stream: Stream): Numbers {
    let numbers = this.numbers.get(stream);
    if (numbers === undefined) {
      numbers = { own: this.random(), peer: this.random() };
      this.numbers.set(stream, numbers);
    }
    return numbers;
  }

  /** One segment; it moves its sender's number on by its bytes, and by 1 for SYN and FIN. */
  private segment(stream: Stream, isOut: boolean, flags: number, data: Uint8Array = nothing): void {
    const numbers = this.of(stream);
    const { local, remote } = stream;
    const seq = isOut ? numbers.own : numbers.peer;
    const ack = isOut ? numbers.peer : numbers.own;
    this.write(tcpFrame(isOut ? local : remote, isOut ? remote : local, { seq, ack, flags, data }));
    const moved = data.length + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
    if (isOut) numbers.own = (numbers.own + moved) >>> 0;
    else numbers.peer = (numbers.peer + moved) >>> 0;
  }

  opened(stream: Stream, isOut: boolean): void {
    this.segment(stream, isOut, TCP_SYN);
  }
  answered(stream: Stream, isOut: boolean, isTaken: boolean): void {
    this.segment(stream, isOut, isTaken ? TCP_SYN | TCP_ACK : TCP_RST | TCP_ACK);
    if (isTaken) this.segment(stream, !isOut, TCP_ACK);
  }
  data(stream: Stream, isOut: boolean, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
      const part = bytes.subarray(at, at + SEGMENT_BYTES);
      const isLast = at + SEGMENT_BYTES >= bytes.length;
      this.segment(stream, isOut, isLast ? TCP_ACK | TCP_PSH : TCP_ACK, part);
    }
    this.segment(stream, !isOut, TCP_ACK);
  }
  ended(stream: Stream, isOut: boolean): void {
    this.segment(stream, isOut, TCP_FIN | TCP_ACK);
    this.segment(stream, !isOut, TCP_ACK);
  }
  reset(stream: Stream, isOut: boolean): void {
    this.segment(stream, isOut, TCP_RST | TCP_ACK);
  }

  datagram({ protocol, from, to, hops, trafficClass, bytes }: Omit<DatagramRecord, 'kind'>): void {
    this.write(
      protocol === PROTOCOL_UDP
        ? udpFrame(from, to, hops, trafficClass, bytes)
        : icmpFrame(from, to, protocol, hops, bytes),
    );
  }
}

const nothing = new Uint8Array(0);

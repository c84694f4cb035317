import { describe, expect, it } from 'vitest';
import { Capture } from '../../../../core/net/capture.ts';
import { checksum } from '../../../../core/net/frames.ts';
import { interfaceDescription, packet, sectionHeader } from '../../../../core/net/pcapng.ts';
import { PROTOCOL_UDP, type Stream } from '../../../../core/net/transport.ts';
import { netPair, settle, type TestStation } from '../../../support/net-pair.ts';

interface Shown {
  readonly isOut: boolean;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly length: number;
}

/** Reads a TCP frame over IPv4 and checks its sums, as a receiver does. */
function read(frame: Uint8Array, ownLast: number): Shown {
  const view = new DataView(frame.buffer);
  const ip = frame.subarray(14, 34);
  const segment = frame.subarray(34);
  expect(checksum([ip])).toBe(0);
  expect(view.getUint16(16)).toBe(frame.length - 14);
  const pseudo = Uint8Array.of(...ip.subarray(12, 20), 0, 0, segment.length >> 8, segment.length, 0, 0, 0, 6);
  expect(checksum([pseudo, segment])).toBe(0);
  const headLength = (segment[12]! >> 4) * 4;
  return {
    isOut: ip[15] === ownLast,
    flags: segment[13]!,
    seq: view.getUint32(38),
    ack: view.getUint32(42),
    length: segment.length - headLength,
  };
}

function captured(): { frames: Uint8Array[]; a: TestStation; b: TestStation; servers: Stream[] } {
  const frames: Uint8Array[] = [];
  const servers: Stream[] = [];
  const connection = (stream: Stream): void => {
    stream.accept();
    servers.push(stream);
  };
  const [a, b] = netPair({}, { connection });
  let seed = 0xfffffff0;
  a.station.cards[0]!.tap = new Capture(
    (frame) => frames.push(frame),
    () => {
      seed += 100;
      return seed >>> 0;
    },
  );
  return { frames, a, b, servers };
}

const SYN = 2;
const ACK = 16;
const FIN = 1;
const PSH = 8;

describe('Capture', () => {
  it('shows a connection as segments whose numbers follow from its bytes', () => {
    const { frames, a, b, servers } = captured();
    const client = a.station.connect({ host: a.address, port: 40000 }, { host: b.address, port: 80 });
    settle(b, a);
    client.send(new Uint8Array(3000));
    servers[0]!.send(new Uint8Array(10));
    servers[0]!.close();
    client.receive(new Uint8Array(100));
    client.close();
    const shown = frames.map((frame) => read(frame, 2));
    expect(shown.map(({ isOut, flags, length }) => [isOut, flags, length])).toEqual([
      [true, SYN, 0],
      [false, SYN | ACK, 0],
      [true, ACK, 0],
      [true, ACK, 1460],
      [true, ACK, 1460],
      [true, ACK | PSH, 80],
      [false, ACK, 0],
      [false, ACK | PSH, 10],
      [true, ACK, 0],
      [false, FIN | ACK, 0],
      [true, ACK, 0],
      [true, FIN | ACK, 0],
      [false, ACK, 0],
    ]);
    const next = { true: shown[0]!.seq, false: shown[1]!.seq };
    for (const { isOut, flags, seq, ack, length } of shown) {
      expect(seq).toBe(next[`${isOut}`]);
      if (flags & ACK) expect(ack).toBe(next[`${!isOut}`]);
      next[`${isOut}`] = (seq + length + (flags & (SYN | FIN) ? 1 : 0)) >>> 0;
    }
  });

  it('shows a refused connection as a reset', () => {
    const { frames, a, b } = captured();
    b.station.handlers.connection = (stream) => stream.refuse();
    a.station.connect({ host: a.address, port: 40000 }, { host: b.address, port: 80 });
    settle(b, a);
    expect(frames.map((frame) => read(frame, 2).flags)).toEqual([SYN, 4 | ACK]);
  });

  it('shows datagrams', () => {
    const { frames, a, b } = captured();
    const ends = { from: { host: a.address, port: 1 }, to: { host: b.address, port: 2 } };
    a.station.send({ protocol: PROTOCOL_UDP, ...ends, bytes: new Uint8Array(5), hops: 64, trafficClass: 0 });
    expect(frames.map((frame) => frame.length)).toEqual([14 + 20 + 8 + 5]);
  });
});

describe('pcapng', () => {
  it('has blocks whose lengths frame them', () => {
    const blocks = [sectionHeader(), interfaceDescription('eth0'), packet(0, 0x123456789n, new Uint8Array(5))];
    for (const bytes of blocks) {
      const view = new DataView(bytes.buffer);
      expect([view.getUint32(4, true), view.getUint32(bytes.length - 4, true), bytes.length % 4]).toEqual([
        bytes.length,
        bytes.length,
        0,
      ]);
    }
    expect(new DataView(blocks[2]!.buffer).getUint32(12, true)).toBe(1);
  });
});

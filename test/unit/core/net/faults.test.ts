import { describe, expect, it } from 'vitest';
import { bytesToStr, strToBytes } from '../../../../core/base/bytes.ts';
import { type FaultEntry, hostPrefix, type LinkFaults, type Stage } from '../../../../core/net/fault-plan.ts';
import { type Datagram, PROTOCOL_UDP, type Stream, type TransportHandlers } from '../../../../core/net/transport.ts';
import { addressOf, plug, settle, type TestStation, testStation } from '../../../support/net-pair.ts';

const none: LinkFaults = {
  latencyMs: 0,
  jitterMs: 0,
  lossPercent: 0,
  bytesPerSecond: 0,
  isPartitioned: false,
  seed: 1,
};

const entry = (faults: Partial<LinkFaults>, given: Partial<FaultEntry> = {}): FaultEntry => ({
  within: undefined,
  beyond: undefined,
  faults: { ...none, ...faults },
  busyUntil: new SharedArrayBuffer(8),
  ...given,
});
const stage = (...entries: FaultEntry[]): Stage => ({ key: 5, looksAt: 'from', entries });

/** Two machines whose time a test moves, and the faults of the way to the second. */
class Pair {
  nowMs = 1000;
  readonly a: TestStation;
  readonly b: TestStation;
  readonly wire: number;

  constructor(ofB: Partial<TransportHandlers> = {}) {
    this.a = testStation(2, {}, () => this.nowMs);
    this.b = testStation(3, ofB, () => this.nowMs);
    this.wire = plug(this.a, this.b);
  }
  /** Faults of what comes to b, and of what comes to a. */
  impair(toB: readonly Stage[], toA: readonly Stage[] = []): void {
    this.b.station.impair([{ wire: this.wire, stages: toB }]);
    this.a.station.impair([{ wire: this.wire, stages: toA }]);
    this.settle();
  }
  settle(): void {
    settle(this.a, this.b);
  }
  wait(ms: number): void {
    this.nowMs += ms;
    this.settle();
  }
  connect(): Stream {
    const remote = { host: this.b.address, port: 80 };
    const client = this.a.station.connect({ host: this.a.address, port: 40000 }, remote);
    this.settle();
    return client;
  }
}

function acceptingPair(): { pair: Pair; servers: Stream[] } {
  const servers: Stream[] = [];
  const pair = new Pair({
    connection(stream) {
      stream.accept();
      servers.push(stream);
    },
  });
  return { pair, servers };
}

const take = (stream: Stream): string => {
  const bytes = new Uint8Array(1 << 20);
  return bytesToStr(bytes.subarray(0, stream.receive(bytes)));
};

describe('latency', () => {
  it('delays the connection and its bytes each way, in order', () => {
    const { pair, servers } = acceptingPair();
    pair.impair([stage(entry({ latencyMs: 30 }))], [stage(entry({ latencyMs: 20 }))]);
    const client = pair.connect();
    pair.wait(29);
    expect([client.state, servers.length]).toEqual(['connecting', 0]);
    pair.wait(1);
    expect([client.state, servers.length]).toEqual(['connecting', 1]);
    pair.wait(20);
    expect(client.state).toBe('open');
    client.send(strToBytes('one '));
    pair.settle();
    pair.wait(10);
    client.send(strToBytes('two'));
    client.shutdown();
    pair.settle();
    expect(servers[0]!.available).toBe(0);
    expect([pair.b.station.dueInMs, pair.a.station.dueInMs]).toEqual([20, Number.POSITIVE_INFINITY]);
    pair.wait(20);
    expect([take(servers[0]!), servers[0]!.hasPeerEnded]).toEqual(['one ', false]);
    pair.wait(10);
    expect([take(servers[0]!), servers[0]!.isAtEnd]).toEqual(['two', true]);
  });

  it('delays a refusal and a reset', () => {
    const pair = new Pair();
    pair.impair([stage(entry({ latencyMs: 5 }))], [stage(entry({ latencyMs: 5 }))]);
    const client = pair.connect();
    pair.wait(5);
    expect(client.state).toBe('connecting');
    pair.wait(5);
    expect([client.state, client.fault]).toEqual(['ended', 'refused']);
  });

  it('delivers what was sent before the other machine went', () => {
    const { pair, servers } = acceptingPair();
    const client = pair.connect();
    pair.impair([stage(entry({ latencyMs: 40 }))]);
    client.send(strToBytes('last words'));
    client.close();
    pair.a.station.leave();
    pair.settle();
    expect([servers[0]!.state, servers[0]!.available]).toEqual(['open', 0]);
    pair.wait(40);
    expect([servers[0]!.state, take(servers[0]!), servers[0]!.isAtEnd]).toEqual(['open', 'last words', true]);
  });

  it('ends with the rules, for streams that are open too', () => {
    const { pair, servers } = acceptingPair();
    const client = pair.connect();
    pair.impair([stage(entry({ latencyMs: 40 }))]);
    client.send(strToBytes('slow'));
    pair.settle();
    pair.impair([]);
    pair.wait(40);
    expect(take(servers[0]!)).toBe('slow');
    client.send(strToBytes('quick'));
    pair.settle();
    expect(take(servers[0]!)).toBe('quick');
  });

  it('concerns those that a rule names only', () => {
    const { pair, servers } = acceptingPair();
    const other = { within: [hostPrefix(addressOf(77))] };
    const notUs = { beyond: [hostPrefix(addressOf(2))] };
    pair.impair([stage(entry({ isPartitioned: true }, other), entry({ isPartitioned: true }, notUs))]);
    expect([pair.connect().state, servers.length]).toEqual(['open', 1]);
  });
});

describe('loss', () => {
  it('makes TCP repeat, with everything arriving in order at last', () => {
    const { pair, servers } = acceptingPair();
    const client = pair.connect();
    pair.impair([stage(entry({ lossPercent: 50 }))]);
    const text = Array.from({ length: 20_000 }, (_, i) => String.fromCharCode(i & 0xff)).join('');
    client.send(strToBytes(text));
    client.shutdown();
    let got = '';
    let rounds = 0;
    for (; rounds < 1000 && !servers[0]!.isAtEnd; rounds++) {
      pair.wait(100);
      got += take(servers[0]!);
    }
    expect(got).toBe(text);
    expect(rounds).toBeGreaterThan(2);
    expect(pair.b.station.cards[0]!.counters.droppedPackets).toBeGreaterThan(0);
  });

  it('loses the same datagrams for the same seed, others for another, as many as asked', () => {
    const lostOf = (seed: number): number[] => {
      const got: number[] = [];
      const pair = new Pair({
        datagram({ bytes }: Datagram) {
          got.push(bytes[0]! | (bytes[1]! << 8));
          return true;
        },
      });
      pair.impair([stage(entry({ lossPercent: 10, seed }))]);
      for (let i = 0; i < 1000; i++) {
        const [from, to] = [addressOf(2), addressOf(3)].map((host) => ({ host, port: 5 }));
        const bytes = Uint8Array.of(i, i >> 8);
        pair.a.station.send({ protocol: PROTOCOL_UDP, from: from!, to: to!, bytes, hops: 64, trafficClass: 0 });
        pair.settle();
      }
      return Array.from({ length: 1000 }, (_, i) => i).filter((i) => !got.includes(i));
    };
    const first = lostOf(1);
    expect(lostOf(1)).toEqual(first);
    expect(lostOf(2)).not.toEqual(first);
    expect(first.length).toBeGreaterThan(60);
    expect(first.length).toBeLessThan(140);
  });
});

describe('a rate', () => {
  it('lets bytes pass at its speed', () => {
    const { pair, servers } = acceptingPair();
    const client = pair.connect();
    pair.impair([stage(entry({ bytesPerSecond: 100_000 }))]);
    client.send(new Uint8Array(100_000));
    pair.settle();
    pair.wait(500);
    const half = servers[0]!.available;
    // Headers take their part of the rate.
    expect(half).toBeGreaterThan(45_000);
    expect(half).toBeLessThan(50_000);
    pair.wait(600);
    expect(servers[0]!.available).toBe(100_000);
  });

  it('bounds what waits: a flood of datagrams is lost beyond it', () => {
    let count = 0;
    const pair = new Pair({
      datagram() {
        count++;
        return true;
      },
    });
    pair.impair([stage(entry({ bytesPerSecond: 1_000_000 }))]);
    const [from, to] = [addressOf(2), addressOf(3)].map((host) => ({ host, port: 5 }));
    for (let i = 0; i < 20_000; i++) {
      const bytes = new Uint8Array(1000);
      pair.a.station.send({ protocol: PROTOCOL_UDP, from: from!, to: to!, bytes, hops: 64, trafficClass: 0 });
      if (i % 100 === 0) pair.settle();
    }
    pair.wait(100_000);
    expect(count).toBe(1000);
  });
});

describe('a partition', () => {
  it('holds connections back until it ends, and fails those that wait too long', () => {
    const { pair, servers } = acceptingPair();
    const apart = [stage(entry({ isPartitioned: true }))];
    pair.impair(apart, apart);
    const waits = pair.connect();
    pair.wait(10_000);
    expect([waits.state, servers.length]).toEqual(['connecting', 0]);
    pair.impair([]);
    pair.settle();
    expect([waits.state, servers.length]).toEqual(['open', 1]);
    pair.impair(apart, apart);
    const fails = pair.connect();
    for (let second = 0; second < 130; second++) pair.wait(1000);
    expect([fails.state, fails.fault]).toEqual(['ended', 'timeout']);
  });

  it('keeps what open connections send, and brings it when it ends', () => {
    const { pair, servers } = acceptingPair();
    const client = pair.connect();
    pair.impair([stage(entry({ isPartitioned: true }))]);
    client.send(strToBytes('later'));
    pair.wait(60_000);
    expect(servers[0]!.available).toBe(0);
    pair.impair([]);
    expect(take(servers[0]!)).toBe('later');
  });
});

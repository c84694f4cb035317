import { describe, expect, it } from 'vitest';
import { formatFaults, parseFaults } from '../../../../core/cli/fault-text.ts';

describe('parseFaults', () => {
  it.each([
    ['latency=50ms,jitter=5ms,loss=1.5%', { latencyMs: 50, jitterMs: 5, lossPercent: 1.5 }],
    ['latency=2s', { latencyMs: 2000 }],
    ['latency=250us', { latencyMs: 0.25 }],
    ['rate=10mbit', { bytesPerSecond: 1_250_000 }],
    ['rate=64kB', { bytesPerSecond: 64_000 }],
    ['to=db,in,partition', { peer: 'db', direction: 'in', isPartitioned: true }],
    ['net=lab,to=10.0.0.0/8,loss=3,seed=7', { network: 'lab', peer: '10.0.0.0/8', lossPercent: 3, seed: 7 }],
    ['to=outside,out,latency=1ms', { peer: 'outside', direction: 'out', latencyMs: 1 }],
  ])('reads %s, and writes it back', (text, rule) => {
    expect(parseFaults(text)).toEqual(rule);
    expect(parseFaults(formatFaults(rule as ReturnType<typeof parseFaults>))).toEqual(rule);
  });

  it.each([
    '',
    'latency',
    'latency=',
    'latency=-1ms',
    'latency=61s',
    'loss=101',
    'rate=0',
    'to=a b',
    'to=10.0.0.0/40',
    'x=1',
  ])('refuses "%s"', (text) => {
    expect(() => parseFaults(text)).toThrow(expect.objectContaining({ code: 'net.malformed' }));
  });
});

import { describe, expect, it } from 'vitest';
import { HostClock } from '../../../../core/host/services.ts';

describe('HostClock', () => {
  it('never shows less than a second, and the wall clock by its offset', () => {
    const clock = new HostClock();
    const monotonicNs = clock.monotonicNs();
    expect(monotonicNs).toBeGreaterThanOrEqual(1e9);
    const realtimeMs = Number(clock.realtimeOffsetNs + BigInt(monotonicNs)) / 1e6;
    expect(Math.abs(realtimeMs - Date.now())).toBeLessThan(500);
  });
});

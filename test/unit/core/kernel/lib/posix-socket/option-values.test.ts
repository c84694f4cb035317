import { describe, expect, it } from 'vitest';
import { OptionValues } from '../../../../../../core/kernel/lib/posix-socket/lib.ts';

describe('OptionValues', () => {
  it('keeps, replaces and forgets values, 0 and negative numbers too', () => {
    const values = new OptionValues();
    expect([values.size, values.get(0)]).toEqual([0, undefined]);
    values.set(0, 5);
    values.set(5, 0);
    values.set(-1, 7);
    values.set(0, 6);
    expect([values.get(0), values.get(5), values.get(-1), values.size]).toEqual([6, 0, 7, 3]);
    values.delete(5);
    values.delete(5);
    expect([values.get(0), values.get(5), values.get(-1), values.size]).toEqual([6, undefined, 7, 2]);
  });

  it('begins with those of another, and leaves that alone', () => {
    const first = new OptionValues();
    first.set(1, 1);
    const second = new OptionValues();
    second.copy(first);
    second.set(1, 2);
    expect([first.get(1), second.get(1)]).toEqual([1, 2]);
  });
});

import { describe, expect, it } from 'vitest';
import {
  addToAddress,
  formatAddress,
  maskAddress,
  overlap,
  parseAddress,
  parsePrefix,
} from '../../../../core/net/address-text.ts';

const again = (text: string): string | undefined => {
  const address = parseAddress(text);
  return address && formatAddress(address);
};

describe('address text', () => {
  it.each([
    ['172.44.0.1', '172.44.0.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['fe80::1:2', 'fe80::1:2'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ])('reads %s and writes it as %s', (text, shown) => {
    expect(again(text)).toBe(shown);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    ':::',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7',
    'fe80::1%eth0',
    'localhost',
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('reads prefixes and knows which share addresses', () => {
    const prefix = (text: string) => parsePrefix(text)!;
    expect(formatAddress(prefix('172.44.0.9/24').network)).toBe('172.44.0.0');
    expect([parsePrefix('1.2.3.4/33'), parsePrefix('1.2.3.4'), parsePrefix('::/129')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(overlap(prefix('10.0.0.0/8'), prefix('10.1.0.0/16'))).toBe(true);
    expect(overlap(prefix('10.0.0.0/16'), prefix('10.1.0.0/16'))).toBe(false);
    expect(overlap(prefix('::/0'), prefix('10.1.0.0/16'))).toBe(false);
  });

  it('counts addresses', () => {
    expect(formatAddress(addToAddress(parseAddress('10.0.0.255')!, 258))).toBe('10.0.2.1');
    expect(formatAddress(maskAddress(parseAddress('fd00::abcd')!, 120))).toBe('fd00::ab00');
  });
});

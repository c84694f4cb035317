import { describe, expect, it } from 'vitest';
import { v4 } from '../../../../core/net/address.ts';
import { dhcpAnswer } from '../../../../core/net/dhcp.ts';

const lease = {
  address: v4(172, 44, 0, 2),
  prefixLen: 24,
  server: v4(172, 44, 0, 1),
  router: v4(172, 44, 0, 1),
  domain: 'default',
};

function message(...options: number[]): Uint8Array {
  const bytes = new Uint8Array(240 + options.length + 1);
  bytes.set([1, 1, 6, 0, 9, 9, 9, 9]);
  bytes.set([0x63, 0x82, 0x53, 0x63, ...options, 255], 236);
  return bytes;
}
const typeOf = (answer: Uint8Array | undefined): number | undefined => answer?.[242];

describe('DHCP', () => {
  it('offers the address that the network has leased, and grants it', () => {
    const offer = dhcpAnswer(message(53, 1, 1), lease)!;
    expect([offer[0], typeOf(offer), [...offer.subarray(4, 8)], [...offer.subarray(16, 20)]]).toEqual([
      2,
      2,
      [9, 9, 9, 9],
      [172, 44, 0, 2],
    ]);
    expect(typeOf(dhcpAnswer(message(53, 1, 3, 50, 4, 172, 44, 0, 2), lease))).toBe(5);
  });

  it('denies another address', () => {
    expect(typeOf(dhcpAnswer(message(53, 1, 3, 50, 4, 172, 44, 0, 9), lease))).toBe(6);
  });

  it('is silent about messages to another server, of another kind, or cut short', () => {
    expect(dhcpAnswer(message(53, 1, 3, 54, 4, 172, 44, 0, 7), lease)).toBeUndefined();
    expect(dhcpAnswer(message(53, 1, 7), lease)).toBeUndefined();
    expect(dhcpAnswer(message(53, 1, 1).subarray(0, 100), lease)).toBeUndefined();
    expect(dhcpAnswer(message(53), lease)).toBeUndefined();
  });
});

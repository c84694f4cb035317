import { describe, expect, it } from 'vitest';
import { parseNetdevIp, prefixLenOf } from '../../../../../../core/kernel/lib/uknetdev/configuration.ts';

describe('netdev parameters', () => {
  it('read an address with all its parts', () => {
    expect(parseNetdevIp('172.44.0.2/24:172.44.0.1:8.8.8.8::guest:example.org', 0)).toEqual({
      address: '172.44.0.2',
      prefixLen: 24,
      gateway: '172.44.0.1',
      dns: ['8.8.8.8'],
      hostname: 'guest',
      domain: 'example.org',
    });
  });

  it.each(['1.2.3/24', '1.2.3.4', '1.2.3.4/33', '1.2.3.4/24:x', '1.2.3.4/24::::::'])('refuse %s', (text) => {
    expect(() => parseNetdevIp(text, 0)).toThrow(expect.objectContaining({ name: 'ParameterError' }));
  });

  it('turn a netmask into a prefix length', () => {
    expect([prefixLenOf('255.255.255.0'), prefixLenOf('0.0.0.0')]).toEqual([24, 0]);
    expect(() => prefixLenOf('255.0.255.0')).toThrow();
  });
});

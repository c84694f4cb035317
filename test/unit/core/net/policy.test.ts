import { describe, expect, it } from 'vitest';
import type { Address } from '../../../../core/net/address.ts';
import { parseAddress } from '../../../../core/net/address-text.ts';
import { OutsidePolicy, parseRule } from '../../../../core/net/policy.ts';

const at = (text: string): Address => parseAddress(text)!;
const policy = (...rules: string[]): OutsidePolicy =>
  new OutsidePolicy(
    'listed',
    rules.map((text) => parseRule(text)!),
    () => 0,
  );

describe('OutsidePolicy', () => {
  it('allows what is listed, by address, prefix and port, and nothing else', () => {
    const some = policy('192.0.2.1:443', '198.51.100.0/24', '[2001:db8::1]:80');
    const asked: [string, number][] = [
      ['192.0.2.1', 443],
      ['192.0.2.1', 80],
      ['198.51.100.9', 1],
      ['198.51.101.9', 1],
      ['2001:db8::1', 80],
      ['::ffff:192.0.2.1', 443],
    ];
    expect(asked.map(([host, port]) => some.allows(at(host), port))).toEqual([true, false, true, false, true, true]);
  });

  it('allows the addresses of a listed name once it has been looked up, for its port', () => {
    const some = policy('*.example.org:443');
    expect([some.allowsName('www.example.org'), some.allowsName('example.org'), some.allowsName('evil.org')]).toEqual([
      true,
      false,
      false,
    ]);
    some.resolved('www.example.org', [at('192.0.2.7')], 1000);
    some.resolved('evil.org', [at('192.0.2.8')], 1000);
    expect([
      some.allows(at('192.0.2.7'), 443),
      some.allows(at('192.0.2.7'), 80),
      some.allows(at('192.0.2.8'), 443),
    ]).toEqual([true, false, false]);
  });

  it.each(['', 'a b', '1.2.3.4:0', '1.2.3.4:99999', '1.2.3', '10.0.0.0/40', '-x', '[::1', 'a..b'])(
    'refuses the rule %j',
    (text) => {
      expect(parseRule(text)).toBeUndefined();
    },
  );
});

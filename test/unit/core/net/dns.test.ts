import { describe, expect, it } from 'vitest';
import { v4 } from '../../../../core/net/address.ts';
import * as dns from '../../../../core/net/dns.ts';

/** A query as resolvers send it. */
function question(name: string, type: number, edns = 0): Uint8Array {
  const tail = edns === 0 ? [] : [0, 0, 41, edns >> 8, edns & 255, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([
    0x12,
    0x34,
    1,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    edns ? 1 : 0,
    ...dns.nameBytes(name)!,
    0,
    type,
    0,
    1,
    ...tail,
  ]);
}

describe('DNS', () => {
  it('reads a question and answers it', () => {
    const query = dns.parseQuery(question('Web.Default', dns.TYPE_A)) as dns.Query;
    expect(query).toMatchObject({ id: 0x1234, name: 'web.default', type: 1, maxBytes: 512 });
    const record = dns.addressRecord(query.name, v4(172, 44, 0, 2), 5);
    const message = dns.answer(query, dns.NO_ERROR, [record], 512);
    expect([...message.subarray(0, 12)]).toEqual([0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    expect([...message.subarray(-16)]).toEqual([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 172, 44, 0, 2]);
  });

  it('leaves out what does not fit and says so', () => {
    const query = dns.parseQuery(question('a', dns.TYPE_A, 4096)) as dns.Query;
    const records = Array.from({ length: 100 }, (_, i) => dns.addressRecord('a', v4(10, 0, 0, i), 5));
    const message = dns.answer(query, dns.NO_ERROR, records, query.maxBytes);
    expect(message.length).toBeLessThanOrEqual(1232);
    expect([message[2]! & 2, message[7]]).toEqual([2, 75]);
  });

  it('answers malformed ones with their code, and what is no query with silence', () => {
    const good = question('a.b', dns.TYPE_A);
    const codes = [
      good.slice(0, 5),
      good.slice(0, 14),
      good.map((byte, i) => (i === 5 ? 2 : byte)),
      good.map((byte, i) => (i === 2 ? 0x81 : byte)),
    ];
    expect(codes.map((bytes) => dns.parseQuery(bytes))).toEqual([
      undefined,
      dns.FORMAT_ERROR,
      dns.FORMAT_ERROR,
      undefined,
    ]);
    const loop = Uint8Array.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1]);
    expect(dns.parseQuery(loop)).toBe(dns.FORMAT_ERROR);
  });

  it('knows the addresses of reverse names', () => {
    expect(dns.reverseAddress('2.0.44.172.in-addr.arpa')).toBe('172.44.0.2');
    expect(dns.reverseAddress(`1.${'0.'.repeat(31)}ip6.arpa`)).toBe('0000:0000:0000:0000:0000:0000:0000:0001');
    expect(dns.reverseAddress('example.org')).toBeUndefined();
  });
});

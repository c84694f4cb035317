import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Leases } from '../../../../../core/manager/net/leases.ts';
import { NetworkStore } from '../../../../../core/manager/net/network-store.ts';
import { Home } from '../../../../../core/manager/store/home.ts';
import { v4 } from '../../../../../core/net/address.ts';
import { formatPrefix } from '../../../../../core/net/address-text.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elfdeck-net-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('NetworkStore', () => {
  const store = (): NetworkStore => new NetworkStore(Home.open(folder));

  it('keeps networks, beside the built-in one', async () => {
    await store().create({ name: 'lab', cidr: '10.5.0.0/24', cidr6: 'fd00:5::/64', isIsolated: true });
    await store().create({ name: 'auto' });
    expect(
      store()
        .list()
        .map(({ name, v4: prefix, v6, isIsolated }) => [
          name,
          formatPrefix(prefix),
          v6 && formatPrefix(v6),
          isIsolated,
        ]),
    ).toEqual([
      ['default', '172.44.0.0/24', undefined, false],
      ['auto', '172.44.1.0/24', undefined, false],
      ['lab', '10.5.0.0/24', 'fd00:5::/64', true],
    ]);
    await store().remove('lab', () => false);
    expect(() => store().get('lab')).toThrow('there is no network "lab"');
  });

  it.each([
    [{ name: '../x' }, /no name for a network/],
    [{ name: 'default' }, /"default" already/],
    [{ name: 'a', cidr: '10.5.0.0' }, /no IPv4 prefix/],
    [{ name: 'a', cidr: '10.5.0.9/24' }, /write 10.5.0.0\/24/],
    [{ name: 'a', cidr: '10.5.0.0/31' }, /8 to 29 bits/],
    [{ name: 'a', cidr: '127.0.0.0/16' }, /a meaning of their own/],
    [{ name: 'a', cidr: '172.44.0.0/16' }, /overlaps with the network "default"/],
    [{ name: 'a', cidr6: '10.0.0.0/24' }, /no IPv6 prefix/],
  ])('refuses %j, and makes nothing', async (request, message) => {
    await expect(store().create(request)).rejects.toThrow(message);
    expect(store().list()).toHaveLength(1);
  });

  it('keeps a network that machines are on', async () => {
    await store().create({ name: 'lab' });
    await expect(store().remove('lab', () => true)).rejects.toMatchObject({ code: 'net.in-use' });
    await expect(store().remove('default', () => false)).rejects.toMatchObject({ code: 'net.in-use' });
    expect(store().list()).toHaveLength(2);
  });
});

describe('Leases', () => {
  const address = v4(172, 44, 0, 2);
  const holder = { name: 'web', port: 5, key: 'k\xff' };

  it('give an address once, until it is released', () => {
    const one = new Leases(folder);
    const two = new Leases(folder);
    expect([one.take(address, [address], holder), two.take(address, [address], holder)]).toEqual([true, false]);
    expect(two.machines(false)).toEqual([{ ...holder, addresses: [address], pid: process.pid }]);
    expect(two.machines(true)).toEqual([]);
    one.release(address);
    // A list may be a moment old; who looks for the first time sees what is.
    expect([new Leases(folder).machines(false), two.take(address, [address], holder)]).toEqual([[], true]);
  });

  it('count for nothing once their process is dead or they are damaged', async () => {
    const { writeFileSync } = await import('node:fs');
    const dead = { pid: 2 ** 22 + 1, start: 5, name: 'old', port: 1, key: '', addresses: ['172.44.0.2'] };
    writeFileSync(join(folder, '172.44.0.2'), JSON.stringify(dead));
    writeFileSync(join(folder, '172.44.0.3'), '{');
    const leases = new Leases(folder);
    expect(leases.machines(false)).toEqual([]);
    expect([address, v4(172, 44, 0, 3)].map((one) => leases.take(one, [one], holder))).toEqual([true, true]);
  });
});

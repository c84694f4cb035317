import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiskCache, userCache } from '../../../../core/host/disk-cache.ts';

const bytes = (length: number, seed = 1): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * seed + 7) & 0xff);

let parent: string;
let folder: string;
let cache: DiskCache;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'elfdeck-cache-'));
  folder = join(parent, 'a/b');
  cache = new DiskCache(folder, 'us');
});
afterEach(() => rmSync(parent, { recursive: true }));

const files = (): string[] => readdirSync(folder).map((name) => join(folder, name));

describe('DiskCache', () => {
  it('gives back what was written under a key, and nothing for others', () => {
    for (const length of [0, 1, 15, 16, 17, 100_000]) cache.write(`key ${length}`, bytes(length));
    for (const length of [0, 1, 15, 16, 17, 100_000]) expect(cache.read(`key ${length}`)).toEqual(bytes(length));
    expect(cache.read('key')).toBeUndefined();
    expect(new DiskCache(folder, 'us').read('key 17')).toEqual(bytes(17));
    expect(new DiskCache(folder, 'others').read('key 17')).toBeUndefined();
  });

  it('replaces an entry', () => {
    cache.write('key', bytes(10));
    cache.write('key', bytes(20, 3));
    expect(cache.read('key')).toEqual(bytes(20, 3));
    expect(files()).toHaveLength(1);
  });

  it('gives 16-byte aligned content', () => {
    cache.write('key', bytes(10));
    expect(cache.read('key')!.byteOffset % 16).toBe(0);
  });

  it('finds damage wherever it is', () => {
    cache.write('key', bytes(100));
    const [file] = files();
    const whole = readFileSync(file!);
    const isRead = (content: Uint8Array): boolean => {
      writeFileSync(file!, content);
      return cache.read('key') !== undefined;
    };
    const damaged = [...whole.keys()]
      // Padding between content and key means nothing.
      .filter((at) => at < 132 || at >= 144)
      .filter((at) => isRead(whole.map((byte, i) => (i === at ? byte ^ 0x10 : byte))));
    expect(damaged).toEqual([]);
    const cut = [...whole.keys()].filter((length) => isRead(whole.subarray(0, length)));
    expect(cut).toEqual([]);
    expect(isRead(Buffer.concat([whole, Buffer.from([0])]))).toBe(false);
    expect(isRead(whole)).toBe(true);
  });

  it('takes no file for the entry of another key', () => {
    cache.write('key one', bytes(10));
    cache.write('key two', bytes(10, 5));
    const [one, two] = files();
    const content = readFileSync(one!);
    writeFileSync(one!, readFileSync(two!));
    writeFileSync(two!, content);
    expect([cache.read('key one'), cache.read('key two')]).toEqual([undefined, undefined]);
  });

  it('removes the entries unused for longest when it is full', () => {
    const small = new DiskCache(folder, 'us', 40_000);
    for (let i = 0; i < 4; i++) small.write(`key ${i}`, bytes(9000, i));
    // The age of entries is that of their files.
    const ages = new Map(files().map((file) => [readFileSync(file).toString('utf8').slice(-5), file]));
    for (let i = 0; i < 4; i++) utimesSync(ages.get(`key ${i}`)!, 1000 + i, 1000 + i);
    expect(small.read('key 0')).toBeDefined();
    small.write('key 4', bytes(9000, 4));
    expect([0, 1, 2, 3, 4].filter((i) => small.read(`key ${i}`) !== undefined)).toEqual([0, 3, 4]);
    expect(files().reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThanOrEqual(40_000);
  });

  it('does not keep what would push out everything else', () => {
    const small = new DiskCache(folder, 'us', 40_000);
    small.write('small', bytes(5000));
    small.write('large', bytes(20_000));
    expect([small.read('small') !== undefined, small.read('large')]).toEqual([true, undefined]);
  });

  it('removes what others left unfinished long ago', () => {
    cache.write('key', bytes(10));
    writeFileSync(join(folder, 'tmp-1-2-3'), 'x');
    utimesSync(join(folder, 'tmp-1-2-3'), 1000, 1000);
    writeFileSync(join(folder, 'tmp-1-2-4'), 'x');
    writeFileSync(join(folder, 'other'), 'x');
    cache.write('key 2', bytes(10));
    expect(
      readdirSync(folder)
        .filter((name) => !/^[0-9a-f]{16}$/.test(name))
        .sort(),
    ).toEqual(['other', 'tmp-1-2-4']);
  });

  it('is silent where it can neither read nor write', () => {
    writeFileSync(join(parent, 'file'), '');
    const none = new DiskCache(join(parent, 'file/cache'), 'us');
    none.write('key', bytes(10));
    expect(none.read('key')).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32')('keeps its files from other users', () => {
    cache.write('key', bytes(10));
    expect([folder, ...files()].map((path) => statSync(path).mode & 0o077)).toEqual([0, 0]);
    chmodSync(files()[0]!, 0o600);
  });

  it('serves writers and readers at once: whole entries or none', async () => {
    const module = new URL('../../../../core/host/disk-cache.ts', import.meta.url).href;
    const script = `
      const { DiskCache } = await import(${JSON.stringify(module)});
      const { workerData: { folder, seed } } = await import('node:worker_threads');
      const cache = new DiskCache(folder, 'us');
      for (let i = 0; i < 100; i++) {
        cache.write('key', new Uint8Array(10_000 + seed).fill(seed));
        const read = cache.read('key');
        if (read === undefined || read.some((byte) => byte !== read[0]) || read.length !== 10_000 + read[0])
          throw new Error('a torn entry');
      }`;
    const code = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
    const ends = [1, 2, 3].map(
      (seed) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(code, { workerData: { folder, seed }, execArgv: [] });
          worker.on('exit', resolve);
          worker.on('error', reject);
        }),
    );
    expect(await Promise.all(ends)).toEqual([0, 0, 0]);
    expect(files()).toHaveLength(1);
  });
});

describe('userCache', () => {
  it('is where the variables say, and nowhere when they forbid it', () => {
    expect(userCache('us', { ELFDECK_CACHE_DIR: '/x' })?.folder).toBe('/x');
    expect(userCache('us', { ELFDECK_CACHE_DIR: '/x', ELFDECK_NO_CACHE: '1' })).toBeUndefined();
    expect(userCache('us', {})).toBeUndefined();
  });
});

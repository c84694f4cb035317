import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { vmSpec } from '../../../../../core/contract/vm-spec.ts';
import { sweep } from '../../../../../core/manager/store/atomic.ts';
import { DocumentKind } from '../../../../../core/manager/store/document.ts';
import { Home, homeFolder } from '../../../../../core/manager/store/home.ts';
import { defaultMeta, InstanceStore } from '../../../../../core/manager/store/instance-store.ts';
import { lockHolder, tryLock } from '../../../../../core/manager/store/lock.ts';
import { SettingsStore } from '../../../../../core/manager/store/settings-store.ts';

let folder: string;
let home: Home;
let store: InstanceStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elfdeck-store-'));
  home = Home.open(folder);
  store = new InstanceStore(home);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const record = (name: string) => ({
  name,
  spec: vmSpec({ name, program: ['/bin/x'] }),
  meta: defaultMeta,
  createdAt: 1,
});

describe('home', () => {
  it('follows the conventions of each system', () => {
    expect(homeFolder({}, 'linux', '/home/u')).toBe('/home/u/.local/share/elfdeck');
    expect(homeFolder({ XDG_DATA_HOME: '/data' }, 'linux', '/home/u')).toBe('/data/elfdeck');
    expect(homeFolder({ XDG_DATA_HOME: 'relative' }, 'linux', '/home/u')).toBe('/home/u/.local/share/elfdeck');
    expect(homeFolder({}, 'darwin', '/Users/u')).toBe('/Users/u/Library/Application Support/Elfdeck');
    expect(homeFolder({ ELFDECK_HOME: '/mine' }, 'darwin', '/Users/u')).toBe('/mine');
  });
});

describe('instance store', () => {
  it('creates, changes, removes and restores', async () => {
    const { id } = await store.create(record('web'));
    await expect(store.create(record('web'))).rejects.toMatchObject({ code: 'vm.name-taken' });
    await store.update(id, (old) => ({ ...old, name: 'site' }));
    expect(store.find('site')).toMatchObject({ id, spec: { name: 'site' } });
    await store.remove(id);
    expect(() => store.find('site')).toThrow('there is no instance "site"');
    await store.create(record('site'));
    expect((await store.restore(id)).name).toBe('site-2');
    await expect(store.restore('../../etc')).rejects.toMatchObject({ code: 'vm.not-found' });
  });

  it('reports broken and newer files and leaves them as they are', async () => {
    await store.create(record('good'));
    const bad: Record<string, string> = {
      aaaaaaaaaa: '{ "version": 1, "name": "cut',
      bbbbbbbbbb: '{ "version": 99, "name": "newer" }',
      cccccccccc: '{ "version": 1, "name": "../evil" }',
      dddddddddd: '[]',
      eeeeeeeeee: '',
      ffffffffff: '\0\0\0\0',
    };
    for (const [id, text] of Object.entries(bad)) {
      mkdirSync(store.folder(id));
      writeFileSync(join(store.folder(id), 'instance.json'), text);
    }
    const { instances, broken } = store.list();
    expect(instances.map((instance) => instance.name)).toEqual(['good']);
    expect(broken.map(({ id, error }) => [id, error.code]).sort()).toEqual(
      Object.keys(bad).map((id) => [id, id === 'bbbbbbbbbb' ? 'store.newer' : 'store.broken']),
    );
    for (const id of Object.keys(bad))
      await expect(store.update(id, (old) => old)).rejects.toThrow(/update elfdeck|by hand/);
    for (const [id, text] of Object.entries(bad)) {
      expect(readFileSync(join(store.folder(id), 'instance.json'), 'utf8')).toBe(text);
    }
  });

  it('loses nothing that was confirmed when writers are killed at any moment', async () => {
    const writer = join(import.meta.dirname, '../../../../support/store-writer.ts');
    const seen: string[] = [];
    const rounds = 3;
    for (let round = 0; round < rounds; round++) {
      const children = ['a', 'b'].map((tag) =>
        spawn(process.execPath, [writer, folder, `${tag}${round}`], { stdio: ['ignore', 'pipe', 'inherit'] }),
      );
      await Promise.all(
        children.map(
          (child, index) =>
            new Promise<void>((resolve) => {
              let text = '';
              child.stdout!.on('data', (bytes: Buffer) => {
                text += bytes;
                // Each at another point of its work.
                if (text.split('\n').length > 5 + 4 * round + 3 * index) child.kill('SIGKILL');
              });
              child.on('close', () => {
                seen.push(...text.split('\n').slice(0, -1));
                resolve();
              });
            }),
        ),
      );
    }
    sweep(home.staging, [home.path, home.locks]);
    const { instances, broken } = store.list();
    expect(broken).toEqual([]);
    const notes = new Map([...instances].map((instance) => [instance.name, instance.meta.notes]));
    const removed = new Set(store.removed().map((instance) => instance.name));
    expect(new Set(notes.keys()).size).toBe(instances.length);
    for (const line of seen) {
      const [what, name = ''] = line.split(' ');
      if (what === 'created') expect([name, notes.has(name) || removed.has(name)]).toEqual([name, true]);
      if (what === 'noted' && !removed.has(name)) expect([name, notes.get(name)]).toEqual([name, name]);
      if (what === 'removed') expect([name, removed.has(name)]).toEqual([name, true]);
    }
    expect(seen.length).toBeGreaterThan(20);
    expect(new SettingsStore(home).get().view).not.toEqual({});
    // The dead hold no lock and leave nothing lying about.
    expect([lockHolder(home.locks, 'store'), readdirSync(home.staging)]).toEqual([undefined, []]);
  });
});

describe('documents', () => {
  const kind = new DocumentKind('the file', z.object({ name: z.string(), size: z.number() }), [
    (old) => ({ name: old.title }),
    (old) => ({ ...old, size: 1 }),
  ]);

  it('migrate step by step from older versions', () => {
    expect(kind.parse('{"version":1,"title":"a"}', 'f')).toEqual({ name: 'a', size: 1 });
    expect(kind.parse('{"version":2,"name":"b"}', 'f')).toEqual({ name: 'b', size: 1 });
    expect(kind.parse(kind.format({ name: 'c', size: 2 }), 'f')).toEqual({ name: 'c', size: 2 });
    expect(() => kind.parse('{"version":4}', 'f')).toThrow('of a newer elfdeck (version 4, this one knows 3)');
    expect(() => kind.parse('{"name":"a"}', 'f')).toThrow('it has no version');
  });
});

describe('locks', () => {
  it('are held by one, and free once it is dead', () => {
    const lock = tryLock(home.locks, 'x');
    expect('release' in lock).toBe(true);
    expect(tryLock(home.locks, 'x')).toMatchObject({ pid: process.pid });
    if ('release' in lock) lock.release();
    expect(lockHolder(home.locks, 'x')).toBeUndefined();
    // The number of this process, but of one that began at another time; and a claim that the disk has lost.
    writeFileSync(join(home.locks, 'x.7'), JSON.stringify({ pid: process.pid, start: 1, number: 7, key: 'k' }));
    writeFileSync(join(home.locks, 'x.8'), '');
    const again = tryLock(home.locks, 'x');
    expect('release' in again).toBe(true);
    expect(readdirSync(home.locks)).toEqual(['x.9']);
  });
});

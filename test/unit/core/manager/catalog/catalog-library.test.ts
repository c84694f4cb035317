import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../../../core/contract/api/catalog.ts';
import { CatalogLibrary } from '../../../../../core/manager/catalog/catalog-library.ts';
import { Jobs } from '../../../../../core/manager/jobs/jobs.ts';
import { RootfsLibrary } from '../../../../../core/manager/rootfs/rootfs-library.ts';
import { Home } from '../../../../../core/manager/store/home.ts';
import { SettingsStore } from '../../../../../core/manager/store/settings-store.ts';
import { type TarMember, tarBytes, writeTarGz } from '../../../../support/archives.ts';

let folder: string;
let home: Home;
let jobs: Jobs;
let settings: SettingsStore;
let catalogs: CatalogLibrary;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'elfdeck-catalog-'));
  home = Home.open(join(folder, 'home'));
  jobs = new Jobs();
  settings = new SettingsStore(home);
  await settings.set({ catalogUrl: '' });
  catalogs = new CatalogLibrary(home, settings, new RootfsLibrary(home), jobs);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inner = async (): Promise<Buffer> => gzipSync(await tarBytes([{ name: 'usr/share/doc', content: 'inner' }]));

/** Members of an archive in the layout of dynamic-apps. */
const dynamicApps = async (): Promise<TarMember[]> => [
  { name: 'dynamic-apps-main/', type: 'directory' },
  { name: 'dynamic-apps-main/README.md', content: 'apps' },
  { name: 'dynamic-apps-main/bc/usr/bin/bc', mode: 0o755, content: 'bc' },
  { name: 'dynamic-apps-main/bc/lib64/ld.so', mode: 0o755, content: 'ld' },
  { name: 'dynamic-apps-main/nginx/usr/local/nginx/sbin/nginx', mode: 0o755, content: 'nginx' },
  { name: 'dynamic-apps-main/nginx/usr.tar.gz', content: await inner() },
  { name: 'dynamic-apps-main/lang/python/bin/python3.11', mode: 0o755, content: 'python' },
];

async function done(job: string): Promise<Job> {
  const result = await jobs.finished(job);
  expect(result.error).toBeUndefined();
  return result;
}

const names = (): string[] => catalogs.apps().map((app) => app.id.replace(/^[^:]+:/, ''));

describe('catalog library', () => {
  it('always has the built-in examples', async () => {
    expect(names()).toEqual(['hello', 'tour', 'calc']);
    const { result } = await done(catalogs.import('built-in:hello'));
    expect(existsSync(join(result!.path!, 'bin/hello'))).toBe(true);
    expect(catalogs.importedApp('built-in:hello')).toMatchObject({ program: ['/bin/hello'], path: result!.path });
  });

  it('finds the apps of a tarball, knows what they need, and imports one with its inner archive', async () => {
    const archive = join(folder, 'apps.tar.gz');
    await writeTarGz(archive, await dynamicApps());
    const source = await catalogs.addSource({ location: archive });
    expect(source).toMatchObject({ layout: 'dynamic-apps', appCount: 3, kind: 'archive' });
    const nginx = catalogs.app(`${source.id}:nginx`);
    expect(nginx).toMatchObject({
      title: 'nginx',
      category: 'server',
      needs: { network: true, ports: [80] },
      program: ['/usr/local/nginx/sbin/nginx', '-c', '/usr/local/nginx/conf/nginx.conf'],
    });
    const { result } = await done(catalogs.import(nginx.id));
    expect(readFileSync(join(result!.path!, 'usr/share/doc'), 'utf8')).toBe('inner');
    expect(existsSync(join(result!.path!, 'usr.tar.gz'))).toBe(false);
    expect(existsSync(join(result!.path!, 'bc'))).toBe(false);
    expect(catalogs.search(undefined, 'python language').map((app) => app.title)).toEqual(['Python']);
  });

  it('finds static programs beside their build scripts, with their rootfs', async () => {
    const file = (path: string, content: string, mode = 0o644): void => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
      chmodSync(join(folder, path), mode);
    };
    file('static/.git/config', 'x');
    file('static/redis/build.sh', '#!/bin/sh', 0o755);
    file('static/redis/redis-server', 'elf', 0o755);
    file('static/redis/rootfs/redis.conf', 'conf');
    file('static/lang/c/Makefile', 'all:');
    file('static/lang/c/helloworld', 'elf', 0o755);
    file('static/caddy/build.sh', '#!/bin/sh', 0o755);
    const source = await catalogs.addSource({ location: join(folder, 'static') });
    expect(source.layout).toBe('static-pie-apps');
    expect(catalogs.search(source.id).map((app) => [app.name, app.program])).toEqual([
      ['c', ['/helloworld']],
      ['redis', ['/redis-server', '/redis.conf']],
    ]);
    const { result } = await done(catalogs.import(`${source.id}:redis`));
    expect(readdirSync(result!.path!).sort()).toEqual(['redis-server', 'redis.conf']);
  });

  it("reads a manifest of one's own", async () => {
    const app = join(folder, 'ours/web/bin');
    mkdirSync(app, { recursive: true });
    writeFileSync(join(app, 'web'), 'elf', { mode: 0o755 });
    const manifest = {
      version: 1,
      title: 'Ours',
      apps: [{ path: 'web', title: 'Web', program: ['/bin/web', '-v'], network: true, ports: [8080] }],
    };
    writeFileSync(join(folder, 'ours/elfdeck-catalog.json'), JSON.stringify(manifest));
    const source = await catalogs.addSource({ location: join(folder, 'ours') });
    expect(source.layout).toBe('manifest');
    expect(catalogs.app(`${source.id}:web`)).toMatchObject({
      title: 'Web',
      needs: { network: true, ports: [8080] },
      program: ['/bin/web', '-v'],
    });
    const bad = { ...manifest, apps: [{ path: '../evil' }] };
    writeFileSync(join(folder, 'ours/elfdeck-catalog.json'), JSON.stringify(bad));
    await expect(catalogs.addSource({ location: join(folder, 'ours') })).rejects.toThrow(/without "\.\."/);
  });

  it('leaves nothing behind of an app that is refused or cancelled', async () => {
    const archive = join(folder, 'evil.tar.gz');
    const members = await dynamicApps();
    await writeTarGz(archive, [
      ...members,
      { name: 'dynamic-apps-main/bc/lib/evil', type: 'symlink', linkname: '../../../../etc' },
    ]);
    const source = await catalogs.addSource({ location: archive });
    const job = await jobs.finished(catalogs.import(`${source.id}:bc`));
    expect([job.state, job.error?.code]).toEqual(['failed', 'archive.refused']);
    const second = catalogs.import(`${source.id}:nginx`);
    await jobs.cancel(second);
    expect(jobs.get(second).state).toBe('cancelled');
    expect([readdirSync(home.roots), readdirSync(home.staging)]).toEqual([[], []]);
  });
});

describe('downloads', () => {
  let server: Server;
  let bytes: Buffer;
  let requests: (string | undefined)[];
  /** Bytes after which a response is cut off. */
  let cutAfter: number;
  /** Breaks the connection of a response that was not whole. */
  let cut: () => void;
  let url: string;
  beforeEach(async () => {
    bytes = gzipSync(
      await tarBytes([...(await dynamicApps()), { name: 'dynamic-apps-main/bc/etc/big', content: randomText() }]),
    );
    requests = [];
    cutAfter = Number.POSITIVE_INFINITY;
    server = createServer((request, response) => {
      const { range } = request.headers;
      requests.push(range);
      const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
      const headers = { ETag: '"one"', 'Content-Length': bytes.length - start };
      if (range === undefined) response.writeHead(200, headers);
      else
        response.writeHead(206, { ...headers, 'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` });
      const piece = bytes.subarray(start, start + cutAfter);
      response.write(piece);
      if (piece.length === bytes.length - start) response.end();
      else cut = () => response.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/apps.tar.gz`;
  });
  afterEach(() => server.close());

  /** Does not compress. */
  const randomText = (): string =>
    Array.from({ length: 4000 }, (_, i) => createHash('sha256').update(String(i)).digest('hex')).join('');

  it('go on where they were cut off', async () => {
    const source = await catalogs.addSource({ location: url });
    cutAfter = 100_000;
    const watch = jobs.changed.on(({ doneBytes }) => doneBytes > 0 && cut());
    const job = catalogs.refresh(source.id);
    const broken = await jobs.finished(job);
    watch.dispose();
    expect([broken.state, broken.error?.code, broken.canResume]).toEqual(['failed', 'catalog.unreachable', true]);
    const have = catalogs.sources().at(-1)?.downloadedBytes ?? 0;
    expect(have).toBeGreaterThan(0);
    cutAfter = Number.POSITIVE_INFINITY;
    jobs.resume(job);
    await done(job);
    expect(requests).toEqual([undefined, `bytes=${have}-`]);
    expect(catalogs.sources().at(-1)).toMatchObject({ layout: 'dynamic-apps', appCount: 3 });
  });

  it('are thrown away when their checksum is wrong', async () => {
    const source = await catalogs.addSource({ location: url, sha256: 'a'.repeat(64) });
    const job = await jobs.finished(catalogs.refresh(source.id));
    expect(job.error?.code).toBe('catalog.checksum');
    expect(readdirSync(home.catalogs).filter((name) => name.startsWith(source.id))).toEqual([]);
    const right = await catalogs.addSource({ location: url, sha256: createHash('sha256').update(bytes).digest('hex') });
    await done(catalogs.refresh(right.id));
  });

  it('take https addresses only, but for this computer', async () => {
    const source = await catalogs.addSource({ location: 'http://example.com/apps.tar.gz' });
    expect((await jobs.finished(catalogs.refresh(source.id))).error?.message).toContain('no https address');
  });
});

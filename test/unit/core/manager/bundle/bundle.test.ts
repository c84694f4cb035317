import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../../../core/contract/api/catalog.ts';
import { ManagerApp } from '../../../../../core/manager/app/manager-app.ts';
import { exportInstance } from '../../../../../core/manager/bundle/export.ts';
import { importInstance } from '../../../../../core/manager/bundle/import.ts';
import { tarBytes } from '../../../../support/archives.ts';

let folder: string;
let here: ManagerApp;
/** Another computer's. */
let there: ManagerApp;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elfdeck-bundle-'));
  here = new ManagerApp({ host: 'cli', home: join(folder, 'here') });
  there = new ManagerApp({ host: 'cli', home: join(folder, 'there') });
});
afterEach(async () => {
  await Promise.all([here.dispose(), there.dispose()]);
  rmSync(folder, { recursive: true, force: true });
});

/** An instance with a root, a volume, an empty shared folder and notes; exported. */
async function exported(): Promise<string> {
  const path = (name: string): string => join(folder, name);
  mkdirSync(path('root/bin'), { recursive: true });
  writeFileSync(path('root/bin/app'), 'program');
  chmodSync(path('root/bin/app'), 0o755);
  symlinkSync('bin/app', path('root/link'));
  mkdirSync(path('data/inner'), { recursive: true });
  writeFileSync(path('data/inner/rows.db'), 'rows');
  mkdirSync(path('empty'));
  const spec = {
    rootfs: { kind: 'folder' as const, path: path('root'), mode: 'rw' as const },
    program: ['/bin/app'],
    volumes: [{ source: path('data'), target: '/data', isReadOnly: true }],
    folders: [{ tag: 'fs1', path: path('empty'), isReadOnly: false }],
  };
  await here.vms.create('web', spec, { notes: 'as it was', tags: ['a'], autostart: true });
  const file = path('web.elfdeck');
  await finished(here, exportInstance(here, { vm: 'web', path: file }));
  return file;
}
async function outcome(app: ManagerApp, job: string): Promise<Job> {
  return app.jobs.finished(job);
}
async function finished(app: ManagerApp, job: string): Promise<Job> {
  const result = await outcome(app, job);
  expect(result.error).toBeUndefined();
  return result;
}
const leftBehind = (app: ManagerApp): unknown[] => [
  readdirSync(app.home.staging),
  app.vms.list().vms.map((vm) => vm.name),
  app.roots.list(() => []).map((root) => root.name),
];

describe('bundles', () => {
  it('bring an instance with its root, volumes, shared folders and notes to another computer', async () => {
    const file = await exported();
    const { result } = await finished(there, importInstance(there, { path: file }));
    const { spec, meta } = there.vms.get(result!.vm!);
    const root = spec.rootfs as { path: string };
    expect([readFileSync(join(root.path, 'link'), 'utf8'), statSync(join(root.path, 'bin/app')).mode & 0o777]).toEqual([
      'program',
      0o755,
    ]);
    const [volume] = spec.volumes;
    const [shared] = spec.folders;
    expect(volume).toMatchObject({ target: '/data', isReadOnly: true });
    expect(readFileSync(join(volume!.source, 'inner/rows.db'), 'utf8')).toBe('rows');
    expect([shared!.tag, readdirSync(shared!.path)]).toEqual(['fs1', []]);
    for (const path of [root.path, volume!.source, shared!.path]) expect(path.startsWith(there.home.path)).toBe(true);
    expect(meta).toMatchObject({ notes: 'as it was', tags: ['a'], autostart: false });
  });

  it('are refused as a whole when they are damaged, cut off or not ours', async () => {
    const file = await exported();
    const bytes = gunzipSync(readFileSync(file));
    const damaged = Buffer.from(bytes);
    damaged[damaged.indexOf('rows\0')] = 0x58;
    const cases = {
      damaged: gzipSync(damaged),
      cut: readFileSync(file).subarray(0, -40),
      other: gzipSync(await tarBytes([{ name: 'readme', content: 'no bundle' }])),
      empty: Buffer.alloc(0),
    };
    for (const [name, content] of Object.entries(cases)) {
      const path = join(folder, `${name}.elfdeck`);
      writeFileSync(path, content);
      const { state, error } = await outcome(there, importInstance(there, { path }));
      expect([name, state, error?.code.split('.')[0]]).toEqual([
        name,
        'failed',
        expect.stringMatching(/archive|catalog/),
      ]);
    }
    expect(leftBehind(there)).toEqual([[], [], []]);
  });

  it('never write outside of the data folder, whatever their members are called', async () => {
    const file = await exported();
    const { default: tar } = await import('tar-stream');
    const extract = tar.extract();
    const members: { name: string; content: Buffer }[] = [];
    extract.end(gunzipSync(readFileSync(file)));
    for await (const entry of extract) {
      const pieces: Buffer[] = [];
      for await (const piece of entry) pieces.push(piece as Buffer);
      members.push({ name: entry.header.name, content: Buffer.concat(pieces) });
    }
    const manifest = members[0]!;
    for (const name of ['../escaped', '/escaped', 'root/../../escaped', 'root/\0x']) {
      const path = join(folder, 'hostile.elfdeck');
      writeFileSync(path, gzipSync(await tarBytes([manifest, { name, content: 'x' }])));
      expect((await outcome(there, importInstance(there, { path }))).state).toBe('failed');
    }
    expect([existsSync(join(folder, 'escaped')), existsSync('/escaped')]).toEqual([false, false]);
    expect(leftBehind(there)).toEqual([[], [], []]);
  });

  it('do not overwrite a file unless told to, and leave no half of one', async () => {
    const file = await exported();
    const again = await outcome(here, exportInstance(here, { vm: 'web', path: file }));
    expect([again.state, again.error?.code]).toEqual(['failed', 'host.file']);
    rmSync(join(folder, 'data'), { recursive: true });
    const other = join(folder, 'other.elfdeck');
    const broken = await outcome(here, exportInstance(here, { vm: 'web', path: other }));
    expect([broken.state, existsSync(other)]).toEqual(['failed', false]);
    expect(broken.error?.message).toMatch(/shared folder .* not there any more/);
  });
});

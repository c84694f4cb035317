import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallContext } from '../../../../../core/contract/session.ts';
import { rootfsHandlers } from '../../../../../core/manager/api/rootfs.ts';
import { ManagerApp } from '../../../../../core/manager/app/manager-app.ts';
import { exportInstance } from '../../../../../core/manager/bundle/export.ts';
import { importInstance } from '../../../../../core/manager/bundle/import.ts';
import { writeProgram } from '../../../../e2e/support/programs.ts';

let folder: string;
let app: ManagerApp;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'elfdeck-overlay-'));
  app = new ManagerApp({ host: 'cli', home: join(folder, 'home') });
  writeProgram(join(folder, 'root'), 'make');
  writeProgram(join(folder, 'root'), 'spin');
  await app.vms.create('box', {
    rootfs: { kind: 'folder', path: join(folder, 'root'), mode: 'overlay' },
    memoryMiB: 32,
    program: ['/make'],
  });
});
afterEach(async () => {
  await app.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const context = undefined as unknown as CallContext;
const changes = async (vm = 'box') => rootfsHandlers(app)['overlay.changes']({ vm }, context);
async function run(vm = 'box'): Promise<void> {
  await app.vms.start(vm);
  await new Promise<void>((done) => {
    const look = (): void => (app.vms.get(vm).runner === undefined ? done() : void setImmediate(look));
    look();
  });
}
const made = { path: '/made', kind: 'added', type: 'file', sizeBytes: 5 };

describe('kept overlays', () => {
  it('are there after the run, for the next one, in copies and in exports', async () => {
    expect(await changes()).toEqual([]);
    await run();
    expect(await changes()).toEqual([made]);
    expect(existsSync(join(folder, 'root/made'))).toBe(false);
    await run();
    expect(await changes()).toEqual([made]);
    await app.vms.clone('box', 'copy');
    expect(await changes('copy')).toEqual([made]);
    const path = join(folder, 'box.elfdeck');
    await app.jobs.finished(exportInstance(app, { vm: 'box', path }));
    const { result } = await app.jobs.finished(importInstance(app, { path, name: 'again' }));
    expect(await changes(result!.vm)).toEqual([made]);
  });

  it('are written to the folder, or forgotten, when they are told to', async () => {
    await run();
    const handlers = rootfsHandlers(app);
    expect(await handlers['overlay.commit']({ vm: 'box' }, context)).toEqual({ applied: 1 });
    expect([readFileSync(join(folder, 'root/made'), 'utf8'), await changes()]).toEqual(['/made', []]);
    rmSync(join(folder, 'root/made'));
    await run();
    expect(await handlers['overlay.discard']({ vm: 'box' }, context)).toBe(null);
    expect([existsSync(join(folder, 'root/made')), await changes()]).toEqual([false, []]);
  });

  it('outlive a kill, and are left alone while the instance runs', async () => {
    await run();
    await app.vms.update('box', { spec: { program: ['/spin'] } });
    await app.vms.start('box');
    const commit = async () => rootfsHandlers(app)['overlay.commit']({ vm: 'box' }, context);
    await expect(commit()).rejects.toThrow(/is running; stop it first/);
    await app.vms.kill('box');
    expect(await changes()).toEqual([made]);
  });
});

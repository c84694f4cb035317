import fs from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openHostFolder } from '../../../../../../core/host/host-folder.ts';
import { S_IFREG } from '../../../../../../core/kernel/abi/stat.ts';
import type { SysError } from '../../../../../../core/kernel/errors.ts';
import { NinePFs } from '../../../../../../core/kernel/lib/9pfs/file-system.ts';
import { overlayChanges } from '../../../../../../core/kernel/lib/overlay/changes.ts';
import { OverlayFs } from '../../../../../../core/kernel/lib/overlay/file-system.ts';
import { RamFs } from '../../../../../../core/kernel/lib/ramfs/fs.ts';
import { RamPool } from '../../../../../../core/kernel/lib/ramfs/pool.ts';
import type { Inode } from '../../../../../../core/kernel/vfs/inode.ts';
import { type HostTree, hostTree } from '../../../../../support/host-tree.ts';

const bytes = (value: string): Uint8Array => Buffer.from(value, 'latin1');

function overlay(tree: HostTree) {
  const at = hostTree(tree);
  const folder = openHostFolder(at, { readOnly: true });
  onTestFinished(() => folder.dispose());
  const time = { clock: { monotonicNs: () => 0, realtimeOffsetNs: 9n }, realtimeNs: () => 9n };
  const lower = new NinePFs(folder, { dev: 1, monotonicNs: () => 0, realtimeNs: () => 9n });
  const pool = new RamPool(1 << 24);
  const system = new OverlayFs(lower, new RamFs(time, 2, pool, { name: 'tmpfs' }), 3);
  return { at, system, root: system.root as Inode, pool };
}
function walk(from: Inode, path: string): Inode {
  let at = from;
  for (const name of path.split('/')) at = at.lookup(name)!;
  return at;
}
function content(inode: Inode): string {
  const file = inode.open(0);
  const buffer = new Uint8Array(100);
  const count = file.read(buffer, 0);
  file.drop();
  return Buffer.from(buffer.subarray(0, count)).toString();
}
const names = (inode: Inode): string[] =>
  inode
    .entries()
    .map(({ name }) => name)
    .sort();
const changes = (system: OverlayFs): string[] => overlayChanges(system).map(({ kind, path }) => `${kind} ${path}`);
function errnoOf(run: () => unknown): number | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as SysError).errno;
  }
}

describe('overlay', () => {
  it('copies a file at its first change, for all who have it open', () => {
    const { at, system, root } = overlay({ d: { dir: { f: 'hello' } } });
    const before = walk(root, 'd/f').stat();
    const reader = walk(root, 'd/f').open(0);
    const writer = walk(root, 'd/f').open(2);
    expect(changes(system)).toEqual([]);
    expect(writer.write(bytes('J'), 0)).toBe(1);
    const buffer = new Uint8Array(9);
    expect(reader.read(buffer, 0)).toBe(5);
    expect(Buffer.from(buffer.subarray(0, 5)).toString()).toBe('Jello');
    const after = walk(root, 'd/f').stat();
    expect([after.ino, after.dev, after.nlink, after.mode]).toEqual([before.ino, 3, 1, before.mode]);
    expect(fs.readFileSync(`${at}/d/f`, 'utf8')).toBe('hello');
    expect(changes(system)).toEqual(['changed /d/f']);
    for (const file of [reader, writer]) file.drop();
  });

  it('hides what is removed and shows what replaces it', () => {
    const { at, system, root } = overlay({ d: { dir: { a: 'a', b: 'b' } }, f: 'f' });
    expect(errnoOf(() => root.rmdir('d'))).toBe(39);
    const d = walk(root, 'd');
    d.unlink('a');
    expect(names(d)).toEqual(['b']);
    d.unlink('b');
    root.rmdir('d');
    expect([root.lookup('d'), d.stat().nlink]).toEqual([undefined, 0]);
    root.mkdir('d', 0o755, 0, 0);
    expect(names(walk(root, 'd'))).toEqual([]);
    walk(root, 'd').create('new', S_IFREG | 0o600, 0, 5, 6);
    expect(walk(root, 'd/new').stat()).toMatchObject({ uid: 5, gid: 6, mode: 0o100600, nlink: 1 });
    root.unlink('f');
    expect(changes(system)).toEqual(['changed /d', 'added /d/new', 'removed /f']);
    expect(fs.readdirSync(`${at}/d`).sort()).toEqual(['a', 'b']);
  });

  it('renames files and directories of the lower file system', () => {
    const { system, root } = overlay({ d: { dir: { s: { dir: { f: 'deep' } } } }, f: 'f', g: 'g' });
    root.rename('d', root, 'e', 0);
    expect([root.lookup('d'), content(walk(root, 'e/s/f'))]).toEqual([undefined, 'deep']);
    root.rename('f', walk(root, 'e/s'), 'f', 0);
    expect(content(walk(root, 'e/s/f'))).toBe('f');
    root.rename('g', walk(root, 'e'), 's', 2);
    expect([content(walk(root, 'e/s')), names(walk(root, 'g'))]).toEqual(['g', ['f']]);
    expect(errnoOf(() => root.rename('e', root, 'g', 1))).toBe(17);
    expect(changes(system)).toEqual([
      'removed /d',
      'added /e',
      'changed /e/s',
      'removed /f',
      'changed /g',
      'changed /g/f',
    ]);
  });

  it('keeps hard links of the lower file system together', () => {
    const { at, root } = overlay({ f: 'one' });
    fs.linkSync(`${at}/f`, `${at}/g`);
    root.link('h', walk(root, 'f'));
    walk(root, 'g').setattr({ size: 2, mode: 0o600 });
    expect(['f', 'g', 'h'].map((name) => content(walk(root, name)))).toEqual(['on', 'on', 'on']);
    expect(walk(root, 'h').stat()).toMatchObject({ nlink: 3, size: 2, mode: 0o100600 });
    root.unlink('f');
    expect(walk(root, 'h').stat().nlink).toBe(2);
  });

  it('gives memory back, and truncates without copying', () => {
    const { root, pool } = overlay({ big: 'x'.repeat(200_000) });
    const start = pool.usedBytes;
    walk(root, 'big').setattr({ size: 0 });
    expect(pool.usedBytes - start).toBeLessThan(5000);
    const file = walk(root, 'big').open(1);
    file.write(new Uint8Array(100_000), 0);
    root.unlink('big');
    expect(pool.usedBytes - start).toBeGreaterThan(100_000);
    file.drop();
    expect(pool.usedBytes - start).toBeLessThan(2000);
  });

  it('copies symlinks and directories for their attributes', () => {
    const { system, root } = overlay({ l: { link: 'target' }, d: { dir: {} } });
    walk(root, 'l').setattr({ mtimeNs: 5n });
    walk(root, 'd').setattr({ mode: 0o700 });
    expect([walk(root, 'l').readlink(), walk(root, 'l').stat().mtimeNs]).toEqual(['target', 5n]);
    expect(walk(root, 'd').stat().mode).toBe(0o40700);
    expect(changes(system)).toEqual(['changed /d', 'changed /l']);
  });
});

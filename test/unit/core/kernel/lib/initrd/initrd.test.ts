import fs from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openHostFolder } from '../../../../../../core/host/host-folder.ts';
import { type CpioSource, writeCpio } from '../../../../../../core/image/cpio.ts';
import { archiveFolder } from '../../../../../../core/kernel/lib/initrd/from-folder.ts';
import { unpackArchive } from '../../../../../../core/kernel/lib/initrd/unpack.ts';
import { RamFs } from '../../../../../../core/kernel/lib/ramfs/fs.ts';
import { RamPool } from '../../../../../../core/kernel/lib/ramfs/pool.ts';
import type { Inode } from '../../../../../../core/kernel/vfs/inode.ts';
import { hostTree } from '../../../../../support/host-tree.ts';

function ramfs(): { root: Inode; pool: RamPool } {
  const pool = new RamPool(1 << 24);
  const time = { clock: { monotonicNs: () => 0, realtimeOffsetNs: 9n }, realtimeNs: () => 9n };
  return { root: new RamFs(time, 2, pool, { name: 'ramfs' }).root, pool };
}
function walk(from: Inode, path: string): Inode {
  let at = from;
  for (const name of path.split('/')) at = at.lookup(name)!;
  return at;
}
function content(inode: Inode): string {
  const buffer = new Uint8Array(100);
  return Buffer.from(buffer.subarray(0, inode.open(0).read(buffer, 0))).toString('latin1');
}
function entry(name: string, mode: number, text = '', more: Partial<CpioSource> = {}): CpioSource {
  const numbers = { ino: 1, uid: 0, gid: 0, nlink: 1, mtime: 7, devMajor: 0, devMinor: 0, rdevMajor: 0, rdevMinor: 0 };
  return { ...numbers, name, mode, size: text.length, fill: (into) => into.set(Buffer.from(text, 'latin1')), ...more };
}

describe('initrd', () => {
  it('carries a host folder over into RAM', () => {
    const at = hostTree({
      bin: { dir: { sh: 'shell' } },
      l: { link: 'bin/sh' },
      empty: { dir: {} },
      big: 'x'.repeat(70_000),
    });
    fs.linkSync(`${at}/bin/sh`, `${at}/zsh`);
    fs.chmodSync(`${at}/bin/sh`, 0o4755);
    const folder = openHostFolder(at, { readOnly: true });
    onTestFinished(() => folder.dispose());
    const { root, pool } = ramfs();
    expect(() => archiveFolder(folder, 60_000)).toThrow('EFBIG');
    unpackArchive(root, archiveFolder(folder, 80_000));
    expect(root.entries().map(({ name }) => name)).toEqual(['big', 'bin', 'empty', 'l', 'zsh']);
    expect(walk(root, 'zsh')).toBe(walk(root, 'bin/sh'));
    expect(walk(root, 'zsh').stat()).toMatchObject({ mode: 0o104755, nlink: 2, size: 5 });
    expect([content(walk(root, 'zsh')), walk(root, 'l').readlink()]).toEqual(['shell', 'bin/sh']);
    const seconds = BigInt(Math.floor(fs.statSync(`${at}/bin`).mtimeMs / 1000));
    expect(walk(root, 'bin').stat().mtimeNs).toBe(seconds * 1_000_000_000n);
    expect(pool.usedBytes).toBeLessThan(20_000);
    walk(root, 'big').setattr({ size: 10 });
    expect(content(walk(root, 'big'))).toBe('xxxxxxxxxx');
  });

  it('keeps hostile names inside', () => {
    const { root } = ramfs();
    const top = root.mkdir('top', 0o755, 0, 0);
    const archive = writeCpio([
      entry('../../up', 0o100644, 'up'),
      entry('/abs/file', 0o100644, 'abs'),
      entry('link', 0o120777, '../../..'),
      entry('link/through', 0o100644, 'through'),
      entry('rootlink', 0o120777, '/abs'),
      entry('rootlink/inner', 0o100644, 'inner'),
    ]);
    unpackArchive(top, archive);
    expect(root.entries().map(({ name }) => name)).toEqual(['top']);
    expect(['up', 'abs/file', 'through', 'abs/inner'].map((path) => content(walk(top, path)))).toEqual([
      'up',
      'abs',
      'through',
      'inner',
    ]);
    expect(() => unpackArchive(top, writeCpio([entry('a/..', 0o40755)]))).toThrow(/names no entry/);
    const loop = [entry('loop', 0o120777, 'loop'), entry('loop/x', 0o100644)];
    expect(() => unpackArchive(top, writeCpio(loop))).toThrow(/ELOOP/);
    expect(() => unpackArchive(top, writeCpio([entry('x', 0)]))).toThrow(/unknown type/);
  });

  it('replaces what is there, makes nodes and missing directories', () => {
    const { root } = ramfs();
    const archive = writeCpio([
      entry('dev/null', 0o20666, '', { rdevMajor: 1, rdevMinor: 3 }),
      entry('f', 0o100600, 'old'),
      entry('f', 0o100644, 'new', { uid: 4, gid: 5 }),
      entry('.', 0o40700),
      entry('d', 0o41777),
      entry('d', 0o40711),
    ]);
    unpackArchive(root, archive);
    expect(walk(root, 'dev/null').stat()).toMatchObject({ rdev: 0x103, mode: 0o20666 });
    expect(walk(root, 'f').stat()).toMatchObject({ uid: 4, gid: 5, mode: 0o100644, mtimeNs: 7_000_000_000n });
    expect([root.stat().mode, walk(root, 'd').stat().mode]).toEqual([0o40700, 0o40711]);
  });
});

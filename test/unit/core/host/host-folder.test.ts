import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HostAttributes, HostDir, HostFile, HostFolder } from '../../../../core/dev/host-folder.ts';
import { openHostFolder } from '../../../../core/host/host-folder.ts';
import { checkHostName } from '../../../../core/host/host-names.ts';
import {
  EACCES,
  EEXIST,
  EINVAL,
  ELOOP,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EROFS,
  ESTALE,
} from '../../../../core/kernel/abi/errno.ts';
import { type HostTree, hostTree } from '../../../support/host-tree.ts';

const READ = { read: true, write: false, append: false };
const WRITE = { read: false, write: true, append: false };

describe.each([
  ['by descriptors', false],
  ['by checked paths', true],
])('host folder %s', (_name, portable) => {
  function open(tree: HostTree, readOnly = false): { at: string; folder: HostFolder } {
    const at = hostTree(tree);
    const folder = openHostFolder(at, { readOnly, portable });
    onTestFinished(() => folder.dispose());
    return { at, folder };
  }
  const found = (folder: HostFolder, dir: HostDir, name: string): HostAttributes => {
    const attributes = folder.lookup(dir, name);
    expect(attributes).not.toBeTypeOf('number');
    return attributes as HostAttributes;
  };
  const enter = (folder: HostFolder, dir: HostDir, name: string): HostDir => {
    const opened = folder.openDir(dir, name, found(folder, dir, name).ino);
    expect(opened).not.toBeTypeOf('number');
    return opened as HostDir;
  };
  const openFile = (folder: HostFolder, name: string, access = READ): HostFile | number =>
    folder.open(folder.root, name, found(folder, folder.root, name).ino, access);

  it('shows exact attributes', () => {
    const { at, folder } = open({ f: 'hello' });
    const stats = fs.lstatSync(path.join(at, 'f'), { bigint: true });
    expect(folder.lookup(folder.root, 'f')).toEqual({
      ino: Number(stats.ino),
      mode: Number(stats.mode),
      nlink: 1,
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      rdev: 0,
      size: 5,
      blksize: Number(stats.blksize),
      blocks: Number(stats.blocks),
      atimeNs: stats.atimeNs,
      mtimeNs: stats.mtimeNs,
      ctimeNs: stats.ctimeNs,
      btimeNs: stats.birthtimeNs,
    });
    expect(folder.lookup(folder.root, 'missing')).toBe(-ENOENT);
  });

  it('reads and writes straight from shared memory', () => {
    const { at, folder } = open({ f: 'hello' });
    const memory = new SharedArrayBuffer(4096);
    const view = new Uint8Array(memory).subarray(100, 103);
    const file = openFile(folder, 'f', { read: true, write: true, append: false }) as HostFile;
    expect(folder.read(file, view, 1)).toBe(3);
    expect(Buffer.from(view).toString()).toBe('ell');
    expect(folder.write(file, view, 5)).toBe(3);
    expect(fs.readFileSync(path.join(at, 'f'), 'utf8')).toBe('helloell');
    folder.closeFile(file);
    expect(folder.read(file, view, 0)).toBeLessThan(0);
  });

  it('refuses names that could lead elsewhere', () => {
    const { folder } = open({ d: { dir: {} } });
    for (const name of ['..', '.', '', 'd/..', '/etc', 'a\0b']) {
      if (name !== '') expect(folder.lookup(folder.root, name)).toBe(-EINVAL);
      expect(folder.openDir(folder.root, name, 1)).toBe(-EINVAL);
      expect(folder.create(folder.root, name, 0o644)).toBe(-EINVAL);
      expect(folder.unlink(folder.root, name)).toBe(-EINVAL);
      expect(folder.rename(folder.root, 'd', folder.root, name)).toBe(-EINVAL);
      expect(folder.readlink(folder.root, name)).toBe(-EINVAL);
    }
  });

  it('never follows a symlink', () => {
    const outside = hostTree({ secret: 'secret', d: { dir: { f: 'x' } } });
    const { folder } = open({ file: { link: `${outside}/secret` }, dir: { link: `${outside}/d` }, f: 'own' });
    const link = found(folder, folder.root, 'file');
    expect(link.mode & 0o170000).toBe(0o120000);
    expect(folder.readlink(folder.root, 'file')).toBe(`${outside}/secret`);
    expect(folder.open(folder.root, 'file', link.ino, READ)).toBe(-ELOOP);
    expect(folder.create(folder.root, 'file', 0o644)).toBe(-EEXIST);
    expect(folder.openDir(folder.root, 'dir', found(folder, folder.root, 'dir').ino)).toBe(-ENOTDIR);
    expect(folder.chmod({ dir: folder.root, name: 'file', ino: link.ino }, 0o777)).toBeLessThan(0);
    expect(folder.utimes({ dir: folder.root, name: 'file', ino: link.ino }, 0n, 0n)).toBe(0);
    const secret = fs.statSync(`${outside}/secret`);
    expect(secret.mode & 0o777).toBe(0o644);
    expect(secret.mtimeMs).toBeGreaterThan(1e12);
  });

  it('notices that a directory was swapped for a symlink', () => {
    const outside = hostTree({ f: 'outside' });
    const { at, folder } = open({ d: { dir: { f: 'inside' } } });
    const before = found(folder, folder.root, 'd').ino;
    const dir = enter(folder, folder.root, 'd');
    const file = found(folder, dir, 'f').ino;
    fs.renameSync(`${at}/d`, `${at}/moved`);
    fs.symlinkSync(outside, `${at}/d`);
    expect(folder.openDir(folder.root, 'd', before)).toBe(-ENOTDIR);
    const opened = folder.open(dir, 'f', file, READ);
    if (typeof opened !== 'number') {
      const buffer = new Uint8Array(6);
      expect(folder.read(opened, buffer, 0)).toBe(6);
      expect(Buffer.from(buffer).toString()).toBe('inside');
    }
    expect(folder.create(dir, 'new', 0o644)).not.toBe(0);
    expect(fs.existsSync(`${outside}/new`)).toBe(false);
  });

  it.skipIf(process.platform === 'win32')('does not open a FIFO that took the place of a file', () => {
    const { at, folder } = open({ f: 'x' });
    const { ino } = found(folder, folder.root, 'f');
    fs.unlinkSync(`${at}/f`);
    execFileSync('mkfifo', [`${at}/f`]);
    expect(folder.open(folder.root, 'f', ino, READ)).toBe(-ESTALE);
    expect(folder.open(folder.root, 'f', ino, WRITE)).toBeLessThan(0);
  });

  it('keeps names that are not UTF-8', () => {
    const { folder } = open({});
    const name = 'caf\xe9\xff';
    const file = folder.create(folder.root, name, 0o640);
    expect(file).not.toBeTypeOf('number');
    expect(folder.symlink(folder.root, 'link', name)).toBe(0);
    expect(folder.readlink(folder.root, 'link')).toBe(name);
    const list = folder.list(folder.root) as { name: string; type: number }[];
    expect(list.map(({ name: each, type }) => [each, type]).sort()).toEqual([
      [name, 8],
      ['link', 10],
    ]);
    expect(found(folder, folder.root, name).mode).toBe(0o100640);
  });

  it('follows its own renames', () => {
    const { at, folder } = open({ a: { dir: { b: { dir: { f: '1' } } } }, c: { dir: {} } });
    const a = enter(folder, folder.root, 'a');
    const b = enter(folder, a, 'b');
    const c = enter(folder, folder.root, 'c');
    expect(folder.rename(folder.root, 'a', c, 'z')).toBe(0);
    expect(found(folder, b, 'f').size).toBe(1);
    expect(folder.rmdir(c, 'z')).toBe(-ENOTEMPTY);
    expect(folder.mkdir(b, 'new', 0o777)).toBe(0);
    expect(fs.statSync(`${at}/c/z/b/new`).mode & 0o777).toBe(0o777);
  });

  it('changes attributes of names, directories and open files', () => {
    const { folder } = open({ f: 'x' });
    const { ino } = found(folder, folder.root, 'f');
    const target = { dir: folder.root, name: 'f', ino };
    expect(folder.chmod(target, 0o4751)).toBe(0);
    expect(folder.utimes(target, -1_500_000_000n, 1_700_000_000_000_000_000n)).toBe(0);
    const after = found(folder, folder.root, 'f');
    expect([after.mode, after.atimeNs, after.mtimeNs]).toEqual([0o104751, -1_500_000_000n, 1_700_000_000_000_000_000n]);
    expect(folder.chmod({ ...target, ino: ino + 1 }, 0o600)).toBe(-ESTALE);
    const root = found(folder, folder.root, '');
    expect(folder.chmod({ dir: folder.root, name: '', ino: root.ino }, 0o710)).toBe(0);
    expect(found(folder, folder.root, '').mode & 0o7777).toBe(0o710);
  });

  it('refuses every change when read-only', () => {
    const { at, folder } = open({ f: 'x', d: { dir: {} } }, true);
    const target = { dir: folder.root, name: 'f', ino: found(folder, folder.root, 'f').ino };
    const file = openFile(folder, 'f') as HostFile;
    const answers = [
      openFile(folder, 'f', WRITE),
      folder.write(file, new Uint8Array(1), 0),
      folder.truncate(file, 0),
      folder.create(folder.root, 'n', 0o644),
      folder.mkdir(folder.root, 'n', 0o755),
      folder.symlink(folder.root, 'n', 'x'),
      folder.link(folder.root, 'f', target.ino, folder.root, 'n'),
      folder.rename(folder.root, 'f', folder.root, 'n'),
      folder.unlink(folder.root, 'f'),
      folder.rmdir(folder.root, 'd'),
      folder.chmod(target, 0o600),
      folder.chown(target, 0, 0),
      folder.utimes(target, 0n, 0n),
    ];
    expect(answers).toEqual(answers.map(() => -EROFS));
    expect(fs.readdirSync(at).sort()).toEqual(['d', 'f']);
  });
});

describe.skipIf(process.platform !== 'linux')('host folder with a /proc in it', () => {
  it('does not give that away', () => {
    const folder = openHostFolder('/', { readOnly: true });
    onTestFinished(() => folder.dispose());
    const { ino } = folder.lookup(folder.root, 'proc') as HostAttributes;
    expect(folder.openDir(folder.root, 'proc', ino)).toBe(-EACCES);
  });
});

describe('host names', () => {
  it('refuses on Windows what would name a stream, a device or another file', () => {
    for (const name of ['a:b', 'a\\b', 'nul', 'COM1.txt', 'end.', 'a*', '\xff']) {
      expect([name, checkHostName(name, 'win32')]).toEqual([name, -EINVAL]);
    }
    expect(checkHostName('nulls.txt', 'win32')).toBe(0);
    expect(checkHostName('a:b*\xff', 'linux')).toBe(0);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { HostAttributes } from '../../../../core/dev/host-folder.ts';
import { FileMapFolder } from '../../../../core/host/file-map-folder.ts';
import { ENOENT, EROFS } from '../../../../core/kernel/abi/errno.ts';

const directory = mkdtempSync(join(tmpdir(), 'elfdeck-'));
afterAll(() => rmSync(directory, { recursive: true }));
writeFileSync(join(directory, 'x'), 'content', { mode: 0o755 });

describe('file map folder', () => {
  const folder = new FileMapFolder([
    ['/usr/bin/x', join(directory, 'x')],
    ['/usr/lib/gone', join(directory, 'gone')],
  ]);
  const attributes = (found: HostAttributes | number): HostAttributes => found as HostAttributes;
  const usr = folder.root.children.get('usr') as typeof folder.root;
  const bin = usr.children.get('bin') as typeof folder.root;

  it('shows host files at their guest paths', () => {
    expect(folder.list(folder.root).map((entry) => entry.name)).toEqual(['usr']);
    expect(folder.list(usr).map((entry) => entry.name)).toEqual(['bin', 'lib']);
    const found = attributes(folder.lookup(bin, 'x'));
    expect([found.size, found.mode]).toEqual([7, 0o100755]);
    const file = folder.open(bin, 'x', found.ino, { read: true, write: false, append: false });
    const into = new Uint8Array(16);
    expect(typeof file === 'number' ? file : folder.read(file, into, 3)).toBe(4);
    expect(new TextDecoder().decode(into.subarray(0, 4))).toBe('tent');
    folder.dispose();
  });

  it('refuses changes and names it does not have', () => {
    const { ino } = attributes(folder.lookup(bin, 'x'));
    expect(folder.open(bin, 'x', ino, { read: true, write: true, append: false })).toBe(-EROFS);
    expect(folder.mkdir()).toBe(-EROFS);
    expect(folder.lookup(bin, 'y')).toBe(-ENOENT);
    expect(folder.lookup(usr.children.get('lib') as typeof folder.root, 'gone')).toBe(-ENOENT);
  });
});

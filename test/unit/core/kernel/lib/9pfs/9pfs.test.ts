import fs from 'node:fs';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openHostFolder } from '../../../../../../core/host/host-folder.ts';
import { ENOENT } from '../../../../../../core/kernel/abi/errno.ts';
import { S_IFIFO, S_IFREG } from '../../../../../../core/kernel/abi/stat.ts';
import type { SysError } from '../../../../../../core/kernel/errors.ts';
import { NinePFs, type NinePOptions } from '../../../../../../core/kernel/lib/9pfs/file-system.ts';
import type { Inode } from '../../../../../../core/kernel/vfs/inode.ts';
import { type HostTree, hostTree } from '../../../../../support/host-tree.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytes = (value: string): Uint8Array => Buffer.from(value, 'latin1');

let portable = false;

function mountTree(tree: HostTree, options: Partial<NinePOptions> = {}) {
  const at = hostTree(tree);
  const folder = openHostFolder(at, { portable });
  onTestFinished(() => folder.dispose());
  const clock = { now: 0 };
  const ninep = new NinePFs(folder, { dev: 77, monotonicNs: () => clock.now, realtimeNs: () => 5n, ...options });
  return { at, clock, fs: ninep, root: ninep.root };
}
function walk(from: Inode, path: string): Inode {
  let at = from;
  for (const name of path.split('/')) at = at.lookup(name)!;
  return at;
}
function errnoOf(run: () => unknown): number | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as SysError).errno;
  }
}
function readAll(inode: Inode): string {
  const file = inode.open(0);
  const buffer = new Uint8Array(1000);
  const count = file.read(buffer, 0);
  file.drop();
  return text(buffer.subarray(0, count));
}

describe.each([
  ['by descriptors', false],
  ['by checked paths', true],
])('9pfs %s', (_name, isPortable) => {
  beforeEach(() => {
    portable = isPortable;
  });

  it('shows the folder with the guest as owner of what the host user owns', () => {
    const { at, root } = mountTree({ f: 'hello', l: { link: 'f' }, d: { dir: { g: '' } } });
    const host = fs.lstatSync(`${at}/f`, { bigint: true });
    const shown = walk(root, 'f').stat();
    expect(shown).toMatchObject({ dev: 77, ino: Number(host.ino), size: 5, uid: 0, gid: 0, mtimeNs: host.mtimeNs });
    expect(walk(root, 'l').readlink()).toBe('f');
    expect(root.entries().map(({ name, type }) => [name, type])).toEqual(
      expect.arrayContaining([
        ['f', 8],
        ['l', 10],
        ['d', 4],
      ]),
    );
    expect(root.lookup('nope')).toBeUndefined();
    expect(walk(root, 'd')).toBe(walk(root, 'd'));
  });

  it('sees what the host changed, names of directories after 5 ms', () => {
    const { at, clock, root } = mountTree({ f: 'one', d: { dir: { x: '1' } } });
    expect(walk(root, 'f').stat().size).toBe(3);
    const old = walk(root, 'd');
    fs.writeFileSync(`${at}/f`, 'three');
    fs.renameSync(`${at}/d`, `${at}/e`);
    clock.now += 200_000;
    expect(walk(root, 'f').stat().size).toBe(5);
    expect(walk(root, 'd')).toBe(old);
    clock.now += 5_000_000;
    expect(root.lookup('d')).toBeUndefined();
    expect(walk(root, 'e')).toBe(old);
    expect(readAll(walk(root, 'e/x'))).toBe('1');
  });

  it('keeps unlinked files working while they are open', () => {
    const { at, root } = mountTree({ f: 'hello' });
    const inode = walk(root, 'f');
    const file = inode.open(2);
    root.unlink('f');
    expect(fs.existsSync(`${at}/f`)).toBe(false);
    expect(file.write(bytes('J'), 0)).toBe(1);
    const buffer = new Uint8Array(5);
    expect(file.read(buffer, 0)).toBe(5);
    expect(text(buffer)).toBe('Jello');
    expect([inode.stat().nlink, inode.stat().size]).toEqual([0, 5]);
    file.flags |= 0o2000;
    expect(file.write(bytes('!'), -1)).toBe(1);
    expect(inode.stat().size).toBe(6);
    inode.setattr({ mode: 0o600, size: 2 });
    expect([inode.stat().mode & 0o777, inode.stat().size]).toEqual([0o600, 2]);
    file.drop();
    expect(inode.stat().nlink).toBe(0);
    expect(root.lookup('f')).toBeUndefined();
  });

  it('opens a new file whatever its mode, appends and truncates', () => {
    const { at, root } = mountTree({});
    const inode = root.create('f', S_IFREG | 0o444, 0, 0, 0);
    const file = inode.open(0o2000 | 1);
    expect(file.write(bytes('abc'), -1)).toBe(3);
    fs.appendFileSync(`${at}/f`, 'host');
    expect(file.write(bytes('def'), -1)).toBe(3);
    expect(fs.readFileSync(`${at}/f`, 'utf8')).toBe('abchostdef');
    expect(file.position).toBe(10);
    expect(file.truncate(4)).toBe(0);
    expect(inode.stat().size).toBe(4);
    expect(file.allocate(0, 0, 9000)).toBe(0);
    expect(inode.stat().size).toBe(9000);
    expect(inode.stat().blocks).toBeGreaterThanOrEqual(16);
    file.drop();
  });

  it('renames over files and within moved directories', () => {
    const { at, root } = mountTree({ a: { dir: { f: '1', b: { dir: { g: 'deep' } } } }, t: 'target' });
    const f = walk(root, 'a/f');
    const b = walk(root, 'a/b');
    const target = walk(root, 't');
    const open = target.open(0);
    walk(root, 'a').rename('f', root, 't', 0);
    expect(walk(root, 't')).toBe(f);
    expect(target.stat().nlink).toBe(0);
    root.rename('a', root, 'z', 0);
    expect(readAll(walk(b, 'g'))).toBe('deep');
    expect(walk(root, 'z/b')).toBe(b);
    expect(errnoOf(() => root.rename('t', walk(root, 'z'), 'b', 0))).toBe(21);
    expect(errnoOf(() => root.rename('t', root, 'z', 1))).toBe(17);
    expect(errnoOf(() => root.rmdir('z'))).toBe(39);
    open.drop();
    expect(fs.readdirSync(at).sort()).toEqual(['t', 'z']);
  });

  it('links, and remembers exact times', () => {
    const { root } = mountTree({ f: 'x' });
    const f = walk(root, 'f');
    root.link('g', f);
    expect(walk(root, 'g')).toBe(f);
    expect(f.stat().nlink).toBe(2);
    root.unlink('f');
    expect(f.stat().nlink).toBe(1);
    f.setattr({ atimeNs: 1n, mtimeNs: 1_700_000_000_123_456_789n });
    f.setattr({ atimeNs: 1_600_000_000_987_654_321n });
    const { atimeNs, mtimeNs } = f.stat();
    expect([atimeNs, mtimeNs]).toEqual([1_600_000_000_987_654_321n, 1_700_000_000_123_456_789n]);
  });

  it('holds FIFOs in memory, unknown to the host', () => {
    const { at, root } = mountTree({});
    const fifo = root.create('p', S_IFIFO | 0o600, 0, 0, 0);
    expect(root.lookup('p')).toBe(fifo);
    expect(root.entries()).toMatchObject([{ name: 'p', type: 1 }]);
    expect(errnoOf(() => root.symlink('p', 'x', 0, 0))).toBe(17);
    root.rename('p', root, 'q', 0);
    expect(root.lookup('q')).toBe(fifo);
    root.unlink('q');
    expect([fifo.stat().nlink, root.lookup('q'), fs.readdirSync(at)]).toEqual([0, undefined, []]);
  });

  it('makes virtual files and directories on the host when the guest changes them', () => {
    const { at, root } = mountTree({});
    const etc = root.provideDirectory('etc');
    etc.provideFile('hosts', bytes('127.0.0.1 localhost\n'));
    etc.provideFile('other', bytes('other'));
    expect(readAll(walk(root, 'etc/hosts'))).toBe('127.0.0.1 localhost\n');
    expect(fs.readdirSync(at)).toEqual([]);
    const file = walk(root, 'etc/hosts').open(1);
    expect(file.write(bytes('666'), 0)).toBe(3);
    file.drop();
    expect(fs.readFileSync(`${at}/etc/hosts`, 'utf8')).toBe('666.0.0.1 localhost\n');
    expect(root.lookup('etc')).toBe(etc);
    expect(
      etc
        .entries()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['hosts', 'other']);
    expect(fs.readdirSync(`${at}/etc`)).toEqual(['hosts']);
    root.rename('etc', root, 'moved', 0);
    expect(readAll(walk(root, 'moved/other'))).toBe('other');
    expect(fs.readdirSync(at)).toEqual(['moved']);
  });

  it('forgets old inodes and closes old directories without losing any', () => {
    const tree: HostTree = {};
    for (let i = 0; i < 30; i++) tree[`d${i}`] = { dir: { f: String(i) } };
    const { root } = mountTree(tree, { maxInodes: 8, maxOpenDirs: 8 });
    const held = walk(root, 'd0/f').open(0);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 30; i++) expect(readAll(walk(root, `d${i}/f`))).toBe(String(i));
    }
    expect(walk(root, 'd0/f')).toBe(held.inode);
    held.drop();
  });

  it('says ENOENT for what the host removed', () => {
    const { at, root } = mountTree({ d: { dir: { f: '1' } }, g: '2' });
    const d = walk(root, 'd');
    fs.rmSync(`${at}/d`, { recursive: true });
    expect(errnoOf(() => d.lookup('f'))).toBe(ENOENT);
  });
});

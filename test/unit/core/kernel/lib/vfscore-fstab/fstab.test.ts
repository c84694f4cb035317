import fs from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openHostFolder } from '../../../../../../core/host/host-folder.ts';
import { type CpioSource, writeCpio } from '../../../../../../core/image/cpio.ts';
import { provideBootFiles } from '../../../../../../core/kernel/boot-files.ts';
import type { Kernel } from '../../../../../../core/kernel/kernel.ts';
import { hostFolders, ninepfs } from '../../../../../../core/kernel/lib/9pfs/lib.ts';
import { devfs } from '../../../../../../core/kernel/lib/devfs/lib.ts';
import { ramfs } from '../../../../../../core/kernel/lib/ramfs/lib.ts';
import {
  type BootFileSystems,
  mountFileSystems,
  vfscoreFstab,
} from '../../../../../../core/kernel/lib/vfscore-fstab/lib.ts';
import { findPlace } from '../../../../../../core/kernel/lib/vfscore-fstab/mount-points.ts';
import { parseFstabEntry } from '../../../../../../core/kernel/lib/vfscore-fstab/parse.ts';
import { pathString } from '../../../../../../core/kernel/vfs/path.ts';
import { fakeKernel } from '../../../../../support/fake-kernel.ts';
import { type HostTree, hostTree } from '../../../../../support/host-tree.ts';

function file(name: string, text: string): CpioSource {
  const numbers = { ino: 1, uid: 0, gid: 0, nlink: 1, mtime: 7, devMajor: 0, devMinor: 0, rdevMajor: 0, rdevMinor: 0 };
  return { ...numbers, name, mode: 0o100644, size: text.length, fill: (into) => into.set(Buffer.from(text)) };
}

interface Given {
  folders?: Record<string, HostTree>;
  readOnly?: boolean;
  parameters?: Record<string, string[]> | undefined;
  boot?: Partial<BootFileSystems>;
}

function boot({ folders = {}, readOnly = false, parameters = {}, boot: more = {} }: Given) {
  const kernel = fakeKernel([ramfs, devfs, ninepfs, vfscoreFstab]);
  const paths: Record<string, string> = {};
  for (const [tag, tree] of Object.entries(folders)) {
    const at = hostTree(tree);
    paths[tag] = at;
    hostFolders(kernel).register(tag, () => {
      const folder = openHostFolder(at, { readOnly });
      onTestFinished(() => folder.dispose());
      return folder;
    });
  }
  for (const [name, values] of Object.entries(parameters)) {
    vfscoreFstab.parameters!.find((each) => each.name === name)!.apply(kernel, values);
  }
  mountFileSystems(kernel, {
    root: '9pfs',
    rootDevice: 'fs0',
    isRootOverlay: false,
    volumes: [],
    archives: new Map(),
    ...more,
  });
  return { kernel, paths };
}
const mounts = (kernel: Kernel): string[] =>
  kernel.mounts.list().map(({ source, root, fs: { name }, flags }) => `${source} ${pathString(root)} ${name} ${flags}`);
function content(kernel: Kernel, path: string): string {
  const buffer = new Uint8Array(100);
  return Buffer.from(buffer.subarray(0, findPlace(kernel, path).inode.open(0).read(buffer, 0))).toString();
}
const standard = ['devfs /dev devfs 0', 'tmpfs /dev/shm tmpfs 0', 'tmpfs /tmp tmpfs 0'];
const initrd = new Map([['initrd0', writeCpio([file('from', 'initrd'), file('data/x', 'x')])]]);

describe('fstab entries', () => {
  it('have device, path, file system, flags, options and ukopts', () => {
    expect(parseFstabEntry('fs1:/data:9pfs:0x1:a,b:mkmp,ifnoinitrd0')).toEqual({
      device: 'fs1',
      path: '/data',
      type: '9pfs',
      flags: 1,
      options: 'a,b',
      makesMountPoint: true,
      ifInitrd: false,
      text: 'fs1:/data:9pfs:0x1:a,b:mkmp,ifnoinitrd0',
    });
    expect(parseFstabEntry('initrd0:/:extract')).toMatchObject({ flags: 0, options: '', makesMountPoint: false });
  });

  it.each([
    ['fs0:/', 'column 6 (file system): missing'],
    ['fs0:data:9pfs', 'column 5 (path)'],
    ['fs0:/data:9 pfs', 'column 11 (file system)'],
    ['fs0:/data:9pfs:ro', 'column 16 (flags)'],
    ['fs0:/data:9pfs:::mkdir', 'column 18 (ukopts): "mkdir"'],
    ['fs0:/data:9pfs:::ifinitrd0,ifnoinitrd0', 'exclude'],
    ['a:/b:c:0:e:mkmp:g', 'column 17 (too many fields)'],
  ])('are refused with a position: %s', (text, message) => {
    expect(() => parseFstabEntry(text)).toThrow(message);
  });
});

describe('mounting at boot', () => {
  it('takes the folder as root and leaves no trace in it', () => {
    const { kernel, paths } = boot({ folders: { fs0: { bin: { dir: { sh: '#' } } } }, readOnly: true });
    provideBootFiles(kernel, { address: '172.44.0.2', dns: ['1.1.1.1'] });
    expect(mounts(kernel)).toEqual(['fs0 / 9pfs 1', ...standard]);
    expect(content(kernel, '/bin/sh')).toBe('#');
    expect(findPlace(kernel, '/dev/null').inode.stat().rdev).toBe(0x103);
    expect(content(kernel, '/etc/hosts')).toBe('127.0.0.1 localhost\n172.44.0.2 unikraft\n');
    expect(content(kernel, '/etc/resolv.conf')).toBe('nameserver 1.1.1.1\n');
    expect(content(kernel, '/etc/hostname')).toBe('unikraft\n');
    const names = kernel.mounts.root.inode.entries().map(({ name }) => name);
    expect(names.sort()).toEqual(['bin', 'dev', 'etc', 'tmp']);
    expect(fs.readdirSync(paths.fs0!)).toEqual(['bin']);
  });

  it('keeps files of /etc that exist', () => {
    const { kernel } = boot({ folders: { fs0: { etc: { dir: { hostname: 'own\n' } } } } });
    provideBootFiles(kernel);
    expect(content(kernel, '/etc/hostname')).toBe('own\n');
    expect(content(kernel, '/etc/hosts')).toBe('127.0.0.1 localhost\n127.0.1.1 unikraft\n');
  });

  it('keeps changes of an overlaid root in RAM', () => {
    const { kernel, paths } = boot({ folders: { fs0: { f: 'x' } }, readOnly: true, boot: { isRootOverlay: true } });
    expect(mounts(kernel)[0]).toBe('fs0 / overlay 0');
    findPlace(kernel, '/').inode.unlink('f');
    expect(fs.readdirSync(paths.fs0!)).toEqual(['f']);
  });

  it('follows the image as far as it was given what it needs', () => {
    expect(mounts(boot({ boot: { archives: initrd } }).kernel)[0]).toBe('initrd0 / ramfs 0');
    expect(mounts(boot({ folders: { fs0: {} }, boot: { root: 'initrd' } }).kernel)[0]).toBe('fs0 / 9pfs 0');
    expect(mounts(boot({ folders: { fs0: {} }, boot: { root: 'initrd', archives: initrd } }).kernel)[0]).toBe(
      'initrd0 / ramfs 0',
    );
    expect(mounts(boot({}).kernel)[0]).toBe('ramfs / ramfs 0');
    expect(mounts(boot({ folders: { fs0: {}, fs1: {} }, parameters: { 'vfs.rootdev': ['fs1'] } }).kernel)[0]).toBe(
      'fs1 / 9pfs 0',
    );
  });

  it('mounts what fstab says, in order', () => {
    const { kernel } = boot({
      folders: { fs0: { mnt: { dir: {} } }, fs1: { f: 'one' } },
      parameters: {
        'vfs.fstab': [
          'fs0:/:9pfs:1',
          'fs1:/mnt:9pfs',
          'fs1:/deep/er:9pfs:1::mkmp',
          'initrd0:/no:ramfs:::mkmp,ifnoinitrd0',
          ':/tmp:tmpfs::size=1m:mkmp,ifinitrd0',
          'initrd0:/tmp:extract',
        ],
      },
      boot: { archives: initrd },
    });
    expect(mounts(kernel)).toEqual([
      'fs0 / 9pfs 1',
      'fs1 /mnt 9pfs 0',
      'fs1 /deep/er 9pfs 1',
      'tmpfs /tmp tmpfs 0',
      ...standard.slice(0, 2),
    ]);
    expect([content(kernel, '/mnt/f'), content(kernel, '/deep/er/f')]).toEqual(['one', 'one']);
    expect(content(kernel, '/tmp/data/x')).toBe('x');
  });

  it('mounts volumes at places of their own', () => {
    const { kernel } = boot({
      folders: { fs0: { real: { dir: {} }, link: { link: 'real' } }, v: { f: 'v' } },
      boot: { volumes: [{ tag: 'v', path: '/link/in/side', isReadOnly: true }] },
    });
    expect(mounts(kernel)).toContain('v /real/in/side 9pfs 1');
    expect(content(kernel, '/link/in/side/f')).toBe('v');
  });

  it('says what can not be mounted', () => {
    const failing = (parameters: Given['parameters'], more: Given = {}): (() => unknown) => {
      return () => boot({ folders: { fs0: { f: 'file' } }, parameters, ...more });
    };
    expect(failing({ 'vfs.rootfs': ['9pfs'], 'vfs.rootdev': ['fs7'] })).toThrow(
      'there is no host folder "fs7" (known: "fs0")',
    );
    expect(failing({ 'vfs.rootfs': ['ext4'] })).toThrow('the image has no file system "ext4"');
    expect(failing({ 'vfs.fstab': ['fs0:/missing:9pfs'] })).toThrow(
      'fstab entry "fs0:/missing:9pfs": its mount point does not exist',
    );
    expect(failing({ 'vfs.fstab': ['fs0:/f:9pfs:::mkmp'] })).toThrow('Not a directory');
    expect(failing({ 'vfs.fstab': ['initrd0:/:extract'] })).toThrow('there is no archive "initrd0"');
    const damaged = { boot: { archives: new Map([['initrd0', new Uint8Array(50)]]) } };
    expect(failing({ 'vfs.rootfs': ['initrd'] }, damaged)).toThrow('vfs.rootfs=initrd: ');
  });
});

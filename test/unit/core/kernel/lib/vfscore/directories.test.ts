import { beforeEach, describe, expect, it } from 'vitest';
import { EINVAL, ENOTDIR } from '../../../../../../core/kernel/abi/errno.ts';
import { AT_FDCWD, O_CREAT, O_DIRECTORY, O_RDONLY, O_RDWR, O_WRONLY } from '../../../../../../core/kernel/abi/fcntl.ts';
import { S_IFIFO } from '../../../../../../core/kernel/abi/stat.ts';
import { lseek } from '../../../../../../core/kernel/lib/posix-fdio/read-write.ts';
import { close } from '../../../../../../core/kernel/lib/posix-fdtab/descriptors.ts';
import { posixPipe } from '../../../../../../core/kernel/lib/posix-pipe/lib.ts';
import { getdents64, mkdir } from '../../../../../../core/kernel/lib/vfscore/directories.ts';
import { mknod, rename, unlink } from '../../../../../../core/kernel/lib/vfscore/names.ts';
import { openat } from '../../../../../../core/kernel/lib/vfscore/open.ts';
import { pathString } from '../../../../../../core/kernel/vfs/path.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';

let guest: TestGuest;
beforeEach(() => {
  guest = new TestGuest({ libraries: [posixPipe] });
});

const open = (path: string, flags: number): number => guest.call(openat, AT_FDCWD, path, flags, 0o644);

/** Names and positions of one getdents64 with a buffer of `size`. */
function some(fd: number, size: number): { name: string; next: number }[] {
  const used = guest.call(getdents64, fd, SCRATCH, size);
  expect(used).toBeGreaterThanOrEqual(0);
  const view = new DataView(guest.task.memory.readBytes(SCRATCH, used).buffer);
  const entries: { name: string; next: number }[] = [];
  for (let at = 0; at < used; at += view.getUint16(at + 16, true)) {
    const bytes = new Uint8Array(view.buffer, at + 19);
    const name = String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0)));
    entries.push({ name, next: Number(view.getBigInt64(at + 8, true)) });
  }
  return entries;
}

describe('getdents64', () => {
  it('neither skips nor repeats entries while they are removed', () => {
    guest.call(mkdir, 'd', 0o755);
    const names = Array.from({ length: 50 }, (_, i) => `file${i}`);
    for (const name of names) guest.call(close, open(`d/${name}`, O_CREAT | O_RDWR));
    const fd = open('d', O_RDONLY | O_DIRECTORY);
    const seen: string[] = [];
    for (let entries = some(fd, 128); entries.length > 0; entries = some(fd, 128)) {
      for (const { name } of entries) {
        seen.push(name);
        if (name.startsWith('file')) guest.call(unlink, `d/${name}`);
      }
    }
    expect(seen).toEqual(['.', '..', ...names]);
    guest.call(lseek, fd, 0, 0);
    expect(some(fd, 128).map(({ name }) => name)).toEqual(['.', '..']);
  });

  it('goes on at a position it gave', () => {
    for (const name of ['a', 'b', 'c']) guest.call(mkdir, name, 0o755);
    const fd = open('/', O_RDONLY);
    const all = some(fd, 1000);
    guest.call(lseek, fd, all[1]!.next, 0);
    expect(some(fd, 1000)).toEqual(all.slice(2));
  });

  it('needs room for one entry, and a directory', () => {
    expect(guest.call(getdents64, open('/', O_RDONLY), SCRATCH, 20)).toBe(-EINVAL);
    expect(guest.call(getdents64, open('f', O_CREAT | O_RDWR), SCRATCH, 100)).toBe(-ENOTDIR);
  });
});

describe('places', () => {
  it('follow a directory that is renamed above an open file', () => {
    guest.call(mkdir, 'old', 0o755);
    const fd = open('old/file', O_CREAT | O_RDWR);
    const { path } = guest.process.fds.require(fd);
    guest.call(rename, 'old', 'new');
    expect(pathString(path!)).toBe('/new/file');
  });
});

describe('open of a FIFO', () => {
  it('waits for the other end', () => {
    guest.call(mknod, 'fifo', S_IFIFO | 0o644, 0);
    const reader = guest.start(openat, AT_FDCWD, 'fifo', O_RDONLY, 0);
    expect(reader.result).toBe(undefined);
    const writer = guest.call(openat, AT_FDCWD, 'fifo', O_WRONLY, 0);
    guest.settle();
    expect([writer, reader.result].every((fd) => fd! >= 0)).toBe(true);
  });

  it('gives the end back when a signal interrupts it', () => {
    guest.call(mknod, 'fifo', S_IFIFO | 0o644, 0);
    guest.start(openat, AT_FDCWD, 'fifo', O_RDONLY, 0).resume('signal');
    expect(guest.start(openat, AT_FDCWD, 'fifo', O_WRONLY, 0).result).toBe(undefined);
  });
});

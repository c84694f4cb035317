import { describe, expect, it } from 'vitest';
import { EAGAIN, EEXIST, EINVAL, EMFILE } from '../../../../../../core/kernel/abi/errno.ts';
import { S_IFREG } from '../../../../../../core/kernel/abi/stat.ts';
import type { SysError } from '../../../../../../core/kernel/errors.ts';
import type { Kernel } from '../../../../../../core/kernel/kernel.ts';
import { InotifyFile, MAX_INSTANCES } from '../../../../../../core/kernel/lib/inotify/inotify-file.ts';
import { posixInotify } from '../../../../../../core/kernel/lib/inotify/lib.ts';
import { createRamFs } from '../../../../../../core/kernel/lib/ramfs/fs.ts';
import { contributedRows } from '../../../../../../core/kernel/vfs/generated-fs.ts';
import type { Inode } from '../../../../../../core/kernel/vfs/inode.ts';
import { MountTable } from '../../../../../../core/kernel/vfs/mount-table.ts';
import * as notify from '../../../../../../core/kernel/vfs/notify.ts';
import { childRef, type PathRef } from '../../../../../../core/kernel/vfs/path.ts';
import { fakeKernel } from '../../../../../support/fake-kernel.ts';

function setUp(): { kernel: Kernel; root: PathRef; dir: Inode; f: PathRef; file: InotifyFile } {
  const kernel = fakeKernel([]);
  kernel.mounts = new MountTable(createRamFs(kernel, { name: 'ramfs', limitBytes: 1 << 20 }));
  const { root } = kernel.mounts;
  const inode = root.inode.create('f', S_IFREG | 0o644, 0, 0, 0);
  return { kernel, root, dir: root.inode, f: childRef(root, 'f', inode), file: new InotifyFile(kernel, 0) };
}

/** Events as `wd mask cookie name`, mask in hex. */
function drain(file: InotifyFile, size = 4096): string[] {
  const buffer = new Uint8Array(size).fill(0xee);
  const count = file.read(buffer);
  if (count < 0) return [`error ${-count}`];
  const view = new DataView(buffer.buffer);
  const events: string[] = [];
  for (let at = 0; at < count; ) {
    const len = view.getUint32(at + 12, true);
    const name = Buffer.from(buffer.subarray(at + 16, at + 16 + len)).toString('latin1');
    expect(len % 16).toBe(0);
    const [wd, mask, cookie] = [view.getInt32(at, true), view.getUint32(at + 4, true), view.getUint32(at + 8, true)];
    events.push(`${wd} ${mask.toString(16)} ${cookie} ${name.replace(/\0+$/, '')}`.trimEnd());
    at += 16 + len;
  }
  return events;
}
const errnoOf = (run: () => unknown): number | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as SysError).errno;
  }
};

describe('inotify', () => {
  it('keeps to the limits that /proc/sys tells', () => {
    const { kernel, file } = setUp();
    posixInotify.init!(kernel);
    const rows = contributedRows(kernel).proc.map((row) => [row.path, 'read' in row ? row.read({ kernel }) : '']);
    expect(rows).toContainEqual(['sys/fs/inotify/max_user_instances', `${MAX_INSTANCES}\n`]);
    for (let count = 1; count < MAX_INSTANCES; count++) new InotifyFile(kernel, 0);
    expect(errnoOf(() => new InotifyFile(kernel, 0))).toBe(EMFILE);
    file.drop();
    expect(errnoOf(() => new InotifyFile(kernel, 0))).toBe(undefined);
  });

  it('leaves out files without a name on demand, and shows such masks', () => {
    const { dir, f, file } = setUp();
    file.add(dir, notify.IN_MODIFY | notify.IN_EXCL_UNLINK | notify.IN_ONESHOT);
    expect(file.fdinfo()).toContain(' mask:84000002 ');
    f.inode.openReferences++;
    dir.unlink('f');
    notify.notifyObject(f.inode, f, notify.IN_MODIFY);
    expect(drain(file)).toEqual([`error ${EAGAIN}`]);
  });

  it('tells the directory and the file, each once until it is read', () => {
    const { dir, f, file } = setUp();
    expect([file.add(dir, notify.IN_ALL_EVENTS), file.add(f.inode, notify.IN_MODIFY)]).toEqual([1, 2]);
    expect([drain(file), file.poll()]).toEqual([[`error ${EAGAIN}`], 0]);
    notify.notifyObject(f.inode, f, notify.IN_OPEN);
    notify.notifyObject(f.inode, f, notify.IN_MODIFY);
    notify.notifyObject(f.inode, f, notify.IN_MODIFY);
    notify.notifyEntry(dir, notify.IN_CREATE | notify.IN_ISDIR, 'a name of 16 chr');
    expect(file.poll()).toBe(1);
    expect(drain(file)).toEqual(['1 20 0 f', '1 2 0 f', '2 2 0', '1 2 0 f', '2 2 0', '1 40000100 0 a name of 16 chr']);
  });

  it('gives whole events only', () => {
    const { dir, file } = setUp();
    file.add(dir, notify.IN_CREATE);
    notify.notifyEntry(dir, notify.IN_CREATE, 'one');
    notify.notifyEntry(dir, notify.IN_CREATE, 'two');
    expect(drain(file, 31)).toEqual([`error ${EINVAL}`]);
    expect(drain(file, 63)).toEqual(['1 100 0 one']);
    expect(drain(file, 32)).toEqual(['1 100 0 two']);
  });

  it('ties the halves of a rename and tells the end of a watch', () => {
    const { dir, f, file } = setUp();
    file.add(dir, notify.IN_MOVED_FROM | notify.IN_MOVED_TO);
    file.add(f.inode, notify.IN_MOVE_SELF | notify.IN_DELETE_SELF);
    const cookie = notify.moveCookie();
    notify.notifyEntry(dir, notify.IN_MOVED_FROM, 'f', cookie);
    notify.notifyEntry(dir, notify.IN_MOVED_TO, 'g', cookie);
    notify.notifyMovedSelf(f.inode);
    dir.rename('f', dir, 'g', 0);
    dir.unlink('g');
    notify.notifyUnlinked(f.inode);
    expect(drain(file)).toEqual([`1 40 ${cookie} f`, `1 80 ${cookie} g`, '2 800 0', '2 400 0', '2 8000 0']);
    expect(f.inode.watchers).toBeUndefined();
    file.removeByDescriptor(1);
    expect(drain(file)).toEqual(['1 8000 0']);
    expect(errnoOf(() => file.removeByDescriptor(1))).toBe(EINVAL);
  });

  it('has one watch for an object', () => {
    const { dir, file } = setUp();
    const wd = file.add(dir, notify.IN_CREATE);
    expect(file.add(dir, notify.IN_DELETE | notify.IN_MASK_ADD)).toBe(wd);
    expect(errnoOf(() => file.add(dir, notify.IN_DELETE | notify.IN_MASK_CREATE))).toBe(EEXIST);
    notify.notifyEntry(dir, notify.IN_CREATE, 'a');
    expect(file.add(dir, notify.IN_DELETE | notify.IN_ONESHOT)).toBe(wd);
    notify.notifyEntry(dir, notify.IN_CREATE, 'b');
    notify.notifyEntry(dir, notify.IN_DELETE, 'b');
    notify.notifyEntry(dir, notify.IN_DELETE, 'c');
    expect(drain(file)).toEqual(['1 100 0 a', '1 200 0 b', '1 8000 0']);
  });

  it('says when events were lost', () => {
    const { dir, file } = setUp();
    file.add(dir, notify.IN_CREATE);
    for (let i = 0; i < 16400; i++) notify.notifyEntry(dir, notify.IN_CREATE, String(i));
    const events = drain(file, 1 << 20);
    expect([events.length, events.at(-1)]).toEqual([16385, '-1 4000 0']);
    file.drop();
    expect(dir.watchers).toBeUndefined();
  });
});

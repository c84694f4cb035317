/** The file system of pty slaves, mounted on /dev/pts, and the opening of /dev/ptmx and /dev/pts/N. */
import { EBUSY, EIO, ENOENT, ENOSPC } from '../../abi/errno.ts';
import { O_NOCTTY } from '../../abi/fcntl.ts';
import { DEVPTS_SUPER_MAGIC } from '../../abi/fs.ts';
import { devMinor, direntType, makeDev, S_IFCHR, S_IFDIR, S_IFMT } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { type Kernel, service } from '../../kernel.ts';
import type { Task } from '../../task.ts';
import { DirectoryFile } from '../../vfs/directory-file.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import {
  type Attributes,
  type DirEntry,
  type FileSystem,
  type FsStatistics,
  Inode,
  type SetAttributes,
} from '../../vfs/inode.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { childRef } from '../../vfs/path.ts';
import { acquireOnOpen } from './jobs.ts';
import { PTS_MAJOR, Pty, type PtyHome, type PtyMaster } from './pty.ts';
import { TtyFile } from './tty-file.ts';

const MAX_PTYS = 4096;
/** Group `tty` and rw--w----, as distributions mount it. */
const TTY_GROUP = 5;
const SLAVE_MODE = S_IFCHR | 0o620;
const ROOT_INO = 1;
const PTMX_INO = 2;

class DevptsInode extends Inode {
  readonly fs: Devpts;
  private readonly attributes: Attributes;

  constructor(fs: Devpts, ino: number, mode: number, rdev: number, uid: number, gid: number) {
    super();
    this.fs = fs;
    const now = fs.kernel.realtimeNs();
    const times = { atimeNs: now, mtimeNs: now, ctimeNs: now, btimeNs: now };
    const isDirectory = (mode & S_IFMT) === S_IFDIR;
    this.attributes = {
      ...{ dev: fs.dev, ino, mode, nlink: isDirectory ? 2 : 1, uid, gid, rdev },
      ...{ size: 0, blksize: 1024, blocks: 0, ...times },
    };
  }
  get type(): number {
    return this.attributes.mode & S_IFMT;
  }
  stat(): Attributes {
    return { ...this.attributes };
  }
  override setattr({ mode, uid, gid, atimeNs, mtimeNs }: SetAttributes): void {
    const a = this.attributes;
    if (mode !== undefined) a.mode = (a.mode & S_IFMT) | (mode & 0o7777);
    a.uid = uid ?? a.uid;
    a.gid = gid ?? a.gid;
    a.atimeNs = atimeNs ?? a.atimeNs;
    a.mtimeNs = mtimeNs ?? a.mtimeNs;
    a.ctimeNs = this.fs.kernel.realtimeNs();
  }
  override lookup(name: string): Inode | undefined {
    return this.fs.find(name);
  }
  override entries(): DirEntry[] {
    return this.fs.list();
  }
  open(flags: number): OpenFile {
    return new DirectoryFile(flags, this);
  }
}

export class Devpts implements FileSystem, PtyHome {
  readonly name = 'devpts';
  readonly kernel: Kernel;
  readonly dev: number;
  readonly isReadOnly = false;
  readonly root: Inode;
  private readonly ptmx: Inode;
  private readonly slaves = new Map<number, { pty: Pty; inode: Inode }>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.dev = fsTypes(kernel).allocateDev();
    this.root = new DevptsInode(this, ROOT_INO, S_IFDIR | 0o755, 0, 0, 0);
    this.ptmx = new DevptsInode(this, PTMX_INO, S_IFCHR, makeDev(5, 2), 0, 0);
  }

  find(name: string): Inode | undefined {
    return name === 'ptmx' ? this.ptmx : this.slaves.get(/^(0|[1-9][0-9]*)$/.test(name) ? Number(name) : -1)?.inode;
  }
  list(): DirEntry[] {
    const entry = (name: string, inode: Inode) => ({ name, ino: inode.stat().ino, type: direntType(S_IFCHR) });
    return [...[...this.slaves].map(([number, { inode }]) => entry(String(number), inode)), entry('ptmx', this.ptmx)];
  }
  statfs(): FsStatistics {
    const none = { blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
    return { type: DEVPTS_SUPER_MAGIC, bsize: 4096, ...none, namelen: 255, flags: 0 };
  }
  sync(): void {}

  /** open(2) of /dev/ptmx: a new pair. */
  openMaster(task: Task, inode: Inode, flags: number): PtyMaster {
    let number = 0;
    while (this.slaves.has(number)) number++;
    if (number >= MAX_PTYS) fail(ENOSPC);
    const pty = new Pty(this.kernel, number, this);
    const { fsuid } = task.process.credentials;
    const slave = new DevptsInode(this, number + 3, SLAVE_MODE, pty.tty.rdev, fsuid, TTY_GROUP);
    this.slaves.set(number, { pty, inode: slave });
    return pty.openMaster(inode, flags);
  }

  remove(pty: Pty): void {
    this.slaves.delete(pty.number);
  }

  openSlave(pty: Pty, task: Task, flags: number): OpenFile {
    if (pty.isLocked) fail(EIO);
    if (pty.tty.isExclusive && !task.process.credentials.isPrivileged) fail(EBUSY);
    const name = String(pty.number);
    const { inode } = this.slaves.get(pty.number) ?? fail(EIO);
    if (!(flags & O_NOCTTY)) acquireOnOpen(pty.tty, task.process);
    const file = new TtyFile(pty.tty, inode, flags & ~O_NOCTTY, `/dev/pts/${name}`);
    const mount = this.kernel.mounts?.list().find(({ fs }) => fs === this);
    if (mount !== undefined) file.path = childRef(mount.root, name, inode);
    return file;
  }

  /** open(2) of a device node 136:N, wherever it is. */
  openByNumber(task: Task, inode: Inode, flags: number): OpenFile {
    const { pty } = this.slaves.get(devMinor(inode.stat().rdev)) ?? fail(ENOENT);
    return this.openSlave(pty, task, flags);
  }
}

export { PTS_MAJOR };

/** All pty pairs of a kernel. */
export const devpts: (kernel: Kernel) => Devpts = service('devpts', (kernel) => new Devpts(kernel));

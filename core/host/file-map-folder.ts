/**
 * A read-only folder made of single host files at chosen paths, without copying them: how a program of the host runs with
 * nothing but itself and its libraries in view. Directories exist as far as the paths need them; a file's content and
 * attributes are the host file's (links followed), inode numbers are our own.
 */
import fs from 'node:fs';
import { utf8ToStr } from '../base/bytes.ts';
import type {
  Failure,
  HostAccess,
  HostAttributes,
  HostDir,
  HostEntry,
  HostFile,
  HostFolder,
  HostFsStatistics,
} from '../dev/host-folder.ts';
import { EBADF, EISDIR, ENOENT, ENOTDIR, EROFS, ESTALE } from '../kernel/abi/errno.ts';
import { Identities, toAttributes } from './host-attributes.ts';
import { hostFailure } from './host-errno.ts';

class MapFile {
  readonly ino: number;
  readonly hostPath: string;
  constructor(ino: number, hostPath: string) {
    this.ino = ino;
    this.hostPath = hostPath;
  }
}

class MapDir implements HostDir {
  readonly isOpen = true;
  readonly ino: number;
  readonly children = new Map<string, MapDir | MapFile>();
  constructor(ino: number) {
    this.ino = ino;
  }
}

class MapHandle implements HostFile {
  readonly node: MapFile;
  fd: number;
  constructor(node: MapFile, fd: number) {
    this.node = node;
    this.fd = fd;
  }
  get isOpen(): boolean {
    return this.fd >= 0;
  }
}

const DT_DIR = 4;
const DT_REG = 8;

export class FileMapFolder implements HostFolder {
  readonly isReadOnly = true;
  readonly root = new MapDir(1);
  readonly owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  readonly canChown = false;
  readonly limits: readonly string[] = [];
  private readonly createdNs = BigInt(Date.now()) * 1_000_000n;
  private readonly handles = new Set<MapHandle>();
  private nextIno = 2;

  /** `files`: absolute guest path and host path of each; a later one replaces an earlier one of the same path. */
  constructor(files: readonly (readonly [string, string])[]) {
    for (const [guestPath, hostPath] of files) this.add(utf8ToStr(guestPath), hostPath);
  }

  private add(path: string, hostPath: string): void {
    const names = path.split('/').filter((name) => name !== '');
    const last = names.pop();
    let dir = this.root;
    for (const name of names) {
      let child = dir.children.get(name);
      if (!(child instanceof MapDir)) {
        child = new MapDir(this.nextIno++);
        dir.children.set(name, child);
      }
      dir = child;
    }
    if (last !== undefined) dir.children.set(last, new MapFile(this.nextIno++, hostPath));
  }

  lookup(dir: HostDir, name: string): HostAttributes | Failure {
    const node = name === '' ? (dir as MapDir) : (dir as MapDir).children.get(name);
    if (node === undefined) return -ENOENT;
    return node instanceof MapDir ? this.directoryAttributes(node) : this.fileAttributes(node);
  }
  private directoryAttributes(dir: MapDir): HostAttributes {
    const times = {
      atimeNs: this.createdNs,
      mtimeNs: this.createdNs,
      ctimeNs: this.createdNs,
      btimeNs: this.createdNs,
    };
    const nlink = 2 + [...dir.children.values()].filter((child) => child instanceof MapDir).length;
    return {
      ino: dir.ino,
      mode: 0o40755,
      nlink,
      ...this.owner,
      rdev: 0,
      size: 4096,
      blksize: 4096,
      blocks: 8,
      ...times,
    };
  }
  private fileAttributes(file: MapFile): HostAttributes | Failure {
    try {
      const stats = fs.statSync(file.hostPath, { bigint: true });
      return { ...toAttributes(stats, new Identities(stats.dev)), ino: file.ino, nlink: 1 };
    } catch (error) {
      return hostFailure(error);
    }
  }

  openDir(dir: HostDir, name: string, ino: number): HostDir | Failure {
    const node = (dir as MapDir).children.get(name);
    if (node === undefined) return -ENOENT;
    if (!(node instanceof MapDir)) return -ENOTDIR;
    return node.ino === ino ? node : -ESTALE;
  }
  closeDir(): void {}
  list(dir: HostDir): HostEntry[] {
    const kind = (node: MapDir | MapFile): number => (node instanceof MapDir ? DT_DIR : DT_REG);
    return [...(dir as MapDir).children].map(([name, node]) => ({ name, ino: node.ino, type: kind(node) }));
  }
  readlink(): Failure {
    return -ENOENT;
  }

  open(dir: HostDir, name: string, ino: number, access: HostAccess): HostFile | Failure {
    if (access.write) return -EROFS;
    const node = (dir as MapDir).children.get(name);
    if (node === undefined) return -ENOENT;
    if (node instanceof MapDir) return -EISDIR;
    return node.ino === ino ? this.openNode(node) : -ESTALE;
  }
  private openNode(node: MapFile): HostFile | Failure {
    try {
      const handle = new MapHandle(node, fs.openSync(node.hostPath, fs.constants.O_RDONLY));
      this.handles.add(handle);
      return handle;
    } catch (error) {
      return hostFailure(error);
    }
  }
  reopen(file: HostFile, access: HostAccess): HostFile | Failure {
    return access.write ? -EROFS : this.openNode((file as MapHandle).node);
  }
  closeFile(file: HostFile): void {
    const handle = file as MapHandle;
    if (handle.fd < 0) return;
    fs.closeSync(handle.fd);
    handle.fd = -1;
    this.handles.delete(handle);
  }
  statFile(file: HostFile): HostAttributes | Failure {
    return this.fileAttributes((file as MapHandle).node);
  }
  read(file: HostFile, into: Uint8Array, offset: number): number {
    const { fd } = file as MapHandle;
    if (fd < 0) return -EBADF;
    try {
      return fs.readSync(fd, into, 0, into.length, offset);
    } catch (error) {
      return hostFailure(error);
    }
  }
  sync(): number {
    return 0;
  }
  statfs(): HostFsStatistics {
    return { bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: this.nextIno, ffree: 0 };
  }
  dispose(): void {
    for (const handle of [...this.handles]) this.closeFile(handle);
  }

  private readonly refuse = (): number => -EROFS;
  create = this.refuse;
  write = this.refuse;
  truncate = this.refuse;
  mkdir = this.refuse;
  symlink = this.refuse;
  link = this.refuse;
  rename = this.refuse;
  unlink = this.refuse;
  rmdir = this.refuse;
  chmod = this.refuse;
  chown = this.refuse;
  utimes = this.refuse;
}

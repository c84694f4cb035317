/**
 * A cpio archive of a host folder, made at boot when the initrd is a folder. Hard links stay links, symlinks and modes
 * stay what they are; FIFOs, sockets and device nodes are archived as nodes. Owners are the guest's root for files of the
 * host's user, as in 9pfs.
 */
import type { HostAttributes, HostDir, HostFile, HostFolder } from '../../../dev/host-folder.ts';
import { type CpioSource, writeCpio } from '../../../image/cpio.ts';
import { EFBIG } from '../../abi/errno.ts';
import { devMajor, devMinor, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';

const MAX_SIZE = 2 ** 32 - 1;
/** Regular files are gathered with the place they are found at. */
type Found = Omit<CpioSource, 'fill' | 'size'> & { size: number; fill?: (into: Uint8Array) => void; hostIno: number };

function required<T>(value: T | number): T {
  if (typeof value === 'number' && value < 0) fail(-value);
  return value as T;
}

class Collector {
  readonly found: Found[] = [];
  private readonly folder: HostFolder;
  /** Bytes that contents may still have. */
  private room: number;
  private readonly numbers = new Map<number, number>();

  constructor(folder: HostFolder, maxBytes: number) {
    this.folder = folder;
    this.room = maxBytes;
  }

  /** Gathers what is in `dir`; `prefix` is its path with a slash, or empty. */
  collect(dir: HostDir, prefix: string): void {
    const entries = required(this.folder.list(dir)).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name } of entries) {
      const attributes = this.folder.lookup(dir, name);
      // What the host removed since is not there.
      if (typeof attributes === 'number') continue;
      const path = prefix + name;
      this.add(dir, name, path, attributes);
      if ((attributes.mode & S_IFMT) !== S_IFDIR) continue;
      const inner = required(this.folder.openDir(dir, name, attributes.ino));
      this.collect(inner, `${path}/`);
      this.folder.closeDir(inner);
    }
  }

  /** Archives number inodes from 1: the host's numbers need not fit. */
  private number(ino: number): number {
    let number = this.numbers.get(ino);
    if (number === undefined) {
      number = this.numbers.size + 1;
      this.numbers.set(ino, number);
    }
    return number;
  }

  add(dir: HostDir, name: string, path: string, attributes: HostAttributes): void {
    const { owner, canChown } = this.folder;
    const { mode, nlink, uid, gid, rdev, mtimeNs, ino } = attributes;
    const type = mode & S_IFMT;
    const target = type === S_IFLNK ? required(this.folder.readlink(dir, name)) : '';
    const size = type === S_IFREG ? attributes.size : target.length;
    // The contents of a file with several names are archived once.
    this.room -= path.length + (this.numbers.has(ino) ? 0 : size);
    if (size > MAX_SIZE || this.room < 0) fail(EFBIG);
    this.found.push({
      name: path,
      ino: this.number(ino),
      hostIno: ino,
      mode,
      uid: !canChown && uid === owner.uid ? 0 : uid >>> 0,
      gid: !canChown && gid === owner.gid ? 0 : gid >>> 0,
      nlink: Math.min(nlink, MAX_SIZE),
      mtime: Math.max(0, Math.min(Number(mtimeNs / 1_000_000_000n), MAX_SIZE)),
      devMajor: 0,
      devMinor: 0,
      rdevMajor: devMajor(rdev),
      rdevMinor: devMinor(rdev),
      size,
      fill: type === S_IFREG ? (into) => this.fillFile(path, ino, into) : (into) => fillText(target, into),
    });
  }

  private fillFile(path: string, ino: number, into: Uint8Array): void {
    const opened: HostDir[] = [];
    const names = path.split('/');
    let dir = this.folder.root;
    for (const name of names.slice(0, -1)) {
      const { ino: inner } = required(this.folder.lookup(dir, name));
      dir = required(this.folder.openDir(dir, name, inner));
      opened.push(dir);
    }
    const file: HostFile = required(
      this.folder.open(dir, names.at(-1)!, ino, { read: true, write: false, append: false }),
    );
    for (let at = 0; at < into.length; ) {
      // Less than 2 GiB at once; a file that has become shorter leaves zeros.
      const count = required(this.folder.read(file, into.subarray(at, at + 0x4000_0000), at));
      if (count === 0) break;
      at += count;
    }
    this.folder.closeFile(file);
    for (const each of opened.reverse()) this.folder.closeDir(each);
  }
}

function fillText(text: string, into: Uint8Array): void {
  for (let i = 0; i < text.length; i++) into[i] = text.charCodeAt(i);
}

/** The contents of hard-linked files go with the last of their names, as cpio(1) has it. */
function keepLastContents(found: readonly Found[]): CpioSource[] {
  const last = new Map<number, Found>();
  for (const entry of found) last.set(entry.hostIno, entry);
  return found.map(({ hostIno, ...entry }) => {
    const isLast = (entry.mode & S_IFMT) !== S_IFREG || last.get(hostIno)?.name === entry.name;
    return isLast ? { ...entry, fill: entry.fill! } : { ...entry, size: 0, fill: () => {} };
  });
}

/** Archives all that is in the folder. Fails with a SysError as reading may, and with EFBIG for more than `maxBytes`. */
export function archiveFolder(folder: HostFolder, maxBytes = Number.POSITIVE_INFINITY): Uint8Array<ArrayBuffer> {
  const collector = new Collector(folder, maxBytes);
  collector.collect(folder.root, '');
  return writeCpio(keepLastContents(collector.found));
}

/**
 * File systems whose files are made when they are read (procfs, sysfs), from a table of rows: a path pattern and what is
 * there. A component like `<pid>` stands for many names; what a name means is a `Variable`, which narrows the subject
 * (the object that the files below it are about).
 *
 * A file's text is made at a read from offset 0 and kept for the reads that go on from there, as seq_file does in Linux.
 */
import { strToBytes } from '../../base/bytes.ts';
import { EACCES, EINVAL, EIO, ENOENT, EPERM } from '../abi/errno.ts';
import { O_ACCMODE, O_RDONLY, SEEK_CUR, SEEK_END, SEEK_SET } from '../abi/fcntl.ts';
import { direntType, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../abi/stat.ts';
import { fail } from '../errors.ts';
import { type Kernel, service } from '../kernel.ts';
import type { Task } from '../task.ts';
import { DirectoryFile } from './directory-file.ts';
import { fsTypes } from './fs-types.ts';
import {
  type Attributes,
  type DirEntry,
  type FileSystem,
  type FsStatistics,
  Inode,
  type SetAttributes,
} from './inode.ts';
import { OpenFile } from './open-file.ts';
import type { PathRef } from './path.ts';

/** Many names in one place. `S` is the file system's subject type. */
export interface Variable<S> {
  /** In patterns: `<name>`. */
  name: string;
  /** The subject below `name`, or undefined when there is no such entry. */
  enter(subject: S, name: string): S | undefined;
  list(subject: S): string[];
}

interface Place {
  /** Components separated by `/`, without a leading one. */
  path: string;
  /** Permission bits; 0444 for files, 0555 for directories, 0777 for links. */
  mode?: number | ((subject: never) => number);
}
export interface FileRow<S> extends Place {
  /** A byte string, or the bytes. */
  read(subject: S): string | Uint8Array;
  /** Takes what is written in one call: 0 for success or -errno. */
  write?(subject: S, text: string): number;
  /** Opening it to write is refused (EACCES) when it has no `write`, as in /proc/sys; elsewhere only writing is (EIO). */
  refusesWriters?: true;
}
export interface LinkRow<S> extends Place {
  link(subject: S): string;
  /** st_size; 0 by default. */
  size?: number;
  /** Magic links: what following one yields. */
  follow?(subject: S, task: Task): PathRef | OpenFile | undefined;
}
/** A file that is more than generated text. */
export interface SpecialRow<S> extends Place {
  open(subject: S, inode: Inode, flags: number): OpenFile;
}
export interface DirectoryRow extends Place {
  directory: true;
}
export type Row<S> = FileRow<S> | LinkRow<S> | SpecialRow<S> | DirectoryRow;

/**
 * Rows and names that micro-libraries add to /proc and /sys in their `init`: what they show is about the machine. Paths
 * of `proc` may begin with <pid>.
 */
export interface ContributedRows {
  readonly proc: Row<{ readonly kernel: Kernel }>[];
  readonly sys: Row<SysSubject>[];
  readonly sysVariables: Variable<SysSubject>[];
}

/** What a file of /sys is about: one of many, by its name, or the machine. */
export interface SysSubject {
  readonly kernel: Kernel;
  readonly name?: string;
}

export const contributedRows: (kernel: Kernel) => ContributedRows = service('generated-rows', () => ({
  proc: [],
  sys: [],
  sysVariables: [],
}));

interface Node<S> {
  row: Row<S>;
  children: Map<string, Node<S>>;
  variable: { of: Variable<S>; node: Node<S> } | undefined;
}

export interface GeneratedFsOptions<S> {
  name: string;
  magic: number;
  rows: readonly Row<S>[];
  variables: readonly Variable<S>[];
  subject: S;
  /** Owner of the files about a subject; root by default. */
  owner?(subject: S): { uid: number; gid: number };
}

export class GeneratedFs<S> implements FileSystem {
  readonly name: string;
  readonly dev: number;
  readonly isReadOnly = false;
  readonly kernel: Kernel;
  readonly root: GeneratedInode<S>;
  readonly owner: (subject: S) => { uid: number; gid: number };
  private readonly magic: number;
  private nextIno = 1;

  constructor(kernel: Kernel, options: GeneratedFsOptions<S>) {
    this.kernel = kernel;
    this.name = options.name;
    this.magic = options.magic;
    this.owner = options.owner ?? (() => ({ uid: 0, gid: 0 }));
    this.dev = fsTypes(kernel).allocateDev();
    this.root = new GeneratedInode<S>(this, buildTree(options.rows, options.variables), options.subject);
  }

  allocateIno(): number {
    return this.nextIno++;
  }
  statfs(): FsStatistics {
    const none = { blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
    return { type: this.magic, bsize: 4096, ...none, namelen: 255, flags: 0 };
  }
  sync(): void {}
}

function buildTree<S>(rows: readonly Row<S>[], variables: readonly Variable<S>[]): Node<S> {
  const directory = (path: string): Node<S> => ({
    row: { path, directory: true },
    children: new Map(),
    variable: undefined,
  });
  const root = directory('');
  for (const row of rows) {
    const components = row.path.split('/');
    let at = root;
    components.forEach((component, i) => {
      const isLast = i === components.length - 1;
      const make = (): Node<S> => (isLast ? { ...directory(row.path), row } : directory(row.path));
      at = childNode(at, component, variables, make);
      if (isLast && at.row !== row) at.row = row;
    });
  }
  return root;
}

function childNode<S>(
  parent: Node<S>,
  component: string,
  variables: readonly Variable<S>[],
  make: () => Node<S>,
): Node<S> {
  if (component.startsWith('<')) {
    if (parent.variable === undefined) {
      const of = variables.find(({ name }) => `<${name}>` === component)!;
      parent.variable = { of, node: make() };
    }
    return parent.variable.node;
  }
  let node = parent.children.get(component);
  if (node === undefined) {
    node = make();
    parent.children.set(component, node);
  }
  return node;
}

export class GeneratedInode<S> extends Inode {
  readonly fs: GeneratedFs<S>;
  readonly subject: S;
  readonly row: Row<S>;
  private readonly node: Node<S>;
  private readonly ino: number;
  private readonly madeNs: bigint;
  /** Inodes handed out, so that a directory stays the same object. */
  private readonly known = new Map<string, GeneratedInode<S>>();

  constructor(fs: GeneratedFs<S>, node: Node<S>, subject: S) {
    super();
    this.fs = fs;
    this.node = node;
    this.row = node.row;
    this.subject = subject;
    this.ino = fs.allocateIno();
    this.madeNs = fs.kernel.realtimeNs();
  }

  get type(): number {
    if ('directory' in this.row) return S_IFDIR;
    return 'link' in this.row ? S_IFLNK : S_IFREG;
  }

  private get permissions(): number {
    const { mode } = this.row;
    if (typeof mode === 'number') return mode;
    if (mode !== undefined) return mode(this.subject as never);
    return { [S_IFDIR]: 0o555, [S_IFLNK]: 0o777 }[this.type] ?? 0o444;
  }

  stat(): Attributes {
    const times = { atimeNs: this.madeNs, mtimeNs: this.madeNs, ctimeNs: this.madeNs, btimeNs: this.madeNs };
    return {
      ...{ dev: this.fs.dev, ino: this.ino, mode: this.type | this.permissions, rdev: 0 },
      size: 'link' in this.row ? (this.row.size ?? 0) : 0,
      ...{ nlink: this.type === S_IFDIR ? 2 : 1, blksize: 1024, blocks: 0, ...this.fs.owner(this.subject), ...times },
    };
  }

  /** Truncating is allowed, so that `>` works on files that can be written; nothing else changes. */
  override setattr(change: SetAttributes): void {
    const others = { ...change };
    delete others.size;
    if (Object.keys(others).length > 0) fail(EPERM);
  }

  override lookup(name: string): Inode | undefined {
    const fixed = this.node.children.get(name);
    if (fixed !== undefined) return this.child(name, fixed, this.subject);
    const { variable } = this.node;
    const subject = variable?.of.enter(this.subject, name);
    if (variable !== undefined && subject !== undefined) return this.child(name, variable.node, subject);
    this.known.delete(name);
    return undefined;
  }

  private child(name: string, node: Node<S>, subject: S): GeneratedInode<S> {
    let inode = this.known.get(name);
    if (inode === undefined || inode.node !== node || !isSameSubject(inode.subject, subject)) {
      inode = new GeneratedInode(this.fs, node, subject);
      this.known.set(name, inode);
    }
    return inode;
  }

  override entries(): DirEntry[] {
    const { variable } = this.node;
    const names = [...this.node.children.keys(), ...(variable?.of.list(this.subject) ?? [])];
    const present = new Set(names);
    for (const name of this.known.keys()) if (!present.has(name)) this.known.delete(name);
    const entries: DirEntry[] = [];
    for (const name of names) {
      const inode = this.lookup(name);
      if (inode !== undefined) entries.push({ name, ino: inode.stat().ino, type: direntType(inode.type & S_IFMT) });
    }
    return entries;
  }

  // What can't be made here: the tree is what the kernel shows.
  override create(): Inode {
    fail(EACCES);
  }
  override mkdir(): Inode {
    fail(EACCES);
  }
  override symlink(): Inode {
    fail(EACCES);
  }
  override unlink(): void {
    fail(EPERM);
  }
  override rmdir(): void {
    fail(EPERM);
  }

  override readlink(): string {
    return 'link' in this.row ? this.row.link(this.subject) : fail(EINVAL);
  }
  override followMagic(task: Task): PathRef | OpenFile | undefined {
    if (!('link' in this.row) || this.row.follow === undefined) return undefined;
    return this.row.follow(this.subject, task) ?? fail(ENOENT);
  }

  open(flags: number): OpenFile {
    const { row } = this;
    if ('directory' in row) return new DirectoryFile(flags, this);
    if ('open' in row) return row.open(this.subject, this, flags);
    const isRefused = 'read' in row && row.refusesWriters && row.write === undefined;
    if (isRefused && (flags & O_ACCMODE) !== O_RDONLY) fail(EACCES);
    return 'read' in row ? new GeneratedFile(this, row, flags) : fail(EINVAL);
  }
}

/** Subjects are small objects made at each look-up: the same when all their fields are. */
function isSameSubject<S>(a: S, b: S): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a) as (keyof S)[];
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

export class GeneratedFile<S> extends OpenFile {
  override readonly isSeekable = true;
  private readonly source: GeneratedInode<S>;
  private readonly row: FileRow<S>;
  private bytes: Uint8Array | undefined = undefined;

  constructor(inode: GeneratedInode<S>, row: FileRow<S>, flags: number) {
    super(flags, inode);
    this.source = inode;
    this.row = row;
  }

  get describe(): string {
    return this.row.path;
  }

  private content(at: number): Uint8Array {
    if (this.bytes === undefined || at === 0) {
      const made = this.row.read(this.source.subject);
      this.bytes = typeof made === 'string' ? strToBytes(made) : made;
    }
    return this.bytes;
  }

  override read(into: Uint8Array, offset: number): number {
    const at = offset === -1 ? this.position : offset;
    const part = this.content(at).subarray(at, at + into.length);
    into.set(part);
    if (offset === -1) this.position += part.length;
    return part.length;
  }

  override write(from: Uint8Array, offset: number): number {
    if (this.row.write === undefined) return -EIO;
    const text = String.fromCharCode(...from.subarray(0, 4096));
    const answer = this.row.write(this.source.subject, text);
    if (answer < 0) return answer;
    if (offset === -1) this.position += from.length;
    this.bytes = undefined;
    return from.length;
  }

  override seek(offset: number, whence: number): number {
    const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? this.position : -1;
    if (whence === SEEK_END || base < 0 || base + offset < 0) return -EINVAL;
    this.position = base + offset;
    return this.position;
  }
}

/** Runs the scenarios of test/golden/fs on a test guest: the language is described in record.py there. */
import * as errno from '../../core/kernel/abi/errno.ts';
import { errnoName } from '../../core/kernel/abi/errno.ts';
import * as fcntlNames from '../../core/kernel/abi/fcntl.ts';
import * as fsNames from '../../core/kernel/abi/fs.ts';
import * as statNames from '../../core/kernel/abi/stat.ts';
import { posixInotify } from '../../core/kernel/lib/inotify/lib.ts';
import { posixFdio } from '../../core/kernel/lib/posix-fdio/lib.ts';
import { posixFdtab } from '../../core/kernel/lib/posix-fdtab/lib.ts';
import { posixPipe } from '../../core/kernel/lib/posix-pipe/lib.ts';
import { ramfs } from '../../core/kernel/lib/ramfs/lib.ts';
import { vfscore } from '../../core/kernel/lib/vfscore/lib.ts';
import type { AnySyscall } from '../../core/kernel/syscall/define.ts';
import * as inotifyNames from '../../core/kernel/vfs/notify.ts';
import { SCRATCH, TestGuest } from './guest-kernel.ts';

type Value = number | string;

const libraries = [posixFdtab, posixFdio, vfscore, ramfs, posixPipe, posixInotify];
const calls = new Map<string, AnySyscall>(libraries.flatMap((lib) => lib.syscalls.map((call) => [call.name, call])));
const constants: Readonly<Record<string, unknown>> = {
  ...fcntlNames,
  ...fsNames,
  ...inotifyNames,
  ...statNames,
  F_OK: 0,
  NULL: 0,
};
const openers = new Set(['inotify_init1', 'open', 'openat', 'openat2', 'creat', 'dup', 'memfd_create']);
/** Where buffers of queries and strings that are passed by address lie. */
const BUFFER = SCRATCH;
const BUFFER_SIZE = 0x1_0000;
const ARGUMENTS = SCRATCH + BUFFER_SIZE;

const eventNames = Object.keys(inotifyNames).filter((name) =>
  /^IN_(ACCESS|MODIFY|ATTRIB|CLOSE_|OPEN|MOVED?_|CREATE|DELETE|UNMOUNT|Q_|IGNORED|ISDIR)/.test(name),
);

const octal = (mode: number): string => `0o${mode.toString(8)}`;

export class FileScript {
  private readonly guest = new TestGuest({ libraries });
  private readonly values = new Map<string, Value>();

  /** The scenario with the results of this run. */
  run(scenario: string): string {
    return scenario
      .split('\n')
      .map((line) => (line === '' || line.startsWith('#') ? line : this.runLine(line.split(' -> ')[0]!)))
      .join('\n');
  }

  private runLine(body: string): string {
    const [, name, call, rest] = /^(?:(\w+) = )?(\w+) ?(.*)$/.exec(body)!;
    const words = rest!.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
    const args = words.map((word) => this.parse(word));
    const query = this.queries[call!];
    const result = query === undefined ? this.call(call!, ...args) : query(...(args as never[]));
    if (name !== undefined) this.values.set(name, result);
    return `${body} -> ${this.show(result, name !== undefined || openers.has(call!))}`;
  }

  /** Numbers too long to be exact stay text. */
  private parse(word: string): Value {
    if (word.startsWith('"')) return JSON.parse(word) as string;
    if (word.startsWith('%')) return this.values.get(word.slice(1))!;
    if (/^\d{16,}$/.test(word)) return word;
    let value = 0;
    for (const part of word.split('|')) {
      const known = constants[part];
      if (typeof known === 'number') value |= known;
      else value |= /^0[0-7]/.test(part) ? Number.parseInt(part, 8) : Number(part);
    }
    return value;
  }

  private show(result: Value, isDescriptor: boolean): string {
    if (typeof result === 'string') return JSON.stringify(result);
    if (result < 0) return result === -errno.EOPNOTSUPP ? 'ENOTSUP' : errnoName(-result);
    return isDescriptor ? 'fd' : String(result);
  }

  /** A system call; strings where it takes addresses are put into guest memory. */
  private call(name: string, ...args: readonly Value[]): number {
    const call = calls.get(name);
    if (call === undefined) throw new Error(`no call ${name}`);
    let at = ARGUMENTS;
    const converted = args.map((value, i) => {
      const type = call.args[i]!;
      const isText = /^(pathname|path|oldpath|newpath|target|linkpath|source|filesystemtype|name)$/.test(type.name);
      if (typeof value === 'number') return isText && value === 0 ? undefined : value;
      if (isText) return value;
      const address = at;
      this.guest.write(address, `${value}\0`);
      at += value.length + 16;
      return address;
    });
    return this.guest.call(call, ...converted);
  }

  private lstat(path: string): DataView | number {
    const answer = this.call('newfstatat', -100, path, BUFFER, fcntlNames.AT_SYMLINK_NOFOLLOW);
    return answer < 0 ? answer : this.view(statNames.STAT_SIZE);
  }
  private view(len: number): DataView {
    return new DataView(this.guest.task.memory.readBytes(BUFFER, len).buffer);
  }
  private field(path: string, read: (stat: DataView) => Value): Value {
    const stat = this.lstat(path);
    return typeof stat === 'number' ? stat : read(stat);
  }
  private text(answer: number): Value {
    return answer < 0 ? answer : this.guest.text(BUFFER, answer);
  }

  private list(path: string): Value {
    const fd = this.call('open', path, fcntlNames.O_RDONLY | fcntlNames.O_DIRECTORY, 0);
    if (fd < 0) return fd;
    const names: string[] = [];
    for (;;) {
      const used = this.call('getdents64', fd, BUFFER, 256);
      if (used <= 0) break;
      const view = this.view(used);
      for (let at = 0; at < used; at += view.getUint16(at + 16, true)) {
        const bytes = new Uint8Array(view.buffer, at + 19);
        names.push(String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0))));
      }
    }
    this.call('close', fd);
    return names
      .filter((name) => name !== '.' && name !== '..')
      .sort()
      .join(' ');
  }

  private lock(fd: number, command: number, type: number, whence: number, start: number, len: number): Value {
    const { memory } = this.guest.task;
    memory.fill(BUFFER, 32, 0);
    memory.setU16(BUFFER, type);
    memory.setU16(BUFFER + 2, whence);
    memory.setLong(BUFFER + 8, start);
    memory.setLong(BUFFER + 16, len);
    const answer = this.call('fcntl', fd, command, BUFFER);
    if (answer < 0) return answer;
    const numbers = [memory.getU16(BUFFER), memory.getU16(BUFFER + 2)];
    return [...numbers, memory.getLong(BUFFER + 8), memory.getLong(BUFFER + 16)].join(' ');
  }

  private events(fd: number): Value {
    const used = this.call('read', fd, BUFFER, 65536);
    if (used < 0) return used;
    const view = this.view(used);
    const shown: string[] = [];
    for (let at = 0; at < used; at += 16 + view.getUint32(at + 12, true)) {
      const mask = view.getUint32(at + 4, true);
      const bits = eventNames.filter((name) => ((constants[name] as number) & mask) !== 0).join('|');
      const bytes = new Uint8Array(view.buffer, at + 16, view.getUint32(at + 12, true));
      const name = String.fromCharCode(...bytes).replace(/\0+$/, '');
      const cookie = view.getUint32(at + 8, true) === 0 ? '' : '+';
      shown.push(`${view.getInt32(at, true)}:${bits}${cookie}${name === '' ? '' : `:${name}`}`);
    }
    return shown.join(' ');
  }

  private openat2(dirFd: number, path: string, flags: number, mode: number, resolve: number): number {
    const { memory } = this.guest.task;
    for (const [i, word] of [flags, mode, resolve].entries()) memory.setLong(BUFFER + i * 8, word);
    return this.call('openat2', dirFd, path, BUFFER, 24);
  }

  private setTimes(path: string, atimeNs: Value, mtimeNs: Value): number {
    const [atime, mtime] = [BigInt(atimeNs), BigInt(mtimeNs)];
    const { memory } = this.guest.task;
    for (const [i, time] of [atime, mtime].entries()) {
      memory.setU64(BUFFER + i * 16, time / 1_000_000_000n);
      memory.setU64(BUFFER + i * 16 + 8, time % 1_000_000_000n);
    }
    return this.call('utimensat', -100, path, BUFFER, 0);
  }

  private readonly queries: Readonly<Record<string, (...args: never[]) => Value>> = {
    openat2: (dirFd: number, path: string, flags: number, mode: number, resolve: number) =>
      this.openat2(dirFd, path, flags, mode, resolve),
    lock: (fd: number, command: number, type: number, whence: number, start: number, len: number) =>
      this.lock(fd, command, type, whence, start, len),
    as_user: (uid: number, gid: number) => {
      this.guest.process.credentials.setAll(uid, gid);
      return 0;
    },
    events: (fd: number) => this.events(fd),
    mode: (path: string) => this.field(path, (stat) => octal(stat.getUint32(24, true))),
    nlink: (path: string) => this.field(path, (stat) => stat.getUint32(16, true)),
    size: (path: string) => this.field(path, (stat) => stat.getUint32(48, true)),
    owner: (path: string) => this.field(path, (stat) => `${stat.getInt32(28, true)}:${stat.getInt32(32, true)}`),
    times: (path: string) =>
      this.field(path, (stat) => {
        const at = (offset: number): bigint =>
          stat.getBigInt64(offset, true) * 1_000_000_000n + stat.getBigInt64(offset + 8, true);
        return `${at(72)} ${at(88)}`;
      }),
    stat: (path: string) => {
      const answer = this.call('stat', path, BUFFER);
      return answer < 0 ? answer : octal(this.view(statNames.STAT_SIZE).getUint32(24, true));
    },
    ls: (path: string) => this.list(path),
    readlink: (path: string) => this.text(this.call('readlink', path, BUFFER, 4096)),
    getcwd: () => {
      const answer = this.call('getcwd', BUFFER, 4096);
      return answer < 0 ? answer : this.guest.text(BUFFER, answer - 1);
    },
    put: (fd: number, data: string) => this.call('write', fd, data, data.length),
    get: (fd: number, count: number) => this.text(this.call('read', fd, BUFFER, count)),
    putat: (fd: number, data: string, at: number) => this.call('pwrite64', fd, data, data.length, at),
    getat: (fd: number, count: number, at: number) => this.text(this.call('pread64', fd, BUFFER, count, at)),
    getxattr: (path: string, name: string) => this.text(this.call('getxattr', path, name, BUFFER, 4096)),
    listxattr: (path: string) => {
      const text = this.text(this.call('listxattr', path, BUFFER, 4096));
      return typeof text === 'number' ? text : text.split('\0').slice(0, -1).sort().join(' ');
    },
    utime: (path: string, atimeNs: Value, mtimeNs: Value) => this.setTimes(path, atimeNs, mtimeNs),
  };
}

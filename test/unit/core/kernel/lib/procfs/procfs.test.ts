import { describe, expect, it } from 'vitest';
import { EINVAL, EIO } from '../../../../../../core/kernel/abi/errno.ts';
import { O_RDONLY, O_RDWR, O_WRONLY } from '../../../../../../core/kernel/abi/fcntl.ts';
import { EventFile } from '../../../../../../core/kernel/lib/posix-eventfd/eventfd.ts';
import { createPipe } from '../../../../../../core/kernel/lib/posix-pipe/fifo.ts';
import { posixPipe } from '../../../../../../core/kernel/lib/posix-pipe/lib.ts';
import { createProcFs } from '../../../../../../core/kernel/lib/procfs/lib.ts';
import { resolvePath } from '../../../../../../core/kernel/vfs/lookup.ts';
import { openPath } from '../../../../../../core/kernel/vfs/open.ts';
import { childRef, pathString } from '../../../../../../core/kernel/vfs/path.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';

const AT_FDCWD = -100;

function boot() {
  const guest = new TestGuest({ libraries: [posixPipe] });
  const { root } = guest.kernel.mounts;
  const proc = createProcFs(guest.kernel);
  guest.kernel.mounts.mount(proc, childRef(root, 'proc', root.inode.mkdir('proc', 0o755, 0, 0)), { source: 'proc' });
  const open = (path: string, flags = O_RDONLY) => openPath(guest.task, AT_FDCWD, `/proc/${path}`, flags);
  const read = (path: string): string => {
    const file = open(path);
    const into = new Uint8Array(100_000);
    return String.fromCharCode(...into.subarray(0, file.read(into, 0)));
  };
  const write = (path: string, text: string): number =>
    open(path, O_WRONLY).write(
      Uint8Array.from(text, (char) => char.charCodeAt(0)),
      -1,
    );
  const link = (path: string): string =>
    resolvePath(guest.task, AT_FDCWD, `/proc/${path}`, { follow: false }).inode.readlink();
  const names = (path: string): string[] =>
    resolvePath(guest.task, AT_FDCWD, `/proc/${path}`)
      .inode.entries()
      .map(({ name }) => name);
  return { guest, open, read, write, link, names };
}

describe('procfs', () => {
  it('shows the memory map in the format of Linux', () => {
    const { read } = boot();
    expect(read('self/maps')).toBe('00020000-00060000 rw-p 00000000 00:00 0 \n');
    expect(read('self/smaps').split('\n')[1]).toBe('Size:                256 kB');
  });

  it('shows status and stat with as many columns as Linux', () => {
    const { guest, read } = boot();
    guest.task.comm = 'a b)';
    const status = read('self/status');
    expect(status).toContain('Name:\ta b)\nUmask:\t0022\nState:\tR (running)\nTgid:\t1\n');
    expect(status).toContain('VmSize:\t     256 kB\n');
    const stat = read('self/stat');
    expect(stat.slice(0, 15)).toBe('1 (a b)) R 0 1 ');
    expect(
      stat
        .slice(stat.lastIndexOf(')') + 2)
        .trim()
        .split(' '),
    ).toHaveLength(50);
  });

  it('lists processes, threads and descriptors', () => {
    const { guest, names } = boot();
    guest.addProcess(guest.process);
    guest.process.fds.install(new EventFile(O_RDWR, 3, false), true, 5);
    expect(names('').filter((name) => /^\d/.test(name))).toEqual(['1', '2']);
    expect([names('self/task'), names('1/fd'), names('2/fd')]).toEqual([['1'], ['5'], []]);
  });

  it('follows descriptors to the open file, by name or not', () => {
    const { guest, open, read, link } = boot();
    const [reader, writer] = createPipe(guest.task, 0);
    guest.process.fds.install(reader);
    guest.process.fds.install(openPath(guest.task, AT_FDCWD, '/file', 0o101, 0o644));
    guest.process.fds.install(new EventFile(O_RDWR, 3, false), true);
    expect([0, 1, 2].map((fd) => link(`self/fd/${fd}`))).toEqual(['pipe:[2]', '/file', 'anon_inode:[eventfd]']);
    writer.write(Uint8Array.of(7));
    const again = open('self/fd/0');
    const into = new Uint8Array(1);
    expect([again.read(into, -1), into[0]]).toEqual([1, 7]);
    expect(read('self/fdinfo/2')).toBe(
      'pos:\t0\nflags:\t02000002\nmnt_id:\t0\nino:\t1\neventfd-count:                3\neventfd-semaphore: 0\n',
    );
    expect(pathString(resolvePath(guest.task, AT_FDCWD, '/proc/self/fd/1'))).toBe('/file');
  });

  it('keeps a directory the same object while the process lives', () => {
    const { guest } = boot();
    const at = (): unknown => resolvePath(guest.task, AT_FDCWD, '/proc/1/task/1').inode;
    expect(at()).toBe(at());
    guest.kernel.processes.delete(1);
    expect(at).toThrow('ENOENT');
  });

  it('shows arguments and environment as they are in memory', () => {
    const { guest, read } = boot();
    guest.write(SCRATCH, 'prog\0-x\0A=1\0');
    const image = { argStart: SCRATCH, argEnd: SCRATCH + 8, envStart: SCRATCH + 8, envEnd: SCRATCH + 12 };
    guest.process.mm.image = { ...guest.process.mm.image, ...image };
    expect([read('self/cmdline'), read('self/environ')]).toEqual(['prog\0-x\0', 'A=1\0']);
    guest.write(SCRATCH, 'new: title here\0');
    expect(read('self/cmdline')).toBe('new: title h');
  });

  it('takes writes where Linux does, and EIO or EACCES elsewhere', () => {
    const { guest, read, write } = boot();
    expect(write('self/comm', 'renamed-to-something-long\n')).toBe(26);
    expect([guest.task.comm, write('self/oom_score_adj', '5'), write('self/oom_score_adj', '5000')]).toEqual([
      'renamed-to-some',
      1,
      -EINVAL,
    ]);
    write('sys/kernel/hostname', 'other\n');
    expect([read('sys/kernel/hostname'), write('self/maps', 'x')]).toEqual(['other\n', -EIO]);
    expect(() => write('sys/vm/max_map_count', '1')).toThrow('EACCES');
  });

  it('makes its text anew when it is read from the beginning', () => {
    const { guest, open } = boot();
    const file = open('self/comm');
    const into = new Uint8Array(16);
    file.read(into, -1);
    guest.task.comm = 'two';
    expect([file.read(into, -1), file.seek(0, 0), file.read(into, -1)]).toEqual([0, 0, 4]);
  });

  it('reads and writes memory through mem', () => {
    const { guest, open } = boot();
    const file = open('self/mem', O_RDWR);
    file.write(Uint8Array.of(1, 2), SCRATCH);
    expect([guest.u32(SCRATCH), file.read(new Uint8Array(4), 0x100)]).toEqual([0x201, -EIO]);
  });

  it('shows mounts as seen from the root of the process', () => {
    const { read } = boot();
    expect([read('mounts'), read('self/mountinfo').split('\n')[1]]).toEqual([
      'ramfs / ramfs rw 0 0\nproc /proc proc rw 0 0\n',
      '2 1 0:2 / /proc rw - proc proc rw',
    ]);
  });

  it('shows the CPU that CPUID shows', () => {
    const { read } = boot();
    expect(read('cpuinfo')).toMatch(/^processor\t: 0\nvendor_id\t: \w{12}\ncpu family\t: 6\n/);
    expect(read('cpuinfo')).toMatch(/\nflags\t\t: fpu .*\bsse4_2\b/);
  });

  it('has every file that it lists', () => {
    const { names, read } = boot();
    const broken = ['', 'self', 'sys/kernel', 'sys/vm', 'sys/fs', 'sys/kernel/random'].flatMap((directory) =>
      names(directory)
        .filter(
          (name) => !/^(\d+|self|thread-self|fd|fdinfo|task|sys|exe|cwd|root|mem|kernel|vm|fs|random)$/.test(name),
        )
        .filter((name) => typeof read(`${directory}/${name}`) !== 'string'),
    );
    expect(broken).toEqual([]);
  });
});

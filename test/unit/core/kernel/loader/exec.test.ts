import { describe, expect, it } from 'vitest';
import * as auxv from '../../../../../core/kernel/abi/auxv.ts';
import { E2BIG, EACCES, ELIBBAD, ELOOP, ENOENT, ENOEXEC } from '../../../../../core/kernel/abi/errno.ts';
import { AT_EMPTY_PATH, O_CREAT, O_RDWR } from '../../../../../core/kernel/abi/fcntl.ts';
import { type ExecRequest, type ExecResult, execProgram } from '../../../../../core/kernel/loader/exec.ts';
import { findProgram } from '../../../../../core/kernel/loader/find-program.ts';
import { makeDirectory, makeSymlink } from '../../../../../core/kernel/vfs/modify.ts';
import { openPath } from '../../../../../core/kernel/vfs/open.ts';
import { RSP } from '../../../../../core/vcpu/state.ts';
import { elfImage } from '../../../../support/elf-image.ts';
import { TestGuest } from '../../../../support/guest-kernel.ts';

const here = -100;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

class ExecGuest extends TestGuest {
  add(path: string, content: Uint8Array, mode = 0o755): void {
    const file = openPath(this.task, here, path, O_RDWR | O_CREAT, mode);
    file.write(content, 0);
    file.drop();
  }
  exec(path: string, argv: readonly string[] = [path], envp: readonly string[] = []): ExecResult {
    return this.run({ path, argv, envp });
  }
  run(request: ExecRequest): ExecResult {
    return execProgram(this.task, request);
  }
  message(path: string): string {
    const result = this.exec(path);
    return result.ok ? 'ok' : `${result.errno} ${result.message}`;
  }
  get stackPointer(): number {
    return this.task.vcpu.gprNumber(RSP);
  }
  word(gva: number): number {
    return this.task.memory.getLong(gva);
  }
  strings(from: number): { list: string[]; next: number } {
    const list: string[] = [];
    let at = from;
    for (; this.word(at) !== 0; at += 8) list.push(this.task.memory.readCString(this.word(at))!);
    return { list, next: at + 8 };
  }
  /** What the stack holds at the first instruction. */
  stack(): { argv: string[]; envp: string[]; auxv: Map<number, number> } {
    const sp = this.stackPointer;
    const argv = this.strings(sp + 8);
    const envp = this.strings(argv.next);
    const pairs = new Map<number, number>();
    let at = envp.next;
    for (; this.word(at) !== 0; at += 16) pairs.set(this.word(at), this.word(at + 8));
    expect(this.word(sp)).toBe(argv.list.length);
    return { argv: argv.list, envp: envp.list, auxv: pairs };
  }
  maps(): string[] {
    return [...this.process.mm.vmas].map(
      (vma) => `${vma.start.toString(16)}-${vma.end.toString(16)} ${vma.prot} ${vma.pathname}`,
    );
  }
}

const staticPie = elfImage();
const dynamic = elfImage({
  segments: [
    { address: 0, fileSize: 0x1000 },
    { type: 3, address: 0, offset: 0x400, fileSize: 7 },
  ],
  content: { 1024: '/ld.so\0' },
});
const fixed = elfImage({
  type: 2,
  size: 0x1100,
  entry: 0x40_0200,
  segments: [
    { address: 0x40_0000, fileSize: 0x1000 },
    { address: 0x40_2000, offset: 0x1000, fileSize: 0x100, memSize: 0x3000, flags: 6 },
  ],
  content: { 4096: Array(256).fill(7) },
});

describe('execProgram', () => {
  it('builds the stack as Linux does', () => {
    const guest = new ExecGuest();
    guest.add('/app', staticPie);
    expect(guest.exec('/app', ['app', 'x', 'yy'], ['A=1', 'BB=22'])).toEqual({ ok: true });
    const { argv, envp, auxv: pairs } = guest.stack();
    const at = (key: number): number => pairs.get(key)!;
    const top = guest.process.mm.stackTop;
    expect({ argv, envp, keys: [...pairs.keys()] }).toEqual({
      argv: ['app', 'x', 'yy'],
      envp: ['A=1', 'BB=22'],
      keys: [33, 51, 16, 6, 17, 3, 4, 5, 7, 8, 9, 11, 12, 13, 14, 23, 26, 25, 31, 15, 27, 28],
    });
    expect({
      alignment: guest.stackPointer % 16,
      path: [top - 8 - at(auxv.AT_EXECFN), guest.task.memory.readCString(at(auxv.AT_EXECFN))],
      platform: guest.task.memory.readCString(at(auxv.AT_PLATFORM)),
      random: at(auxv.AT_PLATFORM) - at(auxv.AT_RANDOM),
      phdr: at(auxv.AT_PHDR),
      entry: [at(auxv.AT_ENTRY), guest.task.vcpu.rip],
      base: at(auxv.AT_BASE),
      vdso: guest.text(at(auxv.AT_SYSINFO_EHDR), 4),
    }).toEqual({
      alignment: 0,
      path: [5, '/app'],
      platform: 'x86_64',
      random: 16,
      phdr: 0x1000_0040,
      entry: [0x1000_0200, 0x1000_0200],
      base: 0,
      vdso: '\x7fELF',
    });
    expect(guest.messages).toEqual([
      'appelfloader: ELF program loaded to 0x10000000-0x10001000 (4096 B), entry at 0x10000200',
    ]);
  });

  it('loads a non-PIE program at its address, with zeroed bss', () => {
    const guest = new ExecGuest();
    guest.add('/app', fixed);
    guest.exec('/app');
    const { memory } = guest.task;
    expect([memory.getU8(0x40_20ff), memory.getU8(0x40_2100), memory.getU8(0x40_4fff)]).toEqual([7, 0, 0]);
    expect(guest.maps().slice(0, 3)).toEqual(['400000-401000 5 /app', '402000-403000 3 /app', '403000-405000 3 ']);
    expect(guest.process.mm.brkStart).toBe(0x40_5000);
  });

  it('loads the interpreter beside a dynamic program and starts there', () => {
    const guest = new ExecGuest();
    guest.add('/app', dynamic);
    guest.add('/ld.so', elfImage({ entry: 0x300 }));
    guest.exec('/app');
    const { auxv: pairs } = guest.stack();
    const base = pairs.get(auxv.AT_BASE)!;
    expect([guest.task.vcpu.rip - base, pairs.get(auxv.AT_ENTRY), base >= guest.process.mm.mmapBase]).toEqual([
      0x300,
      0x40_0200,
      true,
    ]);
  });

  it('runs an image that is in no file system', () => {
    const guest = new ExecGuest();
    const result = guest.run({ path: 'initrd', argv: ['app'], envp: [], image: staticPie });
    expect([result.ok, guest.process.executable, guest.stack().argv]).toEqual([true, '/initrd', ['app']]);
  });

  it('follows #! lines, nested ones too', () => {
    const guest = new ExecGuest();
    guest.add('/app', staticPie);
    guest.add('/outer', text('#!/inner -o  \n'));
    guest.add('/inner', text('#! /app -i\n'));
    guest.exec('/outer', ['called', 'arg']);
    expect([guest.stack().argv, guest.process.executable, guest.task.comm]).toEqual([
      ['/app', '-i', '/inner', '-o', '/outer', 'arg'],
      '/app',
      'outer',
    ]);
    guest.add('/loop', text('#!/loop\n'));
    expect(guest.message('/loop').split(' ')[0]).toBe(String(ELOOP));
  });

  it('replaces the old program: memory, close-on-exec descriptors, signal handlers', () => {
    const guest = new ExecGuest();
    guest.add('/app', staticPie);
    const { process, task } = guest;
    const fd = process.fds.install(openPath(task, here, '/app', 0), true);
    const kept = process.fds.install(openPath(task, here, '/app', 0));
    process.signals.actions[2]!.handler = 0x1234;
    task.signals.setMask(4, 0);
    guest.exec('/app', []);
    expect([process.fds.getAny(fd), process.fds.getAny(kept) === undefined]).toEqual([undefined, false]);
    expect([process.signals.actions[2]!.handler, task.signals.mask.lo, guest.stack().argv]).toEqual([0, 4, ['']]);
    expect(guest.maps().map((line) => line.split(' ').slice(1).join(' '))).toEqual(['5 /app', '3 [stack]', '5 [vdso]']);
  });

  it('takes set-user-ID bits and says so', () => {
    const guest = new ExecGuest();
    guest.add('/app', staticPie, 0o4755);
    guest.process.credentials.setAll(1000, 1000);
    guest.exec('/app');
    const { auxv: pairs } = guest.stack();
    expect([pairs.get(auxv.AT_UID), pairs.get(auxv.AT_EUID), pairs.get(auxv.AT_SECURE)]).toEqual([1000, 0, 1]);
  });

  it('names a program given by descriptor as /dev/fd', () => {
    const guest = new ExecGuest();
    guest.add('/app', staticPie);
    const dirFd = guest.process.fds.install(openPath(guest.task, here, '/app', 0));
    guest.run({ dirFd, path: '', atFlags: AT_EMPTY_PATH, argv: ['a'], envp: [] });
    const path = guest.stack().auxv.get(auxv.AT_EXECFN)!;
    expect(guest.task.memory.readCString(path)).toBe(`/dev/fd/${dirFd}`);
  });

  it('leaves the old program alone when the new one can not be run', () => {
    const guest = new ExecGuest();
    guest.add('/plain', staticPie, 0o644);
    guest.add('/text', text('echo hello\n'));
    guest.add('/dynamic', dynamic);
    guest.add('/arm', elfImage({ machine: 183 }));
    makeDirectory(guest.task, here, '/dir', 0o755);
    makeSymlink(guest.task, '/nowhere', here, '/link');
    const before = guest.maps();
    const missing = guest.message('/dynamic');
    guest.add('/ld.so', text('not a loader'));
    expect([
      guest.message('/plain'),
      guest.message('/text'),
      missing,
      guest.message('/dynamic'),
      guest.message('/arm'),
      guest.message('/dir'),
      guest.message('/link'),
    ]).toEqual([
      `${EACCES} /plain may not be executed: it lacks the execute permission (chmod +x), or a directory can not be searched`,
      `${ENOEXEC} /text is not an ELF file (it starts with 65 63 68 6f)`,
      `${ENOENT} /ld.so, which /dynamic needs as its dynamic loader, does not exist in the root file system`,
      `${ELIBBAD} /ld.so, which /dynamic needs as its dynamic loader, is not an ELF file (it starts with 6e 6f 74 20)`,
      `${ENOEXEC} /arm is built for AArch64 (ARM 64-bit); only x86-64 programs run here`,
      `${EACCES} /dir is a directory, not a program`,
      `${ENOENT} /link does not exist in the root file system`,
    ]);
    expect(guest.maps()).toEqual(before);
  });

  it('limits arguments', () => {
    const guest = new ExecGuest();
    guest.add('/app', staticPie);
    const one = guest.exec('/app', ['x'.repeat(131072)]);
    const all = guest.exec('/app', Array(30).fill('x'.repeat(100_000)));
    const fits = guest.exec('/app', Array(15).fill('x'.repeat(100_000)));
    expect([one, all, fits].map((result) => (result.ok ? 0 : result.errno))).toEqual([E2BIG, E2BIG, 0]);
  });
});

describe('findProgram', () => {
  it('walks PATH', () => {
    const guest = new ExecGuest();
    makeDirectory(guest.task, here, '/a', 0o755);
    makeDirectory(guest.task, here, '/b', 0o755);
    guest.add('/a/app', staticPie, 0o644);
    guest.add('/b/app', staticPie);
    expect([
      findProgram(guest.task, 'app', '/none:/a:/b/'),
      findProgram(guest.task, './x', '/b'),
      findProgram(guest.task, 'app', '/a'),
      findProgram(guest.task, 'nothing', '/a:/b'),
    ]).toEqual([
      { ok: true, path: '/b/app' },
      { ok: true, path: './x' },
      { ok: false, errno: EACCES, message: 'app: found in PATH, but it may not be executed' },
      { ok: false, errno: ENOENT, message: 'no such program: nothing (not in PATH: /a:/b)' },
    ]);
  });
});

/** The command from end to end: examples, host programs, pipes, and one line with its own exit status for each mistake. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findExample } from '../../core/host/examples.ts';
import { RELEASE } from '../../core/machine/release.ts';
import { elfdeck, startElfdeck } from '../support/elfdeck.ts';
import { requireTool } from '../support/tools.ts';

const directory = mkdtempSync(join(tmpdir(), 'elfdeck-'));
const rootfs = join(directory, 'root');
const program = (name: string): string => join(rootfs, 'bin', name);

beforeAll(() => {
  mkdirSync(join(rootfs, 'bin'), { recursive: true });
  mkdirSync(join(rootfs, 'work'));
  for (const name of ['hello', 'tour', 'calc']) copyFileSync(findExample(name)!, program(name));
  const elf = readFileSync(program('hello'));
  const put = (name: string, bytes: Uint8Array | string, mode = 0o755): void => {
    writeFileSync(program(name), bytes);
    chmodSync(program(name), mode);
  };
  const changed = (bytes: Record<number, number>): Uint8Array => Object.assign(Uint8Array.from(elf), bytes);
  put('locked', elf, 0o644);
  put('short', elf.subarray(0, 3000));
  put('text', 'no program\n');
  put('script', '#!/missing\n');
  put('arm', changed({ 18: 183 }));
  put('i386', changed({ 4: 1, 18: 3 }));
});
afterAll(() => rmSync(directory, { recursive: true }));

const inRoot = (...words: string[]): string[] => ['run', '-q', '-r', `${rootfs}:ro`, ...words];

describe('elfdeck run', () => {
  it('runs the built-in hello world after a banner', () => {
    const { status, stdout, stderr } = elfdeck(['run', 'hello']);
    expect([status, stdout]).toEqual([0, 'Hello from an unmodified x86_64 program on Linux!\n']);
    expect(stderr).toMatch(/^Powered by\n[\s\S]*\d+\.\d+\.\d+\n$/);
  });

  it('gives a program its arguments, environment, directory and files', () => {
    const words = ['-e', 'A=1', '-e', 'A=two words', '-a', 'env.vars=[ B=3 ]', '-w', '/work', 'tour', '-x', 'a b'];
    const { status, stdout } = elfdeck(inRoot(...words));
    expect(status).toBe(0);
    expect(stdout).toContain('argv[0] = tour\nargv[1] = -x\nargv[2] = a b\n');
    expect(stdout).toMatch(/HOME=\/\nB=3\nA=two words\nPWD=\/work\n/);
    expect(stdout).toContain('working directory /work\nstandard input is not a terminal\n');
  });

  it('takes the whole kernel command line', () => {
    const { stdout } = elfdeck(['run', '-q', '-r', rootfs, '--append', `env.vars=[ "X=a b" ] -- /bin/tour 'c d'`]);
    expect(stdout).toContain('argv[1] = c d\n');
    expect(stdout).toContain('X=a b\n');
  });

  it('pipes standard input and output', () => {
    expect(elfdeck(['run', '-q', 'calc'], '2+3\n(1+2)*3\n')).toEqual({ status: 0, stdout: '5\n9\n', stderr: '' });
  });

  it.each(['folder', 'ELF file'])('boots an initrd that is a %s', (kind) => {
    const words = kind === 'folder' ? ['-i', rootfs, '/bin/hello'] : ['-i', program('hello')];
    expect(elfdeck(['run', '-q', ...words])).toMatchObject({ status: 0, stdout: expect.stringContaining('Hello') });
  });

  it('shows system calls, all or some, as text or JSON', () => {
    expect(elfdeck(inRoot('--strace', 'hello')).stderr).toMatch(/^execve|^arch_prctl\(/);
    const { stderr } = elfdeck(inRoot('--strace=uname', 'hello'));
    expect(stderr).toMatch(/^uname\(.*\) = OK\n$/);
    const line = JSON.parse(elfdeck(inRoot('--strace=uname', '-o', 'json', 'hello')).stderr);
    expect(line).toMatchObject({ name: 'uname', nr: 63, result: 0 });
  });

  it('prints figures on demand', () => {
    const figures = JSON.parse(elfdeck(inRoot('--stats', 'hello')).stderr);
    expect(figures).toMatchObject({ syscalls: { exit_group: 1, uname: 1 } });
    expect(elfdeck(inRoot('--missing', 'hello')).stderr).toBe('missing system calls: none\n');
  });

  it('passes the signal of a terminal that is gone on to the program', async () => {
    const running = startElfdeck(['run', '-q', 'calc']);
    const exit = once(running, 'exit');
    running.stdin!.write('1+1\n');
    await once(running.stdout!, 'data');
    running.kill('SIGHUP');
    expect(await exit).toEqual([128 + constants.signals.SIGHUP, null]);
  });

  it.each([
    ['standard output', inRoot('hello'), 1],
    ['standard output', ['images'], 1],
    ['/dev/full', inRoot('--strace', '--strace-output', '/dev/full', 'hello'), 2],
  ])('fails when %s takes nothing, with %j', (what, words, fd) => {
    if (!existsSync('/dev/full')) return;
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = elfdeck(words, '', fd === 1 ? { stdout: full } : {});
    closeSync(full);
    expect([status, stderr]).toEqual([74, `elfdeck: cannot write ${what}: no space left on device\n`]);
  });

  it('ends quietly when nobody reads what it says', async () => {
    const running = startElfdeck(inRoot('--stats', '--strace', 'hello'));
    running.stderr!.destroy();
    expect(await once(running, 'exit')).toEqual([0, null]);
  });

  it.each<[number, string[], RegExp]>([
    [64, ['run'], /no program to run/],
    [64, ['run', '--bogus', 'x'], /unknown option '--bogus'/],
    [80, inRoot('-k', 'nothing', 'hello'), /no image "nothing"/],
    [74, inRoot('--strace-output', '/nowhere/x', '--strace', 'hello'), /cannot write \/nowhere\/x: no such file/],
    [82, inRoot('-a', 'netdev.ip=1.2.3/24', 'hello'), /position 10 of "netdev.ip=1.2.3\/24"/],
    [82, inRoot('--append', 'x=1 -- hello'), /position 0 .*there is no parameter "x"/],
    [83, inRoot('-m', '1M', 'hello'), /memory size of 1M is out of range/],
    [85, ['run', '-r', '/nowhere', 'x'], /does not exist/],
    [100, inRoot('text'), /text is not an ELF file/],
    [101, inRoot('arm'), /built for AArch64/],
    [101, inRoot('i386'), /only x86-64 programs run here/],
    [102, inRoot('short'), /truncated ELF file/],
    [103, inRoot('script'), /\/missing, the interpreter in the #! line/],
    [126, inRoot('locked'), /may not be executed/],
    [127, inRoot('nothing'), /no such program: nothing \(not in PATH: .*\)/],
    [127, inRoot('/bin/nothing'), /\/bin\/nothing does not exist/],
  ])('ends with %i after %j', (expected, words, message) => {
    // With the banner of machines that come up.
    const { status, stdout, stderr } = elfdeck(words.filter((word) => word !== '-q'));
    expect([status, stdout]).toEqual([expected, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^elfdeck: [^\n]*\n$/);
  });
});

describe('elfdeck with programs of this computer', () => {
  it('runs a dynamic program that sees only itself and its libraries', (context) => {
    requireTool(context, 'gcc');
    const source = join(directory, 'main.c');
    const binary = join(directory, 'main');
    writeFileSync(
      source,
      '#include <stdio.h>\nint main(void) { puts(fopen("/etc/passwd", "r") ? "open" : "shut"); return 3; }\n',
    );
    expect(spawnSync('gcc', ['-o', binary, source]).status).toBe(0);
    expect(elfdeck(['run', '-q', binary])).toEqual({ status: 3, stdout: 'shut\n', stderr: '' });
    expect(elfdeck(['run', '-q', '-r', '/:ro', binary])).toEqual({ status: 3, stdout: 'open\n', stderr: '' });
  });

  it('fills a folder with a program and its libraries', (context) => {
    requireTool(context, 'gcc');
    const made = join(directory, 'made');
    expect(elfdeck(['rootfs', 'make', made, '/bin/echo']).status).toBe(0);
    expect(elfdeck(['run', '-q', '-r', made, '/bin/echo', 'hi'])).toEqual({ status: 0, stdout: 'hi\n', stderr: '' });
  });
});

describe('other commands', () => {
  it('profile a program by function', () => {
    const { stderr, status } = elfdeck(['profile', '--quiet', findExample('tour')!]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/share +instructions +function|too short for a sample/);
    expect(elfdeck(['profile', '--quiet', '--strace', findExample('hello')!]).stderr).toMatch(/^write\(|^writev\(/m);
    const lost = elfdeck(['run', '--quiet', '--profile-output', '/no-such-folder/x', findExample('tour')!]);
    expect(lost.stderr).toContain('cannot write /no-such-folder/x');
    expect(lost.status).toBe(74);
  });

  it("accept the options of Unikraft's scripts", () => {
    expect(elfdeck(['run.sh', '-r', rootfs, '-k', 'app-elfloader_qemu-x86_64_plain', '/bin/hello']).stdout).toContain(
      'Hello',
    );
    expect(elfdeck(['run.sh', '-d', '-r', rootfs, '', '/bin/hello']).stdout).toContain('Hello');
    const tour = relative('.', findExample('tour')!);
    for (const words of [
      ['-i', '-r', rootfs, tour, 'x'],
      ['-r', rootfs, tour, 'x'],
    ]) {
      const { stdout } = elfdeck(['run.sh', '-k', 'app-elfloader_qemu-x86_64_plain', ...words]);
      expect(stdout).toContain('argv[0] = tour\nargv[1] = x\n');
    }
    expect(elfdeck(['qemu-guest', '-k', 'qemu-x86_64-9pfs', '-e', rootfs, '-a', '-- /bin/hello', '-D']).stdout).toBe(
      `elfdeck run -k qemu-x86_64-9pfs -r ${rootfs} -m 64 --append "-- /bin/hello"\n`,
    );
    expect(elfdeck(['qemu-guest', '-k', 'qemu-x86_64-9pfs', '-e', rootfs, '-a', '-- /bin/hello']).stdout).toContain(
      'Hello',
    );
  });

  it('print the version', () => {
    expect(elfdeck(['--version'])).toEqual({ status: 0, stdout: `elfdeck ${RELEASE}\n`, stderr: '' });
  });

  it('list images, options and system calls', () => {
    expect(elfdeck(['images']).stdout).toMatch(/^qemu-x86_64-9pfs +root from a host folder$/m);
    expect(elfdeck(['images', 'show', 'qemu-x86_64-initrd-strace']).stdout).toMatch(/^strace +on$/m);
    expect(elfdeck(['syscalls']).stdout).toMatch(/^ {2}1 {2}write +posix-fdio +full$/m);
  });
});

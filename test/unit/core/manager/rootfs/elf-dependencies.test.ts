import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elfClosure } from '../../../../../core/manager/rootfs/elf-dependencies.ts';
import { makeRootfs } from '../../../../../core/manager/rootfs/rootfs-maker.ts';
import { findTool, requireTool } from '../../../../support/tools.ts';

const directory = mkdtempSync(join(tmpdir(), 'elfdeck-'));
const lib = join(directory, 'lib');
const program = join(directory, 'program');

beforeAll(() => {
  if (findTool('gcc') === undefined) return;
  mkdirSync(lib);
  const compile = (...args: string[]): void => {
    execFileSync('gcc', args, { cwd: directory });
  };
  writeFileSync(join(directory, 'b.c'), 'int b(void) { return 2; }');
  writeFileSync(join(directory, 'a.c'), 'int b(void); int a(void) { return b(); }');
  writeFileSync(join(directory, 'main.c'), 'int a(void); int main(void) { return a(); }');
  compile('-shared', '-fPIC', '-o', 'lib/libb.so', 'b.c');
  compile('-shared', '-fPIC', '-o', 'lib/liba.so', 'a.c', '-Llib', '-lb', '-Wl,-rpath,$ORIGIN');
  compile('-o', 'program', 'main.c', '-Llib', '-la', '-Wl,-rpath,$ORIGIN/lib', '-Wl,-rpath-link,lib');
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('ELF dependencies', () => {
  it('are found through RUNPATH, $ORIGIN and the default directories', (context) => {
    requireTool(context, 'gcc');
    const { files, interpreter } = elfClosure(program);
    expect(interpreter).toBe('/lib64/ld-linux-x86-64.so.2');
    expect(files.map((file) => file.replace(directory, ''))).toEqual(
      expect.arrayContaining(['/program', '/lib/liba.so', '/lib/libb.so', '/lib64/ld-linux-x86-64.so.2']),
    );
    expect(files.some((file) => file.endsWith('/libc.so.6'))).toBe(true);
  });

  it('of a musl program are its loader, which is its C library, and what musl would find', (context) => {
    requireTool(context, 'musl-gcc');
    const options = { cwd: directory };
    execFileSync('musl-gcc', ['-o', 'musl', 'main.c', '-Llib', '-la', '-Wl,-rpath,$ORIGIN/lib'], options);
    const { files, interpreter } = elfClosure(join(directory, 'musl'));
    expect(interpreter).toMatch(/^\/lib\/ld-musl-/);
    expect(new Set(files)).toEqual(new Set([join(directory, 'musl'), interpreter, `${lib}/liba.so`, `${lib}/libb.so`]));
  });

  it('of a script are its interpreter and what that needs', (context) => {
    requireTool(context, 'gcc');
    const script = join(directory, 'script');
    writeFileSync(script, `#! ${program} -x\n`);
    expect(elfClosure(script)).toEqual({ ...elfClosure(program), files: [script, ...elfClosure(program).files] });
    writeFileSync(script, '#!/no/such/interpreter\n');
    expect(() => elfClosure(script)).toThrow(
      expect.objectContaining({ code: 'elf.interpreter-missing', message: expect.stringContaining('/no/such/') }),
    );
  });

  it('name the missing library and where it was searched', (context) => {
    requireTool(context, 'gcc');
    execFileSync('gcc', ['-o', join(directory, 'lost'), 'main.c', '-Llib', '-la', '-Wl,-rpath-link,lib'], {
      cwd: directory,
    });
    expect(() => elfClosure(join(directory, 'lost'))).toThrow(
      expect.objectContaining({
        code: 'elf.library-missing',
        message: expect.stringMatching(/liba\.so.*searched: .*\/usr\/lib/),
      }),
    );
  });

  it('make a root file system that keeps paths and links', (context) => {
    requireTool(context, 'gcc');
    const root = join(directory, 'root');
    makeRootfs(root, [program]);
    expect([program, `${lib}/libb.so`, '/tmp'].map((path) => existsSync(join(root, path)))).toEqual([true, true, true]);
    expect(readlinkSync(join(root, '/lib64/ld-linux-x86-64.so.2'))).toBe(readlinkSync('/lib64/ld-linux-x86-64.so.2'));
  });
});

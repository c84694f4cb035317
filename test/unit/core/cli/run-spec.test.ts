import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { getopts } from '../../../../core/cli/getopts.ts';
import { parseMemory, parseRootfs, type RunOptions, specFrom } from '../../../../core/cli/run-spec.ts';
import { VmError } from '../../../../core/contract/errors.ts';

const directory = mkdtempSync(join(tmpdir(), 'elfdeck-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'text');
writeFileSync(file, 'no program\n', { mode: 0o755 });
// Smallest headers that name another machine.
const arm = join(directory, 'arm');
writeFileSync(arm, new Uint8Array(64).fill(0), { mode: 0o755 });
const header = Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 183, 0]);
writeFileSync(arm, Buffer.concat([header, new Uint8Array(44)]));

function codeOf(options: RunOptions, words: string[]): string {
  try {
    specFrom(options, words);
    return 'ok';
  } catch (error) {
    if (error instanceof VmError) return error.code;
    throw error;
  }
}

describe('elfdeck run', () => {
  it('reads memory sizes', () => {
    expect(['512M', '2G', '64', '1.5g', '65536K', '64MiB'].map(parseMemory)).toEqual([512, 2048, 64, 1536, 64, 64]);
  });

  it('reads the root file system and its mode', () => {
    expect(
      [directory, `${directory}:ro`, `${directory}:overlay`, `${directory}:/`].map((text) => parseRootfs(text)),
    ).toEqual(['rw', 'ro', 'overlay', 'rw'].map((mode) => ({ kind: 'folder', path: directory, mode })));
  });

  it('shows a built-in example in a root of its own', () => {
    const spec = specFrom({}, ['hello', 'x']);
    expect([spec.program, spec.rootfs?.kind]).toEqual([['/bin/hello', 'x'], 'files']);
  });

  it.each<[string, RunOptions, string[]]>([
    ['memory.out-of-range', { memory: '4M' }, ['hello']],
    ['memory.out-of-range', { memory: 'lots' }, ['hello']],
    ['rootfs.not-found', { rootfs: '/nowhere' }, ['x']],
    ['rootfs.not-directory', { rootfs: file }, ['x']],
    ['cli.usage', { rootfs: `${directory}:overly` }, ['x']],
    ['initrd.not-found', { initrd: '/nowhere' }, ['x']],
    ['volume.unusable', { volume: ['/nowhere'] }, ['hello']],
    ['volume.unusable', { volume: ['/nowhere:/x'] }, ['hello']],
    ['volume.unusable', { volume: [`${file}:/x`] }, ['hello']],
    ['cpu.unknown', { cpu: 'z80' }, ['hello']],
    ['cli.usage', { env: ['=x'] }, ['hello']],
    ['program.not-found', {}, ['/nowhere']],
    ['program.not-found', {}, ['no-such-program-anywhere']],
    ['program.not-executable', {}, [directory]],
    ['elf.not-elf', {}, [file]],
    ['elf.wrong-architecture', {}, [arm]],
  ])('answers %s to %j %j', (code, options, words) => {
    expect(codeOf(options, words)).toBe(code);
  });

  it('reads options as getopts does', () => {
    expect(getopts('x', 'ab:c', ['-ac', '-bone', '-b', 'two', '--', '-a'])).toEqual({
      options: [
        { letter: 'a', value: '' },
        { letter: 'c', value: '' },
        { letter: 'b', value: 'one' },
        { letter: 'b', value: 'two' },
      ],
      rest: ['-a'],
    });
    expect(() => getopts('x', 'a', ['-z'])).toThrow('there is no option -z');
  });
});

/** Instances of tiny programs made of a few machine instructions, for tests of the life cycle. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type VmSpec, vmSpec } from '../../core/contract/vm-spec.ts';
import { Instance } from '../../core/manager/instance.ts';
import { elfImage } from './elf-image.ts';

const CODE = 0x200;

/** Machine code of small programs. */
export const programs = {
  /** exit_group(7) */
  exit7: [0xbf, 7, 0, 0, 0, 0xb8, 231, 0, 0, 0, 0x0f, 0x05],
  /** jmp to itself */
  spin: [0xeb, 0xfe],
  /** ud2 */
  illegal: [0x0f, 0x0b],
  /** pause(), then again */
  sleep: [0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7],
  /** Copies stdin to stdout, 64 bytes at a time on the stack, until the end; then exit_group(0). */
  copy: [
    ...[0x48, 0x83, 0xec, 0x40], // sub rsp, 64
    ...[0x31, 0xff, 0x48, 0x89, 0xe6, 0xba, 64, 0, 0, 0, 0x31, 0xc0, 0x0f, 0x05], // read(0, rsp, 64)
    ...[0x48, 0x85, 0xc0, 0x7e, 0x11], // if rax <= 0 goto end
    ...[0x89, 0xc2, 0xbf, 1, 0, 0, 0, 0xb8, 1, 0, 0, 0, 0x0f, 0x05], // write(1, rsp, rax)
    ...[0xeb, 0xdd, 0x90], // again
    ...[0x31, 0xff, 0xb8, 231, 0, 0, 0, 0x0f, 0x05], // end: exit_group(0)
  ],
} as const;

/** A folder with one program as an initrd each; `remove` deletes it. */
export function programFolder(): { path: (name: keyof typeof programs) => string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'elfdeck-'));
  return {
    path(name) {
      const path = join(directory, name);
      writeFileSync(path, elfImage({ entry: CODE, content: { [CODE]: programs[name] } }));
      return path;
    },
    remove: () => rmSync(directory, { recursive: true }),
  };
}

/** An instance that gathers its output: `output[1]` is stdout, 2 stderr, 3 the kernel console, 4 strace. */
export function quietInstance(initrd: string, given: Partial<VmSpec> = {}) {
  const output: Record<number, string> = { 1: '', 2: '', 3: '', 4: '' };
  const spec = vmSpec({ initrd, image: 'qemu-x86_64-initrd', memoryMiB: 64, isQuiet: true, program: [], ...given });
  const instance = new Instance(spec, (stream, bytes) => {
    output[stream] += Buffer.from(bytes).toString('latin1');
  });
  return { instance, output };
}

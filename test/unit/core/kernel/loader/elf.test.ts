import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseElf } from '../../../../../core/kernel/loader/elf.ts';
import { bytesProgram } from '../../../../../core/kernel/loader/program-file.ts';
import { elfImage, type ImageOptions } from '../../../../support/elf-image.ts';
import { requireTool } from '../../../../support/tools.ts';

const parse = (bytes: Uint8Array) => parseElf(bytesProgram(bytes, 'test'));

function refusal(bytes: Uint8Array): string {
  const result = parse(bytes);
  return result.ok ? 'accepted' : `${result.error.kind}: ${result.error.message}`;
}

const segment = { address: 0, fileSize: 0x1000 };

describe('parseElf', () => {
  it('reads what the loader needs', () => {
    const result = parse(
      elfImage({
        size: 0x3000,
        entry: 0x1200,
        segments: [
          { address: 0, fileSize: 0x1800, flags: 5 },
          { address: 0x3800, offset: 0x1800, fileSize: 0x800, memSize: 0x4000, flags: 6, align: 0x20_0000 },
          { type: 3, address: 0, offset: 0x400, fileSize: 8 },
          { type: 2, address: 0x3800 },
          { type: 0x6474e551, address: 0, flags: 7 },
        ],
        content: { 1024: '/lib/ld\0' },
      }),
    );
    expect(result).toEqual({
      ok: true,
      elf: {
        isDynamic: true,
        isFixed: false,
        entry: 0x1200,
        segments: [
          { offset: 0, address: 0, fileSize: 0x1800, memSize: 0x1800, prot: 5 },
          { offset: 0x1800, address: 0x3800, fileSize: 0x800, memSize: 0x4000, prot: 3 },
        ],
        start: 0,
        end: 0x8000,
        align: 0x20_0000,
        interpreter: '/lib/ld',
        hasExecutableStack: true,
        headersAddress: 64,
        headerCount: 5,
      },
    });
  });

  const hostile: [name: string, bytes: Uint8Array | ImageOptions, message: string][] = [
    ['an empty file', new Uint8Array(0), 'not-elf: is empty'],
    ['text', new TextEncoder().encode('hello'), 'not-elf: is not an ELF file (it starts with 68 65 6c 6c)'],
    ['a header cut short', elfImage().subarray(0, 40), 'truncated: '],
    ['program headers cut short', elfImage().subarray(0, 100), 'truncated: '],
    ['a segment cut short', elfImage().subarray(0, 0x800), 'truncated: '],
    ['32-bit x86', { elfClass: 1, machine: 3 }, 'wrong-machine: is built for x86 (32-bit); only x86-64'],
    ['AArch64', { machine: 183 }, 'wrong-machine: is built for AArch64 (ARM 64-bit); only x86-64'],
    ['x32', { elfClass: 1 }, 'wrong-class: is a 32-bit (x32)'],
    ['an object file', { type: 1 }, 'wrong-type: is an object file'],
    ['a core dump', { type: 4 }, 'wrong-type: is a core dump'],
    ['odd program headers', { headerSize: 32 }, 'bad-headers: has program headers of 32 bytes'],
    ['no program headers', { headerCount: 0 }, 'bad-headers: has no program headers'],
    ['too many program headers', { headerCount: 0xffff }, 'bad-headers: has too many program headers'],
    ['program headers beyond the end', { headerOffset: 2 ** 60 }, 'truncated: '],
    ['no segment', { segments: [{ type: 2, address: 0 }] }, 'bad-segments: has no loadable segment'],
    ['more file than memory', { segments: [{ ...segment, memSize: 16 }] }, 'bad-segments: '],
    ['an address beyond the guest', { segments: [{ ...segment, address: 2 ** 47 }] }, 'too-large: '],
    ['a size that wraps', { segments: [{ ...segment, memSize: 2 ** 64 - 4096 }] }, 'too-large: '],
    ['an offset that wraps', { segments: [{ ...segment, offset: 2 ** 64 - 4096 }] }, 'truncated: '],
    ['a fixed segment at 0', { type: 2, segments: [segment] }, 'bad-segments: '],
    ['incongruent offsets', { segments: [{ ...segment, address: 0x800, fileSize: 16 }] }, 'bad-segments: '],
    ['overlapping segments', { segments: [segment, { ...segment, offset: 0, address: 0 }] }, 'bad-segments: '],
    ['an entry outside', { entry: 0x12345 }, 'bad-headers: has its entry point 0x12345 outside'],
    [
      'an endless interpreter name',
      { segments: [segment, { type: 3, address: 0, offset: 0, fileSize: 4 }] },
      'bad-headers: ',
    ],
    ['a huge interpreter name', { segments: [segment, { type: 3, address: 0, fileSize: 2 ** 40 }] }, 'bad-headers: '],
  ];
  for (const [name, input, message] of hostile) {
    it(`refuses ${name}`, () => {
      expect(refusal(input instanceof Uint8Array ? input : elfImage(input)).slice(0, message.length)).toBe(message);
    });
  }

  it('survives every single-byte change of the headers', () => {
    const image = elfImage({
      segments: [segment, { type: 3, address: 0, offset: 0x400, fileSize: 8 }],
      content: { 1024: '/lib/ld\0' },
    });
    for (let at = 0; at < 64 + 2 * 56; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const copy = image.slice();
        copy[at] = value;
        const result = parse(copy);
        if (result.ok) expect(result.elf.end - result.elf.start).toBeGreaterThan(0);
      }
    }
  });

  it('agrees with readelf about a real program', (context) => {
    const readelf = requireTool(context, 'readelf');
    const path = requireTool(context, 'ls');
    const result = parse(readFileSync(path));
    const text = execFileSync(readelf, ['-lW', path], { encoding: 'utf8' });
    const loads = [...text.matchAll(/LOAD +(0x\w+) (0x\w+) 0x\w+ (0x\w+) (0x\w+)/g)].map((row) =>
      row.slice(1).map(Number),
    );
    const [, entry] = /Entry point (0x\w+)/.exec(text)!;
    const [, interpreter] = /interpreter: (.*)\]/.exec(text)!;
    if (!result.ok) throw new Error(result.error.message);
    const { elf } = result;
    expect({
      entry: elf.entry,
      interpreter: elf.interpreter,
      loads: elf.segments.map((row) => [row.offset, row.address, row.fileSize, row.memSize]),
    }).toEqual({ entry: Number(entry), interpreter, loads });
  });
});

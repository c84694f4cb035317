/** Programs of a few machine instructions that the journeys run as ELF files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { elfImage } from '../../support/elf-image.ts';
import { programs } from '../../support/instances.ts';

const CODE = 0x200;
const DATA = 0x1000;
const PIECE = 0x10000;

const imm32 = (value: number): number[] => [
  value & 0xff,
  (value >> 8) & 0xff,
  (value >> 16) & 0xff,
  (value >> 24) & 0xff,
];

/** Writes lines to stdout, `lenBytes` in all, 64 KiB at a time. */
function flood(lenBytes: number): number[] {
  return [
    ...[0x41, 0xbc, ...imm32(lenBytes)], // mov r12d, lenBytes
    ...[0xbf, ...imm32(1)], // again: mov edi, 1
    ...[0x48, 0x8d, 0x35, ...imm32(DATA - CODE - 0x12)], // lea rsi, [DATA]
    ...[0xba, ...imm32(PIECE)], // mov edx, PIECE
    ...[0xb8, ...imm32(1), 0x0f, 0x05], // write
    ...[0x49, 0x29, 0xc4], // sub r12, rax
    ...[0x7f, 0xe3], // jg again
    ...[0x31, 0xff, 0xb8, ...imm32(231), 0x0f, 0x05], // exit_group(0)
  ];
}

/** Writes its own name to the new file of that name, `/made`. */
const MADE = '/made';
const make = [
  ...[0x48, 0x8d, 0x3d, ...imm32(DATA - CODE - 7)], // lea rdi, [DATA]
  ...[0xbe, ...imm32(0x41), 0xba, ...imm32(0o644)], // mov esi, O_CREAT|O_WRONLY; mov edx, 0644
  ...[0xb8, ...imm32(2), 0x0f, 0x05], // open
  ...[0x89, 0xc7, 0x48, 0x8d, 0x35, ...imm32(DATA - CODE - 33)], // mov edi, eax; lea rsi, [DATA]
  ...[0xba, ...imm32(MADE.length), 0xb8, ...imm32(1), 0x0f, 0x05], // write
  ...[0x31, 0xff, 0xb8, ...imm32(231), 0x0f, 0x05], // exit_group(0)
];

/** Writes the program to `folder` and returns its path. */
export function writeProgram(folder: string, name: keyof typeof programs | 'flood' | 'make', floodBytes = 0): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  const code = name === 'flood' ? flood(floodBytes) : name === 'make' ? make : programs[name];
  const line = `${'0123456789'.repeat(7)}abcdefghi\n`;
  const content = {
    [CODE]: code,
    [DATA]: name === 'make' ? `${MADE}\0` : line.repeat(Math.ceil(PIECE / line.length)).slice(0, PIECE),
  };
  writeFileSync(path, elfImage({ entry: CODE, content, size: DATA + PIECE }), { mode: 0o755 });
  return path;
}

/**
 * Compares the disassembler with binutils' objdump over whole programs:
 *
 *     node test/diff/isa/disassembly.ts [FILE...]
 *
 * First random instructions of every row, then whole programs. Lengths must be equal; texts must be equal but for what
 * `normalise` takes out. Prints the disagreements by mnemonic.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeTable } from '../../../core/interp/create.ts';
import { cpuModel } from '../../../core/x86/cpuid.ts';
import { Decoder } from '../../../core/x86/decoder.ts';
import { disassemble } from '../../../core/x86/disassembler.ts';
import { makeCase } from './cases.ts';

/** The instructions of the CPU model that has all. */
const table = decodeTable(cpuModel('max'));

export interface Disagreement {
  bytes: string;
  theirs: string;
  ours: string;
}

export interface Comparison {
  /** Instructions that both know. */
  instructions: number;
  lengths: Disagreement[];
  texts: Disagreement[];
}

/**
 * Takes out what two correct disassemblers may write differently: blanks, symbols, comments, the word for 16 bytes, 0x in
 * front of branch targets, and the sign of displacements from RIP.
 */
export function normalise(text: string): string {
  return text
    .replace(/\s*(#|<|\(\d+ only).*$/, '')
    .replace(/\s+/g, ' ')
    .replace(/\bOWORD PTR/, 'XMMWORD PTR')
    .replace(/^((?:\S+ )*(?:j\w+|call|loop\w*)) 0x/, '$1 ')
    .replace(
      /\[([re]ip)\+0xf{8}([0-9a-f]{8})\]/,
      (_, ip: string, low: string) => `[${ip}-0x${(2 ** 32 - Number.parseInt(low, 16)).toString(16)}]`,
    )
    .trim();
}

/**
 * Where objdump reads what our CPU does not do: lone prefixes in data, 16-bit branches of AMD's CPUs, MPX; and
 * PAUSE with REX.B, which CPUs run as XCHG R8.
 */
const NOT_COMPARED =
  /\(bad\)|^\.byte|^(?:(?:rex|data16|addr32|lock|repn?z|[c-gs]s|es)[.\w]* ?)+$|\b(?:jmp|call|ret)w\b|\bbnd[lscm]|\brex\.\w*B pause/;

function* listing(objdump: string, words: readonly string[]): Generator<{ ip: number; hex: string; text: string }> {
  const { stdout } = spawnSync(objdump, ['-w', '-M', 'intel', ...words], { maxBuffer: 1 << 30, encoding: 'latin1' });
  for (const line of stdout.split('\n')) {
    const [address, hex, text] = line.split('\t');
    if (hex === undefined || text === undefined || NOT_COMPARED.test(text.trim())) continue;
    yield { ip: Number.parseInt(address!, 16), hex: hex.trim(), text: normalise(text) };
  }
}

/** Compares every instruction that objdump finds in the code of a file. */
export function compareFile(objdump: string, file: string): Comparison {
  const decoder = new Decoder(table);
  const result: Comparison = { instructions: 0, lengths: [], texts: [] };
  for (const { ip, hex, text } of listing(objdump, ['-d', file])) compareOne(decoder, ip, hex, text, result);
  return result;
}

/** Room for one instruction and the NOPs behind it, by which objdump finds the next. */
const SLOT = 32;

/** Compares random instructions of every row. */
export function compareRows(objdump: string, folder: string, casesPerRow: number, firstSeed: number): Comparison {
  const decoder = new Decoder(table);
  const result: Comparison = { instructions: 0, lengths: [], texts: [] };
  const { encodings } = table;
  const code = new Uint8Array(encodings.length * casesPerRow * SLOT).fill(0x90);
  encodings.forEach((row, i) => {
    for (let k = 0; k < casesPerRow; k++) {
      code.set(makeCase(row, firstSeed + k, 0).bytes, (i * casesPerRow + k) * SLOT);
    }
  });
  const file = join(folder, 'rows.bin');
  writeFileSync(file, code);
  for (const { ip, hex, text } of listing(objdump, ['-D', '-b', 'binary', '-m', 'i386:x86-64', file])) {
    if (ip % SLOT === 0) compareOne(decoder, ip, hex, text, result);
  }
  return result;
}

function compareOne(decoder: Decoder, ip: number, hex: string, theirs: string, result: Comparison): void {
  const bytes = Uint8Array.from(hex.split(' '), (b) => Number.parseInt(b, 16));
  // objdump joins FWAIT to the instruction that it precedes.
  const skipped = bytes[0] === 0x9b && bytes.length > 1 ? 1 : 0;
  if (decoder.decode(bytes, skipped, bytes.length) === 'unknown') return;
  const { insn } = decoder;
  result.instructions++;
  if (insn.length !== bytes.length - skipped) {
    result.lengths.push({ bytes: hex, theirs, ours: `${insn.length} bytes` });
    return;
  }
  const text = normalise(disassemble(insn, bytes, skipped, ip + skipped));
  const ours = skipped ? text.replace(/^fn/, 'f') : text;
  if (ours !== theirs) result.texts.push({ bytes: hex, theirs, ours });
}

/** Libraries and programs that are compared by default, as far as they are there. */
export const defaultFiles = [
  'libc.so.6',
  'libm.so.6',
  'libcrypto.so.3',
  'libstdc++.so.6',
  'libsqlite3.so.0',
  'libperl.so.5.36',
]
  .map((name) => `/usr/lib/x86_64-linux-gnu/${name}`)
  .concat('/usr/bin/python3', '/usr/bin/perl')
  .filter((file) => existsSync(file));

function report(name: string, { instructions, lengths, texts }: Comparison): void {
  const equal = ((100 * (instructions - texts.length)) / instructions).toFixed(4);
  console.log(`${name}: ${instructions} instructions, ${lengths.length} lengths differ, ${equal} % of texts are equal`);
  for (const d of lengths.slice(0, 10)) console.log(`  ${d.bytes}: ${d.theirs} | ${d.ours}`);
  const byMnemonic = [...Map.groupBy(texts, (d) => d.theirs.split(' ')[0]!)].sort((a, b) => b[1].length - a[1].length);
  for (const [mnemonic, list] of byMnemonic) {
    console.log(`  ${mnemonic}: ${list.length}`);
    for (const d of list.slice(0, 3)) console.log(`    ${d.bytes.padEnd(32)} ${d.theirs} | ${d.ours}`);
  }
}

function main(files: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'elfdeck-disassembly-'));
  report('rows', compareRows('objdump', folder, 20, 1));
  rmSync(folder, { recursive: true });
  for (const file of files) report(file, compareFile('objdump', file));
}

if (import.meta.main) main(process.argv.length > 2 ? process.argv.slice(2) : defaultFiles);

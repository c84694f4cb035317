/**
 * `npm run coverage:isa [-- FILE...]`: which rows the instruction table has, which of them are proven against a real CPU
 * (proven.json, written by prove.ts), and which instructions of real programs have no row. The programs are the given ELF
 * files, by default a few of this machine's libraries; binutils' objdump finds the instructions in them and so also checks
 * the lengths that the decoder gives.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { decodeTable } from '../../../core/interp/create.ts';
import { cpuModel } from '../../../core/x86/cpuid.ts';
import { Decoder } from '../../../core/x86/decoder.ts';
import { encodingName } from '../../../core/x86/notation.ts';

const DEFAULT_FILES = [
  'libc.so.6',
  'libm.so.6',
  'libcrypto.so.3',
  'libstdc++.so.6',
  'libsqlite3.so.0',
  'libperl.so.5.36',
]
  .map((name) => `/usr/lib/x86_64-linux-gnu/${name}`)
  .concat('/usr/bin/python3', '/usr/bin/perl');

interface Wild {
  /** Mnemonic → how often it was met without a row. */
  missing: Map<string, number>;
  /** Lines where the length differs from objdump's. */
  disagreements: string[];
  instructions: number;
}

/** Decodes every instruction that objdump finds in `file`. */
function scan(file: string, wild: Wild): void {
  const decoder = new Decoder(decodeTable(cpuModel('max')));
  const listing = spawnSync('objdump', ['-d', '-w', '-M', 'intel', file], {
    maxBuffer: 1 << 30,
    encoding: 'latin1',
  }).stdout;
  for (const line of listing.split('\n')) {
    const [, hex, text] = line.split('\t');
    if (hex === undefined || text === undefined) continue;
    const bytes = Uint8Array.from(hex.trim().split(' '), (b) => Number.parseInt(b, 16));
    const mnemonic = text
      .replace(/^((rep|repz|repnz|lock|data16|notrack|bnd|cs|ds|es|ss|fs|gs|rex[.\w]*|addr32) )+/, '')
      .split(/\s/)[0]!;
    // objdump joins FWAIT to what follows, and shows prefixes that stand alone in data as instructions.
    const isJoined = bytes[0] === 0x9b && bytes.length > 1;
    if (mnemonic === '(bad)' || mnemonic === '' || mnemonic.startsWith('rex') || isJoined) continue;
    wild.instructions++;
    const failure = decoder.decode(bytes, 0, bytes.length);
    if (failure === 'unknown') wild.missing.set(mnemonic, (wild.missing.get(mnemonic) ?? 0) + 1);
    else if (decoder.insn.length !== bytes.length || failure !== undefined)
      wild.disagreements.push(`${hex.trim()}  ${text}`);
  }
}

function reportRows(): void {
  const proven = JSON.parse(readFileSync(new URL('./proven.json', import.meta.url), 'utf8')) as Record<string, number>;
  const { encodings } = decodeTable(cpuModel('max'));
  const open = encodings.filter((e) => !(encodingName(e) in proven));
  const cases = Object.values(proven).reduce((sum, n) => sum + n, 0);
  console.log(
    `rows            ${encodings.length}, of ${new Set(encodings.map((e) => e.insn.mnemonic)).size} mnemonics`,
  );
  console.log(`proven          ${encodings.length - open.length} rows by ${cases} cases, equal bit for bit`);
  console.log(`not proven      ${open.length} rows:`);
  for (const e of open) {
    const { skip, tolerance } = e.insn.test ?? {};
    console.log(
      `  ${encodingName(e).padEnd(40)} ${skip ?? (tolerance ? `result within a tolerance: ${tolerance}` : 'no cases run yet')}`,
    );
  }
}

function reportWild(files: readonly string[]): void {
  const wild: Wild = { missing: new Map(), disagreements: [], instructions: 0 };
  if (spawnSync('objdump', ['--version']).error) {
    console.log('in the wild     not scanned: objdump (binutils) is not installed');
    return;
  }
  for (const file of files) scan(file, wild);
  console.log(`in the wild     ${wild.instructions} instructions in ${files.length} files`);
  const missing = [...wild.missing].sort((a, b) => b[1] - a[1]);
  const total = missing.reduce((sum, [, n]) => sum + n, 0);
  console.log(`without a row   ${total} instructions, ${missing.length} mnemonics:`);
  for (const [mnemonic, count] of missing) console.log(`  ${mnemonic.padEnd(20)} ${count}`);
  console.log(`length differs  ${wild.disagreements.length}`);
  for (const line of wild.disagreements.slice(0, 20)) console.log(`  ${line}`);
}

const given = process.argv.slice(2);
reportRows();
reportWild(given.length > 0 ? given : DEFAULT_FILES.filter((file) => existsSync(file)));

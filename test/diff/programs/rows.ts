/** The rows of the instruction table as the generator needs them: by kind, by mnemonic, and with what they do to registers. */
import { readFileSync } from 'node:fs';
import { decodeTable } from '../../../core/interp/create.ts';
import { cpuModel } from '../../../core/x86/cpuid.ts';
import type { Encoding } from '../../../core/x86/notation.ts';

/** Kinds of plain instructions: registers and flags, MMX, SSE, VEX vectors, x87. */
export type RowKind = 'integer' | 'mmx' | 'sse' | 'avx' | 'x87';

function kindOf(row: Encoding): RowKind {
  if (row.map === 0 && row.opcode >= 0xd8 && row.opcode <= 0xdf) return 'x87';
  const letters = row.operands.map((o) => o.addressing).join('');
  if (/[PQN]/.test(letters) || row.insn.mnemonic === 'emms') return 'mmx';
  if (row.vex !== 'none' && (/[VWUHL]/.test(letters) || row.insn.mnemonic.startsWith('vzero'))) return 'avx';
  return /[VWU]/.test(letters) ? 'sse' : 'integer';
}

/**
 * Not among the plain instructions: they need a state of their own (units.ts has those that can be had), raise always, or
 * save FP state whose pointers CPUs fill in differently.
 */
const SPECIAL =
  /^(f?n?save|fn?stenv|fldenv|frstor|fldcw|fx.*|ldmxcsr|vldmxcsr|hlt|cli|sti|in|out|ins|outs|rdmsr|wrmsr|rdpmc|clts|invd|wbinvd|popf|pushf|lahf|std)$/;
const SPECIAL_SETUPS = new Set(['divide', 'string', 'stack', 'branch', 'bits', 'doubleShift']);

function isPlain(row: Encoding): boolean {
  const { test, mnemonic } = row.insn;
  if (test?.skip !== undefined || test?.tolerance !== undefined || SPECIAL.test(mnemonic)) return false;
  return test?.setup === undefined || !SPECIAL_SETUPS.has(test.setup);
}

/** What programs consist of for the most part. */
const COMMON = new Set(
  (
    'mov add sub and or xor cmp test adc sbb inc dec neg not lea movzx movsx movsxd xchg imul mul shl shr sar rol ror ' +
    'bswap cdqe cqo sete setne setb setae setl setg seta setbe sets seto setp cmove cmovne cmovb cmovae cmovl cmovge ' +
    'cmova cmovs cmovo cmovp bt bts tzcnt popcnt rcl rcr xadd cmpxchg stc clc cmc'
  ).split(' '),
);

/** Mnemonic → its plain rows. */
type Choice = readonly (readonly Encoding[])[];

export class Rows {
  private readonly byName = new Map<string, Encoding[]>();
  private readonly choices = new Map<RowKind, Choice>();
  /** Plain integer rows of everyday code. */
  readonly common: Choice;

  /** Rows of a CPU model, less those whose feature `lacks` says the real CPU has not. */
  constructor(cpu: string, lacks: (feature: string) => boolean) {
    const all = decodeTable(cpuModel(cpu)).encodings.filter((row) => row.cpuid === undefined || !lacks(row.cpuid));
    for (const row of all) {
      const name = rowName(row);
      this.byName.set(name, [...(this.byName.get(name) ?? []), row]);
    }
    const plain = all.filter(isPlain);
    for (const kind of ['integer', 'mmx', 'sse', 'avx', 'x87'] as const) {
      this.choices.set(kind, groupByMnemonic(plain.filter((row) => kindOf(row) === kind)));
    }
    this.common = groupByMnemonic(plain.filter((row) => kindOf(row) === 'integer' && COMMON.has(row.insn.mnemonic)));
  }

  /** Plain rows of a kind by mnemonic; empty when the model has none. */
  plain(kind: RowKind): Choice {
    return this.choices.get(kind)!;
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** The first row with that mnemonic and those operands: `mov Ev Gv`. */
  get(name: string): Encoding {
    const row = this.byName.get(name)?.[0];
    if (row === undefined) throw new Error(`no row ${name}`);
    return row;
  }
}

const rowName = (row: Encoding): string => [row.insn.mnemonic, ...row.operands.map((o) => o.text)].join(' ');

function groupByMnemonic(rows: readonly Encoding[]): Choice {
  return [...Map.groupBy(rows, (row) => row.insn.mnemonic).values()];
}

/** General registers that an instruction writes without naming them in an operand. */
const IMPLICIT_WRITES: Readonly<Record<string, readonly number[]>> = {
  mul: [0, 2],
  div: [0, 2],
  idiv: [0, 2],
  cqo: [2],
  lahf: [0],
  xlat: [0],
  cmpxchg: [0],
  cmpxchg8b: [0, 2],
  cmpxchg16b: [0, 2],
  pcmpestri: [1],
  pcmpistri: [1],
  vpcmpestri: [1],
  vpcmpistri: [1],
  fnstsw: [0],
};

export function implicitWrites(row: Encoding): readonly number[] {
  // The forms of IMUL with several operands write the first one only.
  if (row.insn.mnemonic === 'imul') return row.operands.length === 1 ? [0, 2] : [];
  return IMPLICIT_WRITES[row.insn.mnemonic] ?? [];
}

/** True for BTS and the like, whose row does not say that operand 0 is written. */
export const writesBits = (row: Encoding): boolean => /^bt[src]$/.test(row.insn.mnemonic);

/** What this machine's CPU lacks, by the names of the rows; false everywhere where there is no /proc/cpuinfo. */
export function hostLacks(): (feature: string) => boolean {
  const aliases: Record<string, string> = { lzcnt: 'abm' };
  const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  const present = new Set(line.trim().split(/\s+/));
  return (feature) => !present.has(aliases[feature] ?? feature);
}

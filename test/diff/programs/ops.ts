/** One instruction of a random program, and what it does to the status flags. */
import { type Assembly, assemble } from '../../../core/x86/assembler.ts';
import type { Encoding } from '../../../core/x86/notation.ts';

/** A place in the code; a new object for each. */
export interface Label {
  readonly name: string;
}

export interface Op {
  readonly row: Encoding;
  readonly assembly: Omit<Assembly, 'ip'>;
  /** GS segment prefix. */
  readonly hasGs?: boolean;
  /** A field that holds the address of a label plus `plus`, filled in when the label has its place. */
  readonly fix?: {
    readonly field: 'jump' | 'immediate' | 'displacement' | 'ripTarget';
    readonly label: Label;
    readonly plus?: number;
  };
  /** May raise, so that what follows must not count on what it does. */
  readonly mayFault?: boolean;
}

/** Status flags as a set. */
export const ALL_FLAGS = 0x8d5;
const FLAG_BITS: Readonly<Record<string, number>> = { c: 1, p: 4, a: 0x10, z: 0x40, s: 0x80, o: 0x800, d: 0 };

/** Beside the flags that are defined at an address: a fault's address is not compared there. */
export const ANY_ADDRESS = 1 << 20;

/** CPUs differ in which of several bad addresses they name. */
export const namesAnyAddress = ({ row }: Op): boolean => /^(v?maskmov|cmpsb?$)/.test(row.insn.mnemonic);

export function flagSet(letters: string): number {
  let set = 0;
  for (const letter of letters) set |= FLAG_BITS[letter]!;
  return set;
}

export interface FlagEffect {
  readonly reads: number;
  /** Written with a value that the manual defines. */
  readonly defines: number;
  readonly undefines: number;
  /** A count of 0 may leave all flags as they were. */
  readonly isConditional: boolean;
}

const isShiftByCount = (row: Encoding): boolean => /^(sh[lr]d?|sar|r[oc][lr])$/.test(row.insn.mnemonic);

/** What an instruction does to the flags, by the row's data and a constant count where it has one. */
export function flagEffect(op: Op): FlagEffect {
  const { row, assembly } = op;
  const { flags } = row.insn;
  const reads = flagSet(flags?.reads ?? '');
  const undefines = flagSet(flags?.undefined ?? '');
  const defines = flagSet(flags?.writes ?? '') & ~undefines;
  if (isShiftByCount(row)) {
    const count = row.operands.at(-1)!;
    if (count.text === 'CL') return { reads, defines, undefines, isConditional: true };
    const mask = assembly.operandSize === 64 && !row.operands[0]!.text.endsWith('b') ? 63n : 31n;
    if (count.addressing === 'I' && ((assembly.immediate ?? 0n) & mask) === 0n) return NO_EFFECT;
  }
  const isConditional = assembly.repeat === 'rep' || assembly.repeat === 'repne';
  return { reads, defines, undefines, isConditional };
}
const NO_EFFECT: FlagEffect = { reads: 0, defines: 0, undefines: 0, isConditional: false };

/** The flags that are defined behind an instruction before which `defined` are; it may raise and be skipped. */
export function definedAfter(op: Op, defined: number, canFault: boolean): number {
  const { defines, undefines, isConditional } = flagEffect(op);
  const after = (isConditional ? defined : defined | defines) & ~undefines;
  return op.mayFault || canFault ? after & defined : after;
}

const GS = 0x65;

/** Bytes of the instruction at `ip`; labels are where `place` says. */
export function encode(op: Op, ip: number, place: (label: Label) => number): Uint8Array {
  const prefix = op.hasGs ? 1 : 0;
  const assembly: Assembly = { ...op.assembly, ip: ip + prefix };
  if (op.fix) fill(op, assembly, place(op.fix.label) + (op.fix.plus ?? 0));
  const bytes = assemble(op.row, assembly);
  if (op.fix?.field === 'jump') {
    const target = Number(assembly.immediate!);
    const distance = BigInt(target - (ip + prefix + bytes.length));
    bytes.set(assemble(op.row, { ...assembly, immediate: distance }));
  }
  return prefix ? Uint8Array.from([GS, ...bytes]) : bytes;
}

function fill(op: Op, assembly: Assembly, address: number): void {
  const { field } = op.fix!;
  if (field === 'jump' || field === 'immediate') assembly.immediate = BigInt(address);
  else if (field === 'ripTarget')
    assembly.memory = { base: -1, index: -1, scale: 0, displacement: 0, ripTarget: address };
  else assembly.memory = { ...assembly.memory!, displacement: address };
}

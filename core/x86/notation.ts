/**
 * Instruction definitions in the manual's notation (SDM vol. 2, 3.1.1.1 and appendix A.2). A row such as
 *
 *     enc('83 /0 ib', 'rw:Ev', 'r:sIb')
 *
 * gives opcode bytes, ModRM use and immediate, then the operands with what is done to them. From it derive the decoder,
 * the disassembler, the test assembler, the handlers of tier 0 and the generated test cases.
 *
 * Opcode tokens: `REX.W` / `REX.0` (W must be 1 / 0), a mandatory prefix `NP` (none), `66`, `F3` or `F2` (then the row
 * matches only with exactly it), both optional, the bytes, `+r` (register in the low 3 bits), `/r`, `/0`../`7`, and
 * `ib iw iz io` for immediates that are not named by an operand. A further byte behind `0F 01`, `0F AE`, `0F C7` or
 * `D8`..`DF` is a whole ModRM byte (≥ C0). VEX rows start with `VEX.L0.66.0F38.W0` (L0 L1 LIG, NP 66 F3 F2, map, W0 W1 WIG).
 *
 * Operand types: addressing letter and size letter of appendix A:
 *
 * | letter | operand                                   | size | width                                   |
 * |--------|-------------------------------------------|------|-----------------------------------------|
 * | E      | ModRM.rm, general register or memory      | b w d q | 8 16 32 64                           |
 * | G      | ModRM.reg, general register               | v    | 16, 32 or 64 by operand size            |
 * | R      | ModRM.rm, general register only           | y    | 64 with REX.W, else 32                  |
 * | M      | ModRM.rm, memory only                     | z    | 16 or 32 (immediates)                   |
 * | Z      | register in the opcode's low 3 bits       | x    | 128                                     |
 * | V      | ModRM.reg, XMM                            | ss sd | 32-bit, 64-bit float (f32, f64 values) |
 * | W      | ModRM.rm, XMM or memory                   | t    | 80                                      |
 * | U      | ModRM.rm, XMM only                        |      |                                         |
 * | P Q N  | MMX: ModRM.reg; rm or memory; rm only     |      |                                         |
 * | I      | immediate; `sIb` is sign-extended to the operand size | |                               |
 * | J      | branch displacement                       |      |                                         |
 * | O      | absolute 64-bit address behind the opcode |      |                                         |
 * | S      | ModRM.reg, segment register               |      |                                         |
 * | B H    | VEX.vvvv: general register, XMM           | qq   | 256                                     |
 * | L      | immediate bits 4..7, XMM                  |      |                                         |
 *
 * and fixed ones: `AL AX rAX CL 1 ST0 STi`. `rAX` has the width of `v`.
 */
import type { LiftContext } from './lift-context.ts';

export type SizeCode = 'b' | 'w' | 'd' | 'q' | 'v' | 'y' | 'z' | 'x' | 'qq' | 'ss' | 'sd' | 't' | '';
export type AddressingCode =
  | 'E'
  | 'G'
  | 'R'
  | 'M'
  | 'Z'
  | 'V'
  | 'W'
  | 'U'
  | 'P'
  | 'Q'
  | 'N'
  | 'I'
  | 'J'
  | 'O'
  | 'S'
  | 'B'
  | 'H'
  | 'L'
  | 'fixed'
  | 'STi';

export interface OperandDef {
  readonly text: string;
  readonly addressing: AddressingCode;
  readonly size: SizeCode;
  /** `-` is neither read nor written (address only, or a hint). */
  readonly access: 'r' | 'w' | 'rw' | '-';
  readonly isSignExtended: boolean;
  /** General register number of a fixed operand, or the value of `1`. */
  readonly fixed: number;
}

export type MandatoryPrefix = 'any' | 'NP' | '66' | 'F3' | 'F2';

export interface EncodingOptions {
  /** Operand size is 64 without REX.W (near branches, push, pop). */
  default64?: boolean;
  /** The 66 prefix does not select 16 bits (it is ignored, as on branches). */
  ignore66?: boolean;
  /** CPUID feature that must be there. */
  cpuid?: string;
  /** F3/F2 are REP/REPE and REPNE. */
  rep?: 'rep' | 'repe';
  /** The register in the opcode must be number 0 without REX.B (NOP beside XCHG). */
  noRexB?: boolean;
  /** Memory operands must be aligned to their width, else #GP. */
  aligned?: boolean;
}

export interface Encoding extends Required<Omit<EncodingOptions, 'cpuid' | 'rep'>> {
  readonly id: number;
  readonly insn: InsnDef;
  readonly text: string;
  /** 0 one-byte, 1 0F, 2 0F38, 3 0F3A. */
  readonly map: 0 | 1 | 2 | 3;
  readonly opcode: number;
  readonly mandatory: MandatoryPrefix;
  readonly rexW: 0 | 1 | undefined;
  /** VEX-encoded, with VEX.L 0 or 1 required, or either. */
  readonly vex: 'none' | 'L0' | 'L1' | 'LIG';
  /** VEX.vvvv names an operand; in other VEX rows it must be 1111b. */
  readonly usesVvvv: boolean;
  readonly hasModrm: boolean;
  /** Required ModRM.reg, or -1. */
  readonly digit: number;
  /** Required whole ModRM byte, or -1. */
  readonly modrm: number;
  /** Required ModRM.mod: register, memory or either. */
  readonly mod: 'reg' | 'mem' | 'any';
  readonly plusR: boolean;
  readonly operands: readonly OperandDef[];
  /** Immediate bytes behind: `b` 1, `w` 2, `z` 2/4, `v` 2/4/8, `o` 8 (moffs), `wb` ENTER's pair. */
  readonly immediate: '' | 'b' | 'w' | 'z' | 'v' | 'o' | 'wb';
  readonly cpuid: string | undefined;
  readonly rep: 'rep' | 'repe' | undefined;
  /** All sizes follow from operand size v/z. */
  readonly usesOperandSize: boolean;
}

/** Status flags by letter: c p a z s o (and d for DF). */
export interface FlagEffects {
  reads?: string;
  writes?: string;
  /** Left undefined by the manual: masked in comparisons with real CPUs. */
  undefined?: string;
}

export interface InsnDef {
  readonly mnemonic: string;
  readonly encodings: readonly EncodingSpec[];
  readonly flags?: FlagEffects;
  /** LOCK is allowed when operand 0 is memory. */
  readonly lock?: boolean;
  /** Ends a decoded block: control may go elsewhere. */
  readonly endsBlock?: boolean;
  /** What it does with the stack beside its operands: a non-canonical RSP (or RBP) there is #SS. */
  readonly stack?: 'r' | 'w' | 'rw';
  /** How generated tests treat it: default random operands. */
  readonly test?: TestHints;
  readonly lift: (c: LiftContext) => void;
}

export interface TestHints {
  /** Not run against the real CPU, with the reason (system call, time, random numbers). */
  skip?: string;
  /** Values that make sense in registers before the instruction, by register name or operand index. */
  setup?: 'shift' | 'divide' | 'string' | 'stack' | 'branch' | 'bits' | 'doubleShift';
  /** Results that may differ between real CPUs: relative error bound, or bits to ignore. */
  tolerance?: string;
  /** What the CPUs of different vendors do differently. */
  varies?: Variation;
}

/**
 * Where CPUs differ and the manual leaves it open, so that it isn't compared:
 *
 * | variation   | what                                                                          | here              |
 * |-------------|-------------------------------------------------------------------------------|-------------------|
 * | `rexB`      | with REX.B it is PAUSE (Intel) or XCHG R8, rAX (AMD)                          | PAUSE             |
 * | `sums`      | which of several NaNs a sum takes, which flags go with an unmasked exception  | as AMD's          |
 * | `storeX87`  | an unmasked exception (Intel) or the destination's page fault comes first     | the page fault    |
 * | `storeHalf` | the same, and Intel's leave flags of MXCSR at a page fault, and PE with UE    | as AMD's          |
 * | `storeMmx`  | Intel's are in MMX state after a page fault                                   | as AMD's          |
 */
export type Variation = 'rexB' | 'sums' | 'storeX87' | 'storeHalf' | 'storeMmx';

export interface EncodingSpec {
  readonly opcode: string;
  readonly operands: readonly string[];
  readonly options: EncodingOptions;
}

/** One row: opcode, then operands `access:type`, then options. */
export function enc(opcode: string, ...rest: (string | EncodingOptions)[]): EncodingSpec {
  const options = typeof rest.at(-1) === 'object' ? (rest.pop() as EncodingOptions) : {};
  return { opcode, operands: rest as string[], options };
}

const FIXED: Record<string, { size: SizeCode; fixed: number }> = {
  AL: { size: 'b', fixed: 0 },
  AX: { size: 'w', fixed: 0 },
  rAX: { size: 'v', fixed: 0 },
  CL: { size: 'b', fixed: 1 },
  '1': { size: '', fixed: 1 },
};

export function parseOperand(text: string): OperandDef {
  const [access, type] = text.split(':') as [OperandDef['access'], string];
  const fixed = FIXED[type];
  if (fixed) return { text: type, addressing: 'fixed', access, isSignExtended: false, ...fixed };
  if (type === 'STi') return { text: type, addressing: 'STi', size: 't', access, isSignExtended: false, fixed: -1 };
  const isSignExtended = type.startsWith('s');
  const rest = isSignExtended ? type.slice(1) : type;
  const match = /^([EGRMZVWUPQNIJOSBHL])(b|w|d|qq|q|v|y|z|x|ss|sd|t)?$/.exec(rest);
  if (!match || !/^(r|w|rw|-)$/.test(access)) throw new Error(`bad operand ${text}`);
  return {
    text: type,
    addressing: match[1] as AddressingCode,
    size: (match[2] ?? '') as SizeCode,
    access,
    isSignExtended,
    fixed: -1,
  };
}

/** Opcodes whose next byte is a ModRM byte given in full. */
const isModrmEscape = (map: number, opcode: number): boolean =>
  (map === 0 && opcode >= 0xd8 && opcode <= 0xdf) ||
  (map === 1 && (opcode === 0x01 || opcode === 0xae || opcode === 0xc7 || opcode === 0x1e));

/** Where the decoder files a row: opcode map, opcode byte, and whether it stands for eight opcodes. */
export interface OpcodePlace {
  readonly map: 0 | 1 | 2 | 3;
  readonly opcode: number;
  readonly plusR: boolean;
  readonly isVex: boolean;
  /** Whole ModRM byte behind the opcode, or -1. */
  readonly modrm: number;
}

/** The place of a row by its opcode text alone: cheap, since it is asked for every row at every start. */
export function opcodePlace(text: string): OpcodePlace {
  const tokens = text.split(' ');
  const isVex = tokens[0]!.startsWith('VEX.');
  const bytes: number[] = [];
  if (isVex) {
    const map = tokens[0]!.split('.')[3]!;
    bytes.push(0x0f, ...(map === '0F' ? [] : [Number.parseInt(map.slice(2), 16)]));
  }
  tokens.forEach((token, i) => {
    // A mandatory prefix looks like a byte but stands in front of another one.
    const isPrefix =
      bytes.length === 0 && (token === '66' || token === 'F3' || token === 'F2') && isByte(tokens[i + 1]);
    if (!isPrefix && isByte(token)) bytes.push(Number.parseInt(token, 16));
  });
  let map: OpcodePlace['map'] = 0;
  let escapes = 0;
  if (bytes.length > 1 && bytes[0] === 0x0f) {
    const isLong = bytes.length > 2 && (bytes[1] === 0x38 || bytes[1] === 0x3a);
    escapes = isLong ? 2 : 1;
    map = !isLong ? 1 : bytes[1] === 0x38 ? 2 : 3;
  }
  const opcode = bytes[escapes]!;
  const rest = bytes.length - escapes;
  if (rest !== 1 && !(rest === 2 && isModrmEscape(map, opcode))) throw new Error(`bad opcode ${text}`);
  return { map, opcode, plusR: tokens.includes('+r'), isVex, modrm: rest === 2 ? bytes[escapes + 1]! : -1 };
}

/** Two characters that are neither NP nor a ModRM, register or immediate token. */
const isByte = (token: string | undefined): boolean =>
  token !== undefined && token.length === 2 && token !== 'NP' && !'/+i'.includes(token[0]!);

/** Turns a row into what the decoder uses; a malformed row is an error when the table is built. */
export function parseEncoding(insn: InsnDef, spec: EncodingSpec, id: number): Encoding {
  const { map, opcode, plusR, modrm } = opcodePlace(spec.opcode);
  const tokens = spec.opcode.split(' ');
  let mandatory: MandatoryPrefix = 'any';
  let rexW: 0 | 1 | undefined;
  let vex: Encoding['vex'] = 'none';
  if (/^REX\.[W0]$/.test(tokens[0]!)) rexW = tokens.shift() === 'REX.W' ? 1 : 0;
  if (tokens.length > 1 && /^(NP|66|F3|F2)$/.test(tokens[0]!)) mandatory = tokens.shift() as MandatoryPrefix;
  if (tokens[0]!.startsWith('VEX.')) {
    const [, length, prefix, , w] = tokens.shift()!.split('.');
    vex = length as Encoding['vex'];
    mandatory = prefix as MandatoryPrefix;
    rexW = w === 'W1' ? 1 : w === 'W0' ? 0 : undefined;
  }
  let digit = -1;
  let hasModrm = modrm !== -1;
  let immediate: Encoding['immediate'] = '';
  for (const token of tokens) {
    if (/^\/[0-7r]$/.test(token)) {
      hasModrm = true;
      if (token !== '/r') digit = Number(token[1]);
    } else if (/^i(b|w|z|v|wb|o)$/.test(token)) immediate = token.slice(1) as Encoding['immediate'];
    else if (token !== '+r' && !isByte(token)) throw new Error(`bad token ${token} in ${spec.opcode}`);
  }

  const operands = spec.operands.map(parseOperand);
  for (const o of operands) {
    if (o.addressing === 'I' || o.addressing === 'J') immediate = o.size as Encoding['immediate'];
    if (o.addressing === 'O') immediate = 'o';
    if (o.addressing === 'L') immediate = 'b';
  }
  if (operands.filter((o) => o.addressing === 'I').length === 2) immediate = 'wb';
  const isMemory = operands.some((o) => o.addressing === 'M');
  const isRegister = operands.some((o) => 'RUN'.includes(o.addressing) || o.addressing === 'STi') || modrm !== -1;
  return {
    id,
    insn,
    text: spec.opcode,
    map,
    opcode,
    mandatory,
    rexW,
    vex,
    usesVvvv: operands.some((o) => o.addressing === 'B' || o.addressing === 'H'),
    hasModrm,
    digit,
    modrm,
    mod: isMemory ? 'mem' : isRegister ? 'reg' : 'any',
    plusR,
    operands,
    immediate,
    default64: spec.options.default64 ?? false,
    ignore66: spec.options.ignore66 ?? false,
    aligned: spec.options.aligned ?? false,
    noRexB: spec.options.noRexB ?? false,
    cpuid: spec.options.cpuid,
    rep: spec.options.rep,
    usesOperandSize:
      operands.some((o) => o.size === 'v' || o.size === 'z' || o.isSignExtended) || spec.options.default64 === true,
  };
}

/** Name of a row that stays when others come and go: `add 01 /r rw:Ev r:Gv`. */
export function encodingName(enc: Encoding): string {
  return [enc.insn.mnemonic, enc.text, ...enc.operands.map((o) => `${o.access}:${o.text}`)].join(' ');
}

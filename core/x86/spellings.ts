/**
 * How assemblers spell an instruction where the row's own mnemonic and operands do not say it: names that depend on a
 * size, a prefix or an immediate, and operands that are implied. Data for the disassembler, in GNU's Intel syntax; the
 * first entry that fits wins.
 *
 * Operands are written as in the rows (notation.ts), with these implied ones besides: `ST0`, `XMM0`, `DX`, `FS`, `GS`, `X` the string
 * at DS:rSI, `Y` the string at ES:rDI, `T` the table at DS:rBX, `C` and `D` a control or debug register in ModRM.reg. `*`
 * stands for the row's operands, `$0`, `$1` ... for one of them.
 */

/** What an entry asks of the decoded instruction; what is left out fits always. */
export interface SpellingCondition {
  size?: 16 | 32 | 64;
  addressSize?: 32 | 64;
  rexW?: boolean;
  isMemory?: boolean;
  repeat?: 'none' | 'rep' | 'repne';
  /** ModRM.reg without REX.R. */
  digit?: number;
  modrm?: number;
  immediate?: number;
}

export interface Spelling {
  when?: SpellingCondition;
  name?: string;
  operands?: readonly string[];
}

const COMPARED_STRINGS = ['$0', '$1', '$2'];

/** Of CMPxx by immediate; the first eight without VEX (SDM vol. 2, table 3-1). */
const PREDICATES = (
  'eq lt le unord neq nlt nle ord eq_uq nge ngt false neq_oq ge gt true ' +
  'eq_os lt_oq le_oq unord_s neq_us nlt_uq nle_uq ord_s eq_us nge_uq ngt_uq false_os neq_os ge_oq gt_oq true_us'
).split(' ');

type Spellings = Record<string, readonly Spelling[]>;

let built: Spellings | undefined;

/** The entries of a key: mnemonic and opcode, mnemonic and first opcode byte, or mnemonic alone. */
export function findSpellings(key: string): readonly Spelling[] {
  built ??= buildSpellings();
  return built[key] ?? [];
}

const buildSpellings = (): Spellings => ({
  // Names by operand or address size.
  cdqe: [
    { when: { size: 16 }, name: 'cbw', operands: [] },
    { when: { size: 32 }, name: 'cwde', operands: [] },
    { when: { size: 64 }, operands: [] },
  ],
  cqo: [
    { when: { size: 16 }, name: 'cwd', operands: [] },
    { when: { size: 32 }, name: 'cdq', operands: [] },
    { when: { size: 64 }, operands: [] },
  ],
  jrcxz: [{ when: { addressSize: 32 }, name: 'jecxz' }],
  movd: [{ when: { rexW: true }, name: 'movq' }],
  vmovd: [{ when: { rexW: true }, name: 'vmovq' }],
  ...bySuffix('w', { size: 16 }, ['leave', 'enter', 'pushf', 'popf', 'fnsave', 'frstor', 'fnstenv', 'fldenv']),
  ...bySuffix('64', { rexW: true }, ['fxsave', 'fxrstor', 'xsave', 'xrstor', 'xsaveopt', 'xsavec']),
  'push 6A': [{ when: { size: 16 }, name: 'pushw' }],
  'push 68': [{ when: { size: 16 }, name: 'pushw' }],
  'mov B8 +r': [{ when: { size: 64 }, name: 'movabs' }],
  ...named('movabs', ['mov A0', 'mov A1', 'mov A2', 'mov A3']),
  'nop 90': [{ when: { size: 16 }, name: 'xchg', operands: ['AX', 'AX'] }],

  // Hints that share the opcodes of NOP.
  'nop 0F 0D /r': [
    { when: { digit: 1 }, name: 'prefetchw' },
    { when: { digit: 2 }, name: 'prefetchwt1' },
    { name: 'prefetch' },
  ],
  'nop 0F 18 /r': ['nta', 't0', 't1', 't2'].map((hint, digit) => ({
    when: { isMemory: true, digit },
    name: `prefetch${hint}`,
    operands: ['Mb'],
  })),
  'nop 0F 1C /r': [{ when: { isMemory: true, digit: 0 }, name: 'cldemote', operands: ['Mb'] }],
  'nop 0F 1E /r': [
    { when: { modrm: 0xfa, repeat: 'rep' }, name: 'endbr64', operands: [] },
    { when: { modrm: 0xfb, repeat: 'rep' }, name: 'endbr32', operands: [] },
    { when: { isMemory: false, digit: 1, repeat: 'rep', rexW: true }, name: 'rdsspq', operands: ['Rq'] },
    { when: { isMemory: false, digit: 1, repeat: 'rep' }, name: 'rdsspd', operands: ['Rd'] },
  ],
  'nop NP 0F 1E C0': [{ operands: ['Rv'] }],
  'ud2 0F B9 /r': [{ name: 'ud1' }],
  'ud2 0F FF /r': [{ name: 'ud0' }],

  // Implied operands.
  ...strings('movs', 'Y', 'X'),
  ...strings('stos', 'Y', 'A'),
  ...strings('lods', 'A', 'X'),
  ...strings('scas', 'A', 'Y'),
  ...strings('cmps', 'X', 'Y'),
  'ins 6C': [{ operands: ['Yb', 'DX'] }],
  'ins 6D': [{ operands: ['Yz', 'DX'] }],
  'outs 6E': [{ operands: ['DX', 'Xb'] }],
  'outs 6F': [{ operands: ['DX', 'Xz'] }],
  xlat: [{ operands: ['Tb'] }],
  'in E4 ib': [{ operands: ['AL', 'Ib'] }],
  'in E5 ib': [{ operands: ['zAX', 'Ib'] }],
  'in EC': [{ operands: ['AL', 'DX'] }],
  'in ED': [{ operands: ['zAX', 'DX'] }],
  'out E6 ib': [{ operands: ['Ib', 'AL'] }],
  'out E7 ib': [{ operands: ['Ib', 'zAX'] }],
  'out EE': [{ operands: ['DX', 'AL'] }],
  'out EF': [{ operands: ['DX', 'zAX'] }],
  'mov 0F 20 /r': [{ operands: ['Rq', 'C'] }],
  'mov 0F 21 /r': [{ operands: ['Rq', 'D'] }],
  'mov 0F 22 /r': [{ operands: ['C', 'Rq'] }],
  'mov 0F 23 /r': [{ operands: ['D', 'Rq'] }],
  ...segmentRegister('push', '0F A0', 'FS'),
  ...segmentRegister('push', '0F A8', 'GS'),
  ...segmentRegister('pop', '0F A1', 'FS'),
  ...segmentRegister('pop', '0F A9', 'GS'),
  lar: [{ when: { isMemory: false }, operands: ['$0', 'Rv'] }],
  lsl: [{ when: { isMemory: false }, operands: ['$0', 'Rv'] }],
  'mov 8C /r': [{ when: { isMemory: false }, operands: ['Rv', 'Sw'] }],
  'mov 8E /r': [{ when: { isMemory: false }, operands: ['Sw', 'Rd'] }],
  lddqu: [{ operands: ['$0', 'M'] }],
  vlddqu: [{ operands: ['$0', 'M'] }],
  ...implied('XMM0', ['pblendvb', 'blendvps', 'blendvpd', 'sha256rnds2']),
  // VEX.vvvv stands there only for its width.
  ...Object.fromEntries(
    ['pcmpestri', 'pcmpestrm', 'vpcmpestri', 'vpcmpestrm'].map((name) => [
      name,
      [{ when: { rexW: true }, name: `${name}q`, operands: COMPARED_STRINGS }, { operands: COMPARED_STRINGS }],
    ]),
  ),
  ...Object.fromEntries(
    ['pcmpistri', 'pcmpistrm', 'vpcmpistri', 'vpcmpistrm'].map((name) => [name, [{ operands: COMPARED_STRINGS }]]),
  ),
  lfence: [{ operands: [] }],
  mfence: [{ operands: [] }],
  'sfence NP 0F AE /7': [{ operands: [] }],

  // Names by immediate.
  ...comparisons('cmp', PREDICATES.slice(0, 8), ['$0', '$1']),
  ...comparisons('vcmp', PREDICATES, ['$0', '$1', '$2']),
  pclmulqdq: carryless('pclmul', ['$0', '$1']),
  vpclmulqdq: carryless('vpclmul', ['$0', '$1', '$2']),

  // x87 register forms: to ST(0), or to ST(i).
  ...stackForms(['ST0', 'STi'], ['D8'], ['fadd', 'fmul', 'fsub', 'fsubr', 'fdiv', 'fdivr']),
  ...stackForms(['STi', 'ST0'], ['DC'], ['fadd', 'fmul', 'fsub', 'fsubr', 'fdiv', 'fdivr']),
  ...stackForms(['STi', 'ST0'], ['DE'], ['faddp', 'fmulp', 'fsubp', 'fsubrp', 'fdivp', 'fdivrp']),
  ...stackForms(
    ['ST0', 'STi'],
    ['DA', 'DB'],
    ['b', 'e', 'be', 'u', 'nb', 'ne', 'nbe', 'nu'].map((c) => `fcmov${c}`),
  ),
  ...stackForms(['ST0', 'STi'], ['DB', 'DF'], ['fcomi', 'fucomi', 'fcomip', 'fucomip']),
  'fnstsw DF E0': [{ operands: ['AX'] }],
});

function segmentRegister(mnemonic: string, opcode: string, register: string): Spellings {
  const operands = [register];
  return { [`${mnemonic} ${opcode}`]: [{ when: { size: 16 }, name: `${mnemonic}w`, operands }, { operands }] };
}

function named(name: string, rows: readonly string[]): Spellings {
  return Object.fromEntries(rows.map((row) => [row, [{ name }]]));
}

function bySuffix(suffix: string, when: SpellingCondition, mnemonics: readonly string[]) {
  return Object.fromEntries(mnemonics.map((name) => [name, [{ when, name: name + suffix }]]));
}

/** Byte and wider form of a string instruction; `A` is the accumulator. */
function strings(mnemonic: string, ...operands: string[]): Spellings {
  const sized = (byte: boolean): string[] =>
    operands.map((o) => (o === 'A' ? (byte ? 'AL' : 'rAX') : o + (byte ? 'b' : 'v')));
  return {
    [`${mnemonic}b`]: [{ name: mnemonic, operands: sized(true) }],
    [mnemonic]: [{ operands: sized(false) }],
  };
}

/** The row's operands and one more. */
function implied(operand: string, mnemonics: readonly string[]): Spellings {
  return Object.fromEntries(mnemonics.map((name) => [name, [{ operands: ['*', operand] }]]));
}

function comparisons(prefix: string, predicates: readonly string[], operands: readonly string[]): Spellings {
  const spelled = (suffix: string): Spelling[] =>
    predicates.map((predicate, immediate) => ({ when: { immediate }, name: prefix + predicate + suffix, operands }));
  return Object.fromEntries(['ps', 'pd', 'ss', 'sd'].map((suffix) => [prefix + suffix, spelled(suffix)]));
}

/** By which half of each operand: low or high. */
function carryless(prefix: string, operands: readonly string[]): Spelling[] {
  return ['lql', 'hql', 'lqh', 'hqh'].map((halves, i) => ({
    when: { immediate: (i & 1) | ((i & 2) << 3) },
    name: `${prefix}${halves}qdq`,
    operands,
  }));
}

function stackForms(operands: readonly string[], opcodes: readonly string[], mnemonics: readonly string[]): Spellings {
  const keys = opcodes.flatMap((opcode) => mnemonics.map((name) => `${name} ${opcode}`));
  return Object.fromEntries(keys.map((key) => [key, [{ when: { isMemory: false }, operands }]]));
}

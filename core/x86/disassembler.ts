/**
 * Text of a decoded instruction in GNU's Intel syntax (what `objdump -M intel` prints), derived from the row: mnemonic,
 * operand notation, and the names of spellings.ts. SDM vol. 2, 2.1 to 2.3 for prefixes and addressing forms.
 *
 * Prefixes that do nothing are named in front, in the order of the bytes, as GNU does.
 */
import { RBX, RDI, RSI, RSP } from '../vcpu/state.ts';
import type { Insn } from './decoder.ts';
import { type OperandDef, parseOperand, type SizeCode } from './notation.ts';
import { findSpellings, type Spelling, type SpellingCondition } from './spellings.ts';

const WIDE = 'rax rcx rdx rbx rsp rbp rsi rdi'.split(' ');
const LOW_BYTES = 'al cl dl bl spl bpl sil dil'.split(' ');
const HIGH_BYTES = 'ah ch dh bh'.split(' ');
const SEGMENTS = 'es cs ss ds fs gs ? ?'.split(' ');

const SIZE_NAMES: Record<number, string> = {
  8: 'BYTE PTR ',
  16: 'WORD PTR ',
  32: 'DWORD PTR ',
  64: 'QWORD PTR ',
  80: 'TBYTE PTR ',
  128: 'XMMWORD PTR ',
  256: 'YMMWORD PTR ',
};

/** Widths of the size letters that no prefix changes. */
const WIDTHS: Partial<Record<SizeCode, number>> = { b: 8, w: 16, d: 32, q: 64, x: 128, qq: 256, ss: 32, sd: 64, t: 80 };

const SEGMENT_PREFIXES = new Map([
  [0x26, 'es'],
  [0x2e, 'cs'],
  [0x36, 'ss'],
  [0x3e, 'ds'],
  [0x64, 'fs'],
  [0x65, 'gs'],
]);
const OTHER_PREFIXES = new Map([
  [0x66, 'data16'],
  [0x67, 'addr32'],
  [0xf0, 'lock'],
  [0xf2, 'repnz'],
  [0xf3, 'repz'],
]);

/** LOOPcc and JRCXZ: their address size is that of the counter. */
const COUNTED_BRANCH = /^loop|^jrcxz$/;

/** Operands of spellings.ts that are always the same. */
const FIXED: Record<string, string> = { ST0: 'st', XMM0: 'xmm0', DX: 'dx', FS: 'fs', GS: 'gs' };

/** Hexadecimal with the sign in front. */
const signedHex = (value: number): string => `${value < 0 ? '-' : '+'}0x${Math.abs(value).toString(16)}`;
const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
/** An address or immediate that is sign-extended to 64 bits. */
const hex64 = (value: number): string => hex(BigInt.asUintN(64, BigInt(value)));

/** Name of a general register; `hasRex` makes byte registers 4 to 7 SPL BPL SIL DIL. */
export function registerName(number: number, width: number, hasRex = true): string {
  if (number >= 8) return `r${number}${{ 8: 'b', 16: 'w', 32: 'd' }[width] ?? ''}`;
  const wide = WIDE[number]!;
  if (width === 64) return wide;
  if (width === 32) return `e${wide.slice(1)}`;
  if (width === 16) return wide.slice(1);
  return number >= 4 && !hasRex ? HIGH_BYTES[number - 4]! : LOW_BYTES[number]!;
}

const vectorName = (number: number, width: number): string => `${width === 256 ? 'y' : 'x'}mm${number}`;

/**
 * The text of `insn`, which was decoded from `bytes[start]` on and runs at address `ip`. Memory operands relative to RIP
 * get their address as a comment.
 */
export function disassemble(insn: Insn, bytes: Uint8Array, start: number, ip: number): string {
  return new Disassembly(insn, bytes.subarray(start, start + insn.length), ip).text();
}

class Disassembly {
  private readonly insn: Insn;
  private readonly ip: number;
  /** Bytes in front of the opcode: legacy prefixes and REX; none of a VEX instruction's own. */
  private readonly prefixes: Uint8Array;
  private readonly spelling: Spelling;
  /** What the shown operands made use of: the prefixes that stand for the rest are named. */
  private readonly used = {
    memory: false,
    /** Operand at DS:rSI or DS:rBX: takes any segment prefix. */
    source: false,
    segment: false,
    operandSize: false,
    rexW: false,
    /** ModRM.reg, ModRM.rm or the opcode's register. */
    reg: false,
    rm: false,
    /** A byte register that only REX names. */
    rex: false,
  };
  private comment = '';

  constructor(insn: Insn, bytes: Uint8Array, ip: number) {
    this.insn = insn;
    this.ip = ip;
    this.prefixes = bytes.subarray(0, prefixCount(bytes));
    this.spelling = this.findSpelling();
  }

  text(): string {
    const { spelling } = this;
    const { enc } = this.insn;
    const operands = (spelling.operands ?? ['*']).flatMap((name) =>
      name === '*' ? enc.operands.map((o) => this.operand(o)) : [this.namedOperand(name)],
    );
    // Behind the operands, which tell what the prefixes were used for.
    const words = [...this.prefixWords(), spelling.name ?? enc.insn.mnemonic].join(' ');
    return operands.length === 0 ? words : `${words.padEnd(6)} ${operands.join(',')}${this.comment}`;
  }

  private findSpelling(): Spelling {
    const { insn, text } = this.insn.enc;
    const keys = [`${insn.mnemonic} ${text}`, `${insn.mnemonic} ${text.slice(0, 2)}`, insn.mnemonic];
    const found = keys.flatMap(findSpellings).find((s) => this.fits(s.when ?? {}));
    if (found?.when?.size !== undefined) this.used.operandSize = true;
    if (found?.when?.rexW) this.used.rexW = true;
    return found ?? {};
  }

  private fits(when: SpellingCondition): boolean {
    const { insn } = this;
    const actual: Required<SpellingCondition> = {
      size: insn.operandSize,
      addressSize: insn.addressSize,
      rexW: insn.rexW,
      isMemory: insn.mod !== 3,
      repeat: insn.repeat,
      digit: insn.reg & 7,
      modrm: (insn.mod << 6) | ((insn.reg & 7) << 3) | (insn.rm & 7),
      immediate: insn.immLow & 0xff,
    };
    return (Object.keys(when) as (keyof SpellingCondition)[]).every((key) => when[key] === actual[key]);
  }

  private namedOperand(name: string): string {
    const { insn } = this;
    const fixed = FIXED[name];
    if (fixed !== undefined) return fixed;
    if (name[0] === '$') return this.operand(insn.enc.operands[Number(name[1])]!);
    switch (name[0]) {
      case 'X':
        return this.stringOperand(name, RSI);
      case 'Y':
        return this.stringOperand(name, RDI);
      case 'T':
        return this.stringOperand(name, RBX);
      case 'z':
        this.used.operandSize = insn.operandSize === 16;
        return insn.operandSize === 16 ? 'ax' : 'eax';
    }
    const number = { C: 'cr', D: 'dr' }[name];
    if (number !== undefined) {
      this.used.reg = true;
      return `${number}${insn.reg}`;
    }
    return this.operand(parseOperand(`-:${name}`));
  }

  private stringOperand(name: string, register: number): string {
    const { insn, used } = this;
    const width = this.width(name.slice(1) as SizeCode);
    used.memory = true;
    if (register !== RDI) used.source = used.segment = true;
    const segment = register === RDI ? 'es' : insn.segment === 'none' ? 'ds' : insn.segment;
    const size = SIZE_NAMES[name.endsWith('z') ? Math.min(width, 32) : width]!;
    return `${size}${segment}:[${registerName(register, insn.addressSize)}]`;
  }

  private width(size: SizeCode): number {
    const { insn, used } = this;
    if (size === 'v') used.operandSize = true;
    if (size === 'z' && insn.operandSize === 16) used.operandSize = true;
    if (size !== 'y') return WIDTHS[size] ?? insn.operandSize;
    used.rexW = true;
    return insn.rexW ? 64 : 32;
  }

  private register(number: number, width: number): string {
    if (width === 8 && number >= 4 && number < 8) this.used.rex = true;
    return registerName(number, width, this.insn.hasRex);
  }

  private operand(o: OperandDef): string {
    const { insn, used } = this;
    if (o.addressing === 'M' || ('EWQ'.includes(o.addressing) && insn.mod !== 3)) return this.memory(o);
    const width = this.width(o.size);
    if ('GV'.includes(o.addressing)) used.reg = true;
    if ('ERZWU'.includes(o.addressing)) used.rm = true;
    switch (o.addressing) {
      case 'E':
      case 'R':
        return this.register(insn.rm, width);
      case 'G':
        return this.register(insn.reg, width);
      case 'Z':
        return this.register(insn.opcodeReg, width);
      case 'B':
        return registerName(insn.vvvv, width);
      case 'V':
        return vectorName(insn.reg, width);
      case 'W':
      case 'U':
        return vectorName(insn.rm, width);
      case 'H':
        return vectorName(insn.vvvv, width);
      case 'L':
        return vectorName((insn.immLow >> 4) & 15, insn.vexL ? 256 : 128);
      case 'P':
        return `mm${insn.reg & 7}`;
      case 'Q':
      case 'N':
        return `mm${insn.rm & 7}`;
      case 'S':
        return SEGMENTS[insn.reg & 7]!;
      case 'STi':
        return `st(${insn.rm & 7})`;
      default:
        return this.constant(o, width);
    }
  }

  /** Operands that ModRM has no part in. */
  private constant(o: OperandDef, width: number): string {
    const { insn } = this;
    switch (o.addressing) {
      case 'I':
        return this.immediate(o, width);
      case 'J':
        return hex64(this.ip + insn.length + insn.immLow);
      case 'O':
        return this.absolute((BigInt(insn.immHigh >>> 0) << 32n) | BigInt(insn.immLow >>> 0));
      default:
        return o.text === '1' ? '1' : registerName(o.fixed, width);
    }
  }

  private immediate(o: OperandDef, width: number): string {
    const { insn } = this;
    if (o.isSignExtended) this.used.operandSize = true;
    // ENTER's second immediate.
    if (o === insn.enc.operands[1] && insn.enc.immediate === 'wb') return hex(insn.immHigh);
    const value = (BigInt(insn.immHigh) << 32n) | BigInt(insn.immLow >>> 0);
    return hex(BigInt.asUintN(o.isSignExtended ? insn.operandSize : width, value));
  }

  private absolute(address: bigint): string {
    this.used.memory = this.used.segment = true;
    return `${this.insn.segment === 'none' ? 'ds' : this.insn.segment}:${hex(address)}`;
  }

  /** `QWORD PTR fs:[rax+rcx*4+0x10]`; operands without a size of their own (LEA, FXSAVE) have no size word. */
  private memory(o: OperandDef): string {
    const { insn, used } = this;
    used.memory = used.segment = true;
    const isUnsized = o.size === '' || (o.addressing === 'M' && o.access === '-' && 'vy'.includes(o.size));
    const size = isUnsized ? '' : SIZE_NAMES[this.width(o.size)]!;
    const isAbsolute = this.hasSib && insn.base < 0 && insn.index < 0 && insn.scale === 0 && insn.addressSize === 64;
    if (isAbsolute) return `${size}${this.absolute(BigInt.asUintN(64, BigInt(insn.displacement)))}`;
    const segment = insn.segment === 'none' ? '' : `${insn.segment}:`;
    return `${size}${segment}[${insn.isRipRelative ? this.ripRelative() : this.registersAndDisplacement()}]`;
  }

  private ripRelative(): string {
    const { insn } = this;
    const target = this.ip + insn.length + insn.displacement;
    const isWide = insn.addressSize === 64;
    this.comment = `        # ${isWide ? hex64(target) : hex(target >>> 0)}`;
    return `${isWide ? 'rip' : 'eip'}${signedHex(insn.displacement)}`;
  }

  private registersAndDisplacement(): string {
    const { insn } = this;
    const { base, index, displacement, addressSize } = insn;
    const parts: string[] = [];
    if (base >= 0) parts.push(registerName(base, addressSize));
    if (index >= 0) parts.push(`${registerName(index, addressSize)}*${1 << insn.scale}`);
    else if (this.hasSib && !((base & 7) === RSP && insn.scale === 0 && base >= 0)) {
      // A SIB byte that names no index though there could have been none.
      parts.push(`${addressSize === 64 ? 'riz' : 'eiz'}*${1 << insn.scale}`);
    }
    const registers = parts.join('+');
    if (insn.mod === 0 && base >= 0) return registers;
    // Alone, a 32-bit displacement is the address.
    if (base < 0 && addressSize === 32) return `${registers}+${hex(displacement >>> 0)}`;
    return `${registers}${signedHex(displacement)}`;
  }

  private get hasSib(): boolean {
    return this.insn.mod !== 3 && (this.insn.rm & 7) === 4;
  }

  /** Prefixes that belong to the name (LOCK, REP), and those that do nothing here. */
  private prefixWords(): string[] {
    const { prefixes } = this;
    const words: string[] = [];
    prefixes.forEach((byte, at) => {
      const counts = isRex(byte)
        ? at === prefixes.length - 1
        : !prefixes.subarray(at + 1).some((later) => group(later) === group(byte));
      const word = counts ? this.prefixWord(byte) : prefixName(byte);
      if (word !== undefined) words.push(word);
    });
    return words;
  }

  /** What stands for a prefix; nothing when the instruction shows its effect otherwise. */
  private prefixWord(byte: number): string | undefined {
    const { enc } = this.insn;
    const { used } = this;
    if (isRex(byte)) return this.usesRex(byte) ? undefined : prefixName(byte);
    switch (byte) {
      case 0x66:
        return enc.mandatory === '66' || (used.operandSize && this.insn.operandSize === 16) ? undefined : 'data16';
      case 0x67:
        return used.memory || COUNTED_BRANCH.test(enc.insn.mnemonic) ? undefined : 'addr32';
      case 0xf2:
      case 0xf3:
        return this.repeatWord(byte);
      case 0x3e:
        if (enc.ignore66 && enc.operands[0]?.addressing === 'E') return 'notrack';
        return used.source ? undefined : 'ds';
      case 0x64:
      case 0x65:
        return used.segment ? undefined : prefixName(byte);
      case 0xf0:
        return 'lock';
      default:
        return used.source ? undefined : prefixName(byte);
    }
  }

  private repeatWord(byte: number): string | undefined {
    const { enc } = this.insn;
    if (enc.mandatory === 'F2' || enc.mandatory === 'F3' || this.spelling.when?.repeat) return undefined;
    if (byte === 0xf3) return enc.rep === 'rep' ? 'rep' : 'repz';
    const isNearBranch = enc.ignore66 && !COUNTED_BRANCH.test(enc.insn.mnemonic);
    return isNearBranch ? 'bnd' : 'repnz';
  }

  /** True when every bit of the REX prefix means something to the instruction. */
  private usesRex(rex: number): boolean {
    const { insn, used } = this;
    const { enc } = insn;
    if (rex === 0x40) return used.rex;
    const usesW = enc.rexW !== undefined || used.rexW || (used.operandSize && !enc.default64);
    const usesB = insn.mod !== 3 || used.rm;
    return !(rex & 8 && !usesW) && !(rex & 4 && !used.reg) && !(rex & 2 && !this.hasSib) && !(rex & 1 && !usesB);
  }
}

/** Prefixes of which only the last one counts have the same group. */
function group(prefix: number): number {
  if (prefix === 0xf3) return 0xf2;
  return SEGMENT_PREFIXES.has(prefix) ? 0x2e : prefix;
}

function prefixName(byte: number): string | undefined {
  if (isRex(byte)) {
    const bits = ['W', 'R', 'X', 'B'].filter((_, i) => byte & (8 >> i)).join('');
    return bits === '' ? 'rex' : `rex.${bits}`;
  }
  return SEGMENT_PREFIXES.get(byte) ?? OTHER_PREFIXES.get(byte);
}

function prefixCount(bytes: Uint8Array): number {
  let count = 0;
  while (count < bytes.length && isPrefix(bytes[count]!)) count++;
  return count;
}

const isRex = (byte: number): boolean => (byte & 0xf0) === 0x40;
const isPrefix = (byte: number): boolean => prefixName(byte) !== undefined;

/**
 * Assembles one instruction from its row: for generated tests and hand-written guest code. The inverse of the decoder
 * (SDM vol. 2, chapter 2); it picks the encoding that it is told to, not the shortest.
 */
import type { Encoding } from './notation.ts';

export interface MemoryOperand {
  /** General register numbers; -1 for none. RIP-relative when `ripTarget` is set. */
  base: number;
  index: number;
  /** log2 */
  scale: number;
  displacement: number;
  /** Address to reach RIP-relative, from an instruction at `ip`. */
  ripTarget?: number;
}

export interface Assembly {
  operandSize: 16 | 32 | 64;
  /** ModRM.reg, where the row leaves it free. */
  reg: number;
  /** ModRM.rm in register form (or the register in the opcode). */
  rm: number;
  memory?: MemoryOperand;
  /** VEX.vvvv */
  vvvv?: number;
  immediate?: bigint;
  addressSize?: 32 | 64;
  repeat?: 'none' | 'rep' | 'repne';
  lock?: boolean;
  /** Byte registers 4..7 mean SPL BPL SIL DIL: forces a REX prefix. */
  forceRex?: boolean;
  /** Address of the instruction, for RIP-relative operands. */
  ip: number;
}

const LEGACY_MANDATORY: Record<string, number> = { '66': 0x66, F3: 0xf3, F2: 0xf2 };

/** Bytes of the instruction. */
export function assemble(enc: Encoding, a: Assembly): Uint8Array {
  const bytes: number[] = [];
  if (a.lock) bytes.push(0xf0);
  if (a.addressSize === 32) bytes.push(0x67);
  const rexW = enc.rexW ?? (a.operandSize === 64 && !enc.default64 ? 1 : 0);
  const regField = enc.digit !== -1 ? enc.digit : a.reg;
  const m = a.memory;
  const rex =
    (rexW << 3) |
    ((regField & 8) >> 1) |
    (m ? ((Math.max(0, m.index) & 8) >> 2) | ((Math.max(0, m.base) & 8) >> 3) : (a.rm & 8) >> 3);
  if (enc.vex === 'none') pushLegacyPrefixes(bytes, enc, a, rex);
  else pushVex(bytes, enc, a, rex);
  bytes.push(enc.plusR ? enc.opcode | (a.rm & 7) : enc.opcode);
  if (enc.hasModrm) pushModrm(bytes, enc, a, regField & 7);
  const immediateBytes = immediateSize(enc, a);
  if (m?.ripTarget !== undefined) {
    const distance = m.ripTarget - (a.ip + bytes.length + 4 + immediateBytes);
    for (let i = 0; i < 4; i++) bytes.push((distance >> (8 * i)) & 0xff);
  }
  const imm = BigInt.asUintN(64, a.immediate ?? 0n);
  for (let i = 0; i < immediateBytes; i++) bytes.push(Number((imm >> BigInt(8 * i)) & 0xffn));
  return Uint8Array.from(bytes);
}

function pushLegacyPrefixes(bytes: number[], enc: Encoding, a: Assembly, rex: number): void {
  if (enc.mandatory in LEGACY_MANDATORY) bytes.push(LEGACY_MANDATORY[enc.mandatory]!);
  if (a.operandSize === 16 && enc.mandatory !== '66' && !enc.ignore66) bytes.push(0x66);
  if (a.repeat === 'rep') bytes.push(0xf3);
  if (a.repeat === 'repne') bytes.push(0xf2);
  if (rex || a.forceRex) bytes.push(0x40 | rex);
  if (enc.map > 0) bytes.push(0x0f);
  if (enc.map === 2) bytes.push(0x38);
  if (enc.map === 3) bytes.push(0x3a);
}

function pushVex(bytes: number[], enc: Encoding, a: Assembly, rex: number): void {
  const pp = { any: 0, NP: 0, '66': 1, F3: 2, F2: 3 }[enc.mandatory];
  const length = enc.vex === 'L1' ? 4 : 0;
  bytes.push(0xc4, ((~rex & 7) << 5) | enc.map, ((rex & 8) << 4) | ((~(a.vvvv ?? 0) & 15) << 3) | length | pp);
}

function pushModrm(bytes: number[], enc: Encoding, a: Assembly, reg: number): void {
  const m = a.memory;
  if (enc.modrm !== -1) bytes.push(enc.modrm);
  else if (!m) bytes.push(0xc0 | (reg << 3) | (a.rm & 7));
  else if (m.ripTarget !== undefined) bytes.push((reg << 3) | 5);
  else {
    // Always a 32-bit displacement, always a SIB byte where there is an index, no base, or RSP/R12 as base.
    const needsSib = m.index >= 0 || m.base < 0 || (m.base & 7) === 4;
    bytes.push((m.base < 0 ? 0 : 0x80) | (reg << 3) | (needsSib ? 4 : m.base & 7));
    if (needsSib) bytes.push((m.scale << 6) | ((m.index < 0 ? 4 : m.index & 7) << 3) | (m.base < 0 ? 5 : m.base & 7));
    for (let i = 0; i < 4; i++) bytes.push((m.displacement >> (8 * i)) & 0xff);
  }
}

function immediateSize(enc: Encoding, a: Assembly): number {
  switch (enc.immediate) {
    case '':
      return 0;
    case 'b':
      return 1;
    case 'w':
      return 2;
    case 'wb':
      return 3;
    case 'z':
      return a.operandSize === 16 ? 2 : 4;
    case 'v':
      return a.operandSize / 8;
    case 'o':
      return a.addressSize === 32 ? 4 : 8;
  }
}

import { describe, expect, it } from 'vitest';
import { decodeTable } from '../../../../core/interp/create.ts';
import { type Assembly, assemble, type MemoryOperand } from '../../../../core/x86/assembler.ts';
import { cpuModel } from '../../../../core/x86/cpuid.ts';
import { Decoder, type Insn } from '../../../../core/x86/decoder.ts';
import { type Encoding, encodingName } from '../../../../core/x86/notation.ts';
import { Random } from '../../../diff/isa/random.ts';

const IP = 0x40_0000;
const TABLE = decodeTable(cpuModel('max'));

function sizesOf(row: Encoding): readonly (16 | 32 | 64)[] {
  if (row.rexW !== undefined) return row.rexW === 1 ? [64] : [32];
  if (row.default64) return row.ignore66 ? [64] : [16, 64];
  const can16 = row.mandatory === 'any' && row.vex === 'none' && row.usesOperandSize;
  const isSized = row.usesOperandSize || row.operands.some((o) => o.size === 'y');
  return [32, ...(can16 ? [16 as const] : []), ...(isSized ? [64 as const] : [])];
}

function randomMemory(r: Random): MemoryOperand {
  if (r.chance(15)) return { base: -1, index: -1, scale: 0, displacement: 0, ripTarget: IP + r.below(1 << 28) };
  const index = r.chance(50) ? r.below(16) : -1;
  return {
    base: r.chance(85) ? r.below(16) : -1,
    index: index === 4 ? -1 : index,
    scale: index === 4 || index === -1 ? 0 : r.below(4),
    displacement: r.u32() | 0,
  };
}

/** Registers that make another instruction of the row: XCHG EAX, EAX is NOP, and NOP has a row for /0 too. */
function firstRegister(row: Encoding): { reg: number; rm: number } {
  const isNop = row.insn.mnemonic === 'nop' && row.digit === -1;
  return { reg: isNop ? 1 : 0, rm: row.insn.mnemonic === 'xchg' && row.plusR ? 1 : 0 };
}

/** ModRM.rm or the opcode's register is one of eight. */
const isLowRegister = (row: Encoding): boolean =>
  row.noRexB || row.operands.some(({ addressing }) => ['Q', 'N', 'STi'].includes(addressing));

function randomAssembly(row: Encoding, r: Random): Assembly {
  const first = firstRegister(row);
  const isMemory = row.mod === 'mem' || (row.mod === 'any' && row.hasModrm && r.chance(50));
  return {
    operandSize: r.pick(sizesOf(row)),
    reg:
      first.reg +
      r.below((first.reg > 0 || row.operands.some((o) => 'PS'.includes(o.addressing)) ? 8 : 16) - first.reg),
    rm: first.rm + r.below((isLowRegister(row) ? 8 : 16) - first.rm),
    vvvv: row.usesVvvv && row.vex !== 'none' ? r.below(16) : 0,
    immediate: BigInt.asIntN(64, r.u64()),
    repeat: row.rep ? r.pick(['none', 'rep', 'repne'] as const) : 'none',
    lock: row.insn.lock === true && isMemory && 'EM'.includes(row.operands[0]!.addressing) && r.chance(30),
    ip: IP,
    ...(isMemory ? { memory: randomMemory(r) } : {}),
  };
}

/** What the decoder should find, as far as the row has it. */
function expectation(row: Encoding, a: Assembly, length: number): Partial<Insn> {
  const hasRegister = (letters: string): boolean => row.operands.some((o) => letters.includes(o.addressing));
  const m = a.memory;
  return {
    length,
    operandSize: a.operandSize,
    repeat: row.mandatory === 'F3' ? 'rep' : row.mandatory === 'F2' ? 'repne' : a.repeat!,
    lock: a.lock!,
    ...(hasRegister('GVPS') ? { reg: a.reg } : {}),
    ...(hasRegister('Z') ? { opcodeReg: a.rm } : {}),
    ...(row.usesVvvv && row.vex !== 'none' ? { vvvv: a.vvvv! } : {}),
    ...(m === undefined && row.mod !== 'mem' && row.modrm === -1 && row.hasModrm ? { mod: 3, rm: a.rm } : {}),
    ...(m === undefined ? {} : memoryExpectation(m, length)),
  };
}

function memoryExpectation(m: MemoryOperand, length: number): Partial<Insn> {
  if (m.ripTarget !== undefined) return { isRipRelative: true, displacement: m.ripTarget - IP - length };
  return { isRipRelative: false, base: m.base, index: m.index, scale: m.scale, displacement: m.displacement };
}

/** The immediate as the bytes hold it: sign-extended from its width. */
function immediateOf(row: Encoding, a: Assembly): bigint | undefined {
  const bits = { '': 0, b: 8, w: 16, z: a.operandSize === 16 ? 16 : 32, v: a.operandSize, o: 64, wb: 0 }[row.immediate];
  return bits === 0 ? undefined : BigInt.asIntN(bits, a.immediate!);
}

describe('assembler and decoder', () => {
  it('agree on row and operands for random instructions of every row', () => {
    const decoder = new Decoder(TABLE);
    const wrong: string[] = [];
    for (const row of TABLE.encodings) {
      for (let seed = 1; seed <= 20; seed++) {
        const a = randomAssembly(row, new Random(seed * 7919 + row.id));
        const bytes = assemble(row, a);
        const failure = decoder.decode(bytes, 0, bytes.length);
        const { insn } = decoder;
        const expected = expectation(row, a, bytes.length);
        const actual = Object.fromEntries(Object.keys(expected).map((key) => [key, insn[key as keyof Insn]]));
        const immediate = immediateOf(row, a);
        const sameImmediate =
          immediate === undefined || ((BigInt(insn.immHigh) << 32n) | BigInt(insn.immLow >>> 0)) === immediate;
        const same = failure === undefined && insn.enc === row && sameImmediate;
        if (!same || JSON.stringify(actual) !== JSON.stringify(expected)) {
          const found = failure ?? encodingName(insn.enc);
          wrong.push(
            `${encodingName(row)}: ${Buffer.from(bytes).toString('hex')} is ${found} ${JSON.stringify(actual)}`,
          );
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('reach an address relative to RIP from behind the immediate', () => {
    const row = TABLE.encodings.find((e) => encodingName(e) === 'add 81 /0 rw:Ev r:sIz')!;
    const memory = { base: -1, index: -1, scale: 0, displacement: 0, ripTarget: 0x1000 };
    const bytes = assemble(row, { operandSize: 64, reg: 0, rm: 0, memory, immediate: 1n, ip: 0x2000 });
    expect([...bytes]).toEqual([0x48, 0x81, 0x05, 0xf5, 0xef, 0xff, 0xff, 1, 0, 0, 0]);
  });
});

/** Bytes → disassembly and IR, kept in test/golden/ir/insns.txt; `npm test -- -u` rewrites it. */
import { describe, expect, it } from 'vitest';
import { decodeTable } from '../../../../core/interp/create.ts';
import { printStatements } from '../../../../core/ir/print.ts';
import { liftInsn } from '../../../../core/lift/lift.ts';
import { type AddressForm, RecordOperands } from '../../../../core/lift/operand-source.ts';
import { fieldName } from '../../../../core/vcpu/state.ts';
import { Decoder } from '../../../../core/x86/decoder.ts';
import { disassemble } from '../../../../core/x86/disassembler.ts';

/** Instructions that between them use every kind of statement and value. */
const EXAMPLES: readonly (readonly [bytes: string, address: AddressForm])[] = [
  ['01 d8', 'none'],
  ['48 83 44 8f 10 ff', 'index'],
  ['64 48 8b 04 25 28 00 00 00', 'full'],
  ['0f b6 05 00 10 00 00', 'absolute'],
  ['48 f7 f1', 'none'],
  ['d3 e0', 'none'],
  ['74 05', 'none'],
  ['ff d0', 'none'],
  ['c3', 'none'],
  ['55', 'none'],
  ['f3 ac', 'none'],
  ['f3 48 a5', 'none'],
  ['f0 0f b1 0f', 'base'],
  ['0f 28 07', 'base'],
  ['66 0f 70 c1 1b', 'none'],
  ['f2 0f 58 c1', 'none'],
  ['66 0f 59 07', 'base'],
  ['d8 c1', 'none'],
  ['cc', 'none'],
  ['0f 05', 'none'],
];

function describeExample(hex: string, address: AddressForm): string {
  const bytes = Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16));
  const decoder = new Decoder(decodeTable());
  expect(decoder.decode(bytes, 0, bytes.length)).toBeUndefined();
  const { insn } = decoder;
  const form = {
    encoding: insn.enc,
    size: insn.operandSize,
    addressSize: insn.addressSize,
    repeat: insn.enc.rep === undefined ? 'none' : insn.repeat,
  } as const;
  const ir = printStatements(liftInsn(form, new RecordOperands(address)), { placeName: fieldName });
  return `${hex}  ${disassemble(insn, bytes, 0, 0x401000)}\n${ir.replace(/^/gm, '    ')}\n`;
}

describe('IR printer', () => {
  it('shows what instructions become', async () => {
    const text = EXAMPLES.map(([hex, address]) => describeExample(hex, address)).join('\n');
    await expect(text).toMatchFileSnapshot('../../../golden/ir/insns.txt');
  });
});

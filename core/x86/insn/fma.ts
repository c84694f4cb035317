/** FMA: SDM vol. 2, VFMADD132PD .. VFNMSUB231SS. The digits say which operands are multiplied: 1·3+2, 2·1+3, 2·3+1. */
import { NEGATE_ADDEND, NEGATE_PRODUCT } from '../fp/fma.ts';
import { FMA_ALTERNATES, FMA_DOUBLE, FMA_LANES_SHIFT } from '../fp/fma-helper.ts';
import { fmaHelper } from '../helpers/declared.ts';
import { enc, type InsnDef } from '../notation.ts';

/** Operands (0-based) of the product and of the addend. */
const ORDERS: Record<string, [number, number, number]> = { 132: [0, 2, 1], 213: [1, 0, 2], 231: [1, 2, 0] };
const FIRST_OPCODE: Record<string, number> = { 132: 0x90, 213: 0xa0, 231: 0xb0 };

/** Name, opcode offset, code; scalar forms are one opcode behind. */
const OPERATIONS: readonly (readonly [string, number, number, boolean])[] = [
  ['vfmaddsub', 6, FMA_ALTERNATES | NEGATE_ADDEND, false],
  ['vfmsubadd', 7, FMA_ALTERNATES, false],
  ['vfmadd', 8, 0, true],
  ['vfmsub', 10, NEGATE_ADDEND, true],
  ['vfnmadd', 12, NEGATE_PRODUCT, true],
  ['vfnmsub', 14, NEGATE_PRODUCT | NEGATE_ADDEND, true],
];

function instruction(name: string, order: string, offset: number, code: number, suffix: string): InsnDef {
  const isScalar = suffix.startsWith('s');
  const isDouble = suffix.endsWith('d');
  const opcode = (FIRST_OPCODE[order]! + offset + (isScalar ? 1 : 0)).toString(16).toUpperCase();
  const row = (length: string, size: string) =>
    enc(`VEX.${length}.66.0F38.${isDouble ? 'W1' : 'W0'} ${opcode} /r`, `rw:V${size}`, `r:H${size}`, `r:W${size}`, {
      cpuid: 'fma',
    });
  return {
    mnemonic: `${name}${order}${suffix}`,
    encodings: isScalar ? [row('LIG', suffix)] : [row('L0', 'x'), row('L1', 'qq')],
    lift(c) {
      const { b } = c;
      const lanes = c.width(0) / (isDouble ? 64 : 32);
      const [x, y, z] = ORDERS[order]!;
      const selector = code | (isDouble ? FMA_DOUBLE : 0) | (lanes << FMA_LANES_SHIFT);
      const at = [0, x, y, z].map((i) => c.operandOffset(i));
      c.callChecked(fmaHelper, b.i32(selector), ...at);
      if (c.width(0) !== 256) c.writePart(0, 128, 16, b.v128(0n));
    },
  };
}

export function fmaInstructions(): InsnDef[] {
  return OPERATIONS.flatMap(([name, offset, code, hasScalar]) =>
    Object.keys(ORDERS).flatMap((order) =>
      (hasScalar ? ['ps', 'pd', 'ss', 'sd'] : ['ps', 'pd']).map((suffix) =>
        instruction(name, order, offset, code, suffix),
      ),
    ),
  );
}

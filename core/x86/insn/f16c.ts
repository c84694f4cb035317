/** F16C: SDM vol. 2, VCVTPH2PS and VCVTPS2PH. */
import { SSE_WIDE, sseOpCode } from '../fp/sse-ops.ts';
import type { LiftContext } from '../lift-context.ts';
import { enc, type InsnDef } from '../notation.ts';

const F16C = { cpuid: 'f16c' };

/** Clears a register from byte `from` on, in steps that fit. */
function clearFrom(c: LiftContext, from: number): void {
  const { b } = c;
  if (from === 8) c.writePart(0, 64, 8, b.i64(0));
  if (from < 32) c.writePart(0, 128, 16, b.v128(0n));
}

export const f16c: InsnDef[] = [
  {
    mnemonic: 'vcvtph2ps',
    encodings: [
      enc('VEX.L0.66.0F38.W0 13 /r', 'w:Vx', 'r:Wq', F16C),
      enc('VEX.L1.66.0F38.W0 13 /r', 'w:Vqq', 'r:Wx', F16C),
    ],
    lift(c) {
      const isWide = c.width(0) === 256;
      const code = sseOpCode('cvtph2ps') | (isWide ? SSE_WIDE : 0);
      c.exactSse(code, c.operandOffset(0), c.operandOffset(0), c.operandOffset(1), c.b.i32(0));
      clearFrom(c, isWide ? 32 : 16);
    },
  },
  {
    mnemonic: 'vcvtps2ph',
    encodings: [
      enc('VEX.L0.66.0F3A.W0 1D /r', 'w:Wq', 'r:Vx', 'r:Ib', F16C),
      enc('VEX.L1.66.0F3A.W0 1D /r', 'w:Wx', 'r:Vqq', 'r:Ib', F16C),
    ],
    test: { varies: 'storeHalf' },
    lift(c) {
      const isWide = c.width(1) === 256;
      const code = sseOpCode('cvtps2ph') | (isWide ? SSE_WIDE : 0);
      c.exactSse(code, c.operandOffset(0), c.operandOffset(0), c.operandOffset(1), c.immediate());
      if (!c.isMemory(0)) clearFrom(c, isWide ? 16 : 8);
    },
  },
];

/** AVX and AVX2: the VEX forms of SSE instructions, and the instructions that only VEX has (SDM vol. 2, VBROADCAST .. ). */
import type { InsnDef } from '../notation.ts';
import { avxOnly } from './avx-only.ts';
import { crypto } from './crypto.ts';
import { f16c } from './f16c.ts';
import { fmaInstructions } from './fma.ts';
import { sseExtended } from './sse-extended.ts';
import { comparisons32, sseControl, sseFloat } from './sse-float.ts';
import { sseInteger } from './sse-integer.ts';
import { sseMove } from './sse-move.ts';
import { type VexOptions, vexForms } from './vex.ts';

/** Those without a 256-bit form. */
const ONLY_128 =
  /^(mov[dq]|mov[lh]p[sd]|movhlps|movlhps|pinsr.|pextr.|insertps|extractps|phminposuw|pcmp.str.|dppd|aes.*|pclmulqdq|maskmovdqu|ldmxcsr|stmxcsr)$/;
/** Those that have no VEX form, or one of their own below. */
const LEFT_OUT = /^(sha.*|ptest|p?blendv.*|cmp[ps][sd]|movq2dq|movdq2q)$/;
const SCALAR =
  /^(mov|add|sub|mul|div|min|max|sqrt|rcp|rsqrt|round|cmp)s[sd]$|^u?comis[sd]$|^cvt(si2s[sd]|t?s[sd]2si|ss2sd|sd2ss)$/;
/** Integer instructions are AVX2 in their 256-bit form. */
const INTEGER = /^(p.*|mpsadbw|movntdqa)$/;
const SHIFT_BY_REGISTER = /^ps(ll|rl|ra)[wdq]$/;

/** How the high half of a 256-bit form sees the immediate. */
const IMMEDIATE_SHIFT: Record<string, number> = { shufpd: 2, blendps: 4, blendpd: 2, mpsadbw: 3 };
const MASK_BITS: Record<string, number> = { pmovmskb: 16, movmskps: 4, movmskpd: 2 };
/** 256-bit sources with 128-bit results. */
const NARROWING = /^cvt(pd2ps|t?pd2dq)$/;

function optionsOf(insn: InsnDef, operands: readonly string[]): VexOptions {
  const { mnemonic } = insn;
  const lengths = SCALAR.test(mnemonic) ? 'scalar' : ONLY_128.test(mnemonic) ? 'only128' : 'both';
  return {
    lengths,
    wide: INTEGER.test(mnemonic) ? 'avx2' : 'avx',
    immediateShift: IMMEDIATE_SHIFT[mnemonic] ?? 0,
    maskBits: MASK_BITS[mnemonic] ?? 0,
    // A shift count has 128 bits in either form.
    ...(SHIFT_BY_REGISTER.test(mnemonic) && operands[1] === 'r:Wx' ? { wideOperands: ['w:Vqq', 'r:Hqq', 'r:Wx'] } : {}),
    ...(NARROWING.test(mnemonic) ? { wideOperands: ['w:Vx', 'r:Wqq'] } : {}),
    ...(mnemonic === 'movddup' ? { wideOperands: ['w:Vqq', 'r:Wqq'] } : {}),
  };
}

function derived(insn: InsnDef): InsnDef[] {
  if (LEFT_OUT.test(insn.mnemonic)) return [];
  return insn.encodings.flatMap((spec) => vexForms({ ...insn, encodings: [spec] }, optionsOf(insn, spec.operands)));
}

/** Built when a CPU model asks for it: most programs run without. */
export function avxInstructions(): InsnDef[] {
  const legacy = [...sseMove, ...sseInteger, ...sseExtended, ...crypto, ...sseFloat, ...sseControl];
  return [
    ...legacy.flatMap(derived),
    ...avxOnly,
    ...fmaInstructions(),
    ...f16c,
    ...comparisons32.flatMap((insn) =>
      insn.encodings.flatMap((spec) =>
        vexForms(
          { ...insn, encodings: [spec] },
          { lengths: /s[sd]$/.test(insn.mnemonic) && !/p[sd]$/.test(insn.mnemonic) ? 'scalar' : 'both', wide: 'avx' },
        ),
      ),
    ),
  ];
}

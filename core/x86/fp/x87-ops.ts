/**
 * The x87 instructions by opcode D8..DF and ModRM (SDM vol. 2, appendix A.5, tables ): semantics for
 * x87.ts. Aliases that processors execute though the manual leaves them blank are marked so.
 */
import { loadF32, loadF64, loadI16, loadI32 } from './encoding.ts';
import { exp2m1, log2, log2p1 } from './logarithmic.ts';
import { atan2, cos, sin, tan } from './trigonometric.ts';
import * as arith from './x87-arith.ts';
import * as control from './x87-control.ts';
import type { X87Run } from './x87-transfer.ts';
import * as transfer from './x87-transfer.ts';

export interface X87Op {
  readonly name: string;
  readonly run: X87Run;
  /** First raises #MF for a pending unmasked exception: all but the FN… forms. */
  readonly waits: boolean;
  /** A control instruction: leaves the saved opcode and pointers alone. */
  readonly isControl: boolean;
}

/** Memory forms at ((opcode & 7) << 3) | reg, register forms at ((opcode & 7) << 6) | (ModRM & 0x3f). */
export const memoryForms: (X87Op | undefined)[] = new Array(64).fill(undefined);
export const registerForms: (X87Op | undefined)[] = new Array(512).fill(undefined);

/** Ordinary instructions wait; control instructions are given with whether they do. */
type Kind = 'ordinary' | 'control' | 'control, no wait';

function describe(name: string, run: X87Run, kind: Kind): X87Op {
  return { name, run, waits: kind !== 'control, no wait', isControl: kind !== 'ordinary' };
}
function memory(opcode: number, reg: number, name: string, run: X87Run, kind: Kind = 'ordinary'): void {
  memoryForms[((opcode & 7) << 3) | reg] = describe(name, run, kind);
}
/** A register form that is one whole ModRM byte. */
function fixed(opcode: number, modrm: number, name: string, run: X87Run, kind: Kind = 'ordinary'): void {
  registerForms[((opcode & 7) << 6) | (modrm & 0x3f)] = describe(name, run, kind);
}
/** A register form with ST(i) in the low bits of ModRM. */
function stack(opcode: number, modrm: number, name: string, run: X87Run): void {
  for (let i = 0; i < 8; i++) fixed(opcode, modrm + i, name, run);
}

const arithNames = ['fadd', 'fmul', 'fcom', 'fcomp', 'fsub', 'fsubr', 'fdiv', 'fdivr'];

// Arithmetic with memory.
for (const [opcode, load, infix] of [
  [0xd8, loadF32, 'f'],
  [0xda, loadI32, 'fi'],
  [0xdc, loadF64, 'f'],
  [0xde, loadI16, 'fi'],
] as const) {
  for (let reg = 0; reg < 8; reg++) {
    const operation = arith.OPERATIONS[reg];
    const name = infix + arithNames[reg]!.slice(1);
    memory(opcode, reg, name, operation ? arith.arithMemory(operation, load) : arith.compareMemory(load, reg - 2));
  }
}

// Arithmetic with registers: to ST(0), to ST(i), to ST(i) with a pop. To ST(i), FSUB and FSUBR change places, as do FDIV
// and FDIVR: reg 4 is ST(0) - ST(i).
arith.OPERATIONS.forEach((operation, reg) => {
  if (operation === undefined) return;
  const modrm = 0xc0 + reg * 8;
  const name = arithNames[reg]!;
  const swapped = arith.OPERATIONS[reg < 4 ? reg : reg ^ 1]!;
  const swappedName = arithNames[reg < 4 ? reg : reg ^ 1]!;
  stack(0xd8, modrm, name, arith.arithRegister(operation, false, false));
  stack(0xdc, modrm, swappedName, arith.arithRegister(swapped, true, false));
  stack(0xde, modrm, `${swappedName}p`, arith.arithRegister(swapped, true, true));
});

// Comparisons.
const fcom = arith.compareRegister(true, 'fsw', 0);
const fcomp = arith.compareRegister(true, 'fsw', 1);
stack(0xd8, 0xd0, 'fcom', fcom);
stack(0xd8, 0xd8, 'fcomp', fcomp);
stack(0xdc, 0xd0, 'fcom', fcom); // alias
stack(0xdc, 0xd8, 'fcomp', fcomp); // alias
stack(0xde, 0xd0, 'fcomp', fcomp); // alias
fixed(0xde, 0xd9, 'fcompp', arith.compareRegister(true, 'fsw', 2));
stack(0xdd, 0xe0, 'fucom', arith.compareRegister(false, 'fsw', 0));
stack(0xdd, 0xe8, 'fucomp', arith.compareRegister(false, 'fsw', 1));
fixed(0xda, 0xe9, 'fucompp', arith.compareRegister(false, 'fsw', 2));
stack(0xdb, 0xe8, 'fucomi', arith.compareRegister(false, 'rflags', 0));
stack(0xdb, 0xf0, 'fcomi', arith.compareRegister(true, 'rflags', 0));
stack(0xdf, 0xe8, 'fucomip', arith.compareRegister(false, 'rflags', 1));
stack(0xdf, 0xf0, 'fcomip', arith.compareRegister(true, 'rflags', 1));
fixed(0xd9, 0xe4, 'ftst', arith.ftst);
fixed(0xd9, 0xe5, 'fxam', arith.fxam);

// Loads and stores.
memory(0xd9, 0, 'fld', transfer.fldF32);
memory(0xdd, 0, 'fld', transfer.fldF64);
memory(0xdb, 5, 'fld', transfer.fldF80);
memory(0xd9, 2, 'fst', transfer.fstF32);
memory(0xd9, 3, 'fstp', transfer.fstpF32);
memory(0xdd, 2, 'fst', transfer.fstF64);
memory(0xdd, 3, 'fstp', transfer.fstpF64);
memory(0xdb, 7, 'fstp', transfer.fstpF80);
memory(0xdf, 0, 'fild', transfer.fildI16);
memory(0xdb, 0, 'fild', transfer.fildI32);
memory(0xdf, 5, 'fild', transfer.fildI64);
memory(0xdf, 1, 'fisttp', transfer.fisttpI16);
memory(0xdb, 1, 'fisttp', transfer.fisttpI32);
memory(0xdd, 1, 'fisttp', transfer.fisttpI64);
memory(0xdf, 2, 'fist', transfer.fistI16);
memory(0xdf, 3, 'fistp', transfer.fistpI16);
memory(0xdb, 2, 'fist', transfer.fistI32);
memory(0xdb, 3, 'fistp', transfer.fistpI32);
memory(0xdf, 7, 'fistp', transfer.fistpI64);
memory(0xdf, 4, 'fbld', transfer.fbld);
memory(0xdf, 6, 'fbstp', transfer.fbstp);
stack(0xd9, 0xc0, 'fld', transfer.fldRegister);
stack(0xd9, 0xc8, 'fxch', transfer.fxch);
stack(0xdd, 0xc8, 'fxch', transfer.fxch); // alias
stack(0xdf, 0xc8, 'fxch', transfer.fxch); // alias
stack(0xdd, 0xd0, 'fst', transfer.fstRegister);
stack(0xdd, 0xd8, 'fstp', transfer.fstpRegister);
stack(0xd9, 0xd8, 'fstp', transfer.fstpAlias); // alias
stack(0xdf, 0xd0, 'fstp', transfer.fstpRegister); // alias
stack(0xdf, 0xd8, 'fstp', transfer.fstpRegister); // alias
fixed(0xd9, 0xe8, 'fld1', transfer.fld1);
fixed(0xd9, 0xe9, 'fldl2t', transfer.fldl2t);
fixed(0xd9, 0xea, 'fldl2e', transfer.fldl2e);
fixed(0xd9, 0xeb, 'fldpi', transfer.fldpi);
fixed(0xd9, 0xec, 'fldlg2', transfer.fldlg2);
fixed(0xd9, 0xed, 'fldln2', transfer.fldln2);
fixed(0xd9, 0xee, 'fldz', transfer.fldz);

// Conditional moves.
for (const [opcode, conditions] of [
  [0xda, ['b', 'e', 'be', 'u']],
  [0xdb, ['nb', 'ne', 'nbe', 'nu']],
] as const) {
  conditions.forEach((condition, index) => {
    stack(opcode, 0xc0 + index * 8, `fcmov${condition}`, transfer.fcmov);
  });
}

// On ST(0), or ST(0) and ST(1).
fixed(0xd9, 0xe0, 'fchs', arith.fchs);
fixed(0xd9, 0xe1, 'fabs', arith.fabs);
fixed(0xd9, 0xf4, 'fxtract', arith.fxtract);
fixed(0xd9, 0xf5, 'fprem1', arith.fprem(true));
fixed(0xd9, 0xf8, 'fprem', arith.fprem(false));
fixed(0xd9, 0xfa, 'fsqrt', arith.fsqrt);
fixed(0xd9, 0xfc, 'frndint', arith.frndint);
fixed(0xd9, 0xfd, 'fscale', arith.fscale);

// Transcendental functions.
fixed(0xd9, 0xf0, 'f2xm1', arith.unary(exp2m1, false));
fixed(0xd9, 0xf1, 'fyl2x', arith.binaryPop(log2));
fixed(0xd9, 0xf2, 'fptan', arith.trigonometricPair(tan, arith.one));
fixed(0xd9, 0xf3, 'fpatan', arith.binaryPop(atan2));
fixed(0xd9, 0xf9, 'fyl2xp1', arith.binaryPop(log2p1));
fixed(0xd9, 0xfb, 'fsincos', arith.trigonometricPair(sin, cos));
fixed(0xd9, 0xfe, 'fsin', arith.trigonometric(sin));
fixed(0xd9, 0xff, 'fcos', arith.trigonometric(cos));

// Stack and control.
fixed(0xd9, 0xd0, 'fnop', () => {});
fixed(0xd9, 0xf6, 'fdecstp', control.fdecstp);
fixed(0xd9, 0xf7, 'fincstp', control.fincstp);
stack(0xdd, 0xc0, 'ffree', control.ffree);
stack(0xdf, 0xc0, 'ffreep', control.ffreep);
// Of the 8087 and 80287; they do nothing since.
fixed(0xdb, 0xe0, 'fneni', () => {}, 'control, no wait');
fixed(0xdb, 0xe1, 'fndisi', () => {}, 'control, no wait');
fixed(0xdb, 0xe4, 'fnsetpm', () => {}, 'control, no wait');
memory(0xd9, 5, 'fldcw', control.fldcw, 'control');
memory(0xd9, 7, 'fnstcw', control.fnstcw, 'control, no wait');
memory(0xdd, 7, 'fnstsw', control.fnstsw, 'control, no wait');
fixed(0xdf, 0xe0, 'fnstsw', control.fnstswAx, 'control, no wait');
fixed(0xdb, 0xe2, 'fnclex', control.fnclex, 'control, no wait');
fixed(0xdb, 0xe3, 'fninit', control.fninit, 'control, no wait');
memory(0xd9, 4, 'fldenv', control.fldenv, 'control');
memory(0xd9, 6, 'fnstenv', control.fnstenv, 'control, no wait');
memory(0xdd, 4, 'frstor', control.frstor, 'control');
memory(0xdd, 6, 'fnsave', control.fnsave, 'control, no wait');

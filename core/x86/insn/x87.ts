/**
 * x87 rows (SDM vol. 2, appendix A.5). What each instruction does is in core/x86/fp; here are opcodes, the memory operands'
 * sizes, and the saved state: FWAIT, EMMS, FXSAVE, FXRSTOR, XSAVE, XSAVEC, XSAVEOPT, XRSTOR.
 */
import type { Node } from '../../ir/ir.ts';
import { VEC_GP, VEC_MF } from '../../vcpu/exits.ts';
import * as st from '../../vcpu/state.ts';
import { RAX } from '../../vcpu/state.ts';
import { SELECTOR_SHORT, x87Instruction } from '../fp/x87.ts';
import { emmsHelper, stateHelper, x87Helper } from '../helpers/declared.ts';
import type { LiftContext } from '../lift-context.ts';
import { enc, type InsnDef } from '../notation.ts';
import { CONDITION_FLAGS } from './mov.ts';
import { type Usual, usualMemoryForm, usualRegisterForm } from './x87-routines.ts';

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

/**
 * Memory operands of D8..DF by ModRM.reg: access and width (w 16, d 32, q 64, t 80 bits), `e` environment, `s` whole state.
 */
const MEMORY: Record<number, string> = {
  216: 'rd rd rd rd rd rd rd rd',
  217: 'rd -- wd wd re rw we ww',
  218: 'rd rd rd rd rd rd rd rd',
  219: 'rd wd wd wd -- rt -- wt',
  220: 'rq rq rq rq rq rq rq rq',
  221: 'rq wq wq wq rs -- ws ww',
  222: 'rw rw rw rw rw rw rw rw',
  223: 'rw ww ww ww rt rq wt wq',
};

/** The status word with TOP, as it is stored. */
function fullStatus(c: LiftContext): Node {
  const { b } = c;
  return b.or(c.field(st.fsw), b.shl(c.field(st.fpTop), b.i32(11)));
}

/** FSW.ES: an unmasked exception waits for the next waiting instruction. */
const FSW_ES = 0x80;

function memoryForm(opcode: number, reg: number, kind: string): InsnDef {
  const selector = ((opcode & 7) << 8) | (reg << 3);
  const [access, size] = [kind[0] as 'r' | 'w', kind[1]!];
  const isState = size === 'e' || size === 's';
  const usual = usualMemoryForm(opcode, reg);
  const mnemonic = x87Instruction(selector)!.name;
  return {
    mnemonic,
    encodings: [enc(`${hex(opcode)} /${reg}`, isState ? '-:Mv' : `${access}:M${size}`)],
    ...(access === 'w' && !isState ? { test: { varies: 'storeX87' } } : {}),
    lift(c) {
      const isShort = isState && c.size === 16;
      if (mnemonic === 'fnstsw' || mnemonic === 'fnstcw') {
        c.write(0, mnemonic === 'fnstsw' ? fullStatus(c) : c.field(st.fcw));
        return;
      }
      if (isState) {
        const environment = isShort ? 14 : 28;
        c.b.check(c.address(0), size === 'e' ? environment : environment + 80, access);
      }
      const exact = (): void =>
        c.callChecked(x87Helper, c.b.i32(selector | (isShort ? SELECTOR_SHORT : 0)), c.operandOffset(0));
      usualOrExact(c, usual, 'memory', c.b.i32(selector), exact);
    },
  };
}

/** The usual case by its routine, else, or if there is none, `exact`. */
function usualOrExact(
  c: LiftContext,
  usual: ((c: LiftContext) => Usual) | undefined,
  form: 'memory' | 'register',
  selector: Node,
  exact: () => void,
): void {
  const { b } = c;
  if (usual === undefined) {
    exact();
    return;
  }
  const { answer, finish, isControl } = usual(c);
  const done = (): void => {
    if (!isControl) savePointers(c, selector, form === 'memory');
    finish?.(c);
  };
  b.usually(b.op('i32.ge_s', answer, b.i32(0)), done, exact);
}

/** What every instruction but control instructions leaves behind: FOP, FIP, and FDP if it has a memory operand. */
function savePointers(c: LiftContext, selector: Node, hasMemory: boolean): void {
  const { b } = c;
  c.setField(st.fpOpcode, selector);
  c.setField(st.fpIp, c.thisIp());
  if (hasMemory) c.setField(st.fpDp, b.extendU(b.wrap(c.address(0))));
}

const CONDITIONS: Record<string, number> = { b: 2, e: 4, be: 6, u: 10, nb: 3, ne: 5, nbe: 7, nu: 11 };

/** Register forms: one row for a group of eight that only differ in ST(i), else one for each ModRM byte. */
function registerForms(opcode: number): InsnDef[] {
  const name = (modrm: number): string | undefined => x87Instruction(((opcode & 7) << 8) | modrm)?.name;
  const defs: InsnDef[] = [];
  for (let first = 0xc0; first < 0x100; first += 8) {
    const names = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => name(first + i));
    if (names[0] !== undefined && names.every((n) => n === names[0])) {
      defs.push(registerForm(opcode, first, names[0], true));
    } else {
      names.forEach((n, i) => {
        if (n !== undefined) defs.push(registerForm(opcode, first + i, n, false));
      });
    }
  }
  return defs;
}

function registerForm(opcode: number, modrm: number, mnemonic: string, hasIndex: boolean): InsnDef {
  const selector = ((opcode & 7) << 8) | modrm;
  const encoding = hasIndex
    ? enc(`${hex(opcode)} /${(modrm >> 3) & 7}`, 'rw:STi')
    : enc(`${hex(opcode)} ${hex(modrm)}`);
  const condition = mnemonic.startsWith('fcmov') ? CONDITIONS[mnemonic.slice(5)] : undefined;
  const usual = usualRegisterForm(opcode, mnemonic, hasIndex, condition);
  const writesFlags = /comip?$/.test(mnemonic);
  return {
    mnemonic,
    encodings: [encoding],
    ...(writesFlags ? { flags: { writes: 'oszapc' } } : {}),
    ...(condition === undefined ? {} : { flags: { reads: CONDITION_FLAGS[condition]! } }),
    ...(TRANSCENDENTAL.has(mnemonic) ? { test: { tolerance: 'transcendental' } } : {}),
    lift(c) {
      const { b } = c;
      if (mnemonic === 'fnstsw') {
        c.setGpr(RAX, 16, fullStatus(c));
        return;
      }
      const operation = hasIndex ? b.or(b.i32(selector), c.operandOffset(0)) : b.i32(selector);
      usualOrExact(c, usual, 'register', operation, () =>
        c.callChecked(x87Helper, operation, condition === undefined ? b.i32(0) : c.condition(condition)),
      );
    },
  };
}

const TRANSCENDENTAL = new Set(['fsin', 'fcos', 'fsincos', 'fptan', 'fpatan', 'f2xm1', 'fyl2x', 'fyl2xp1']);

const OPCODES = [0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf];

/** Raises #MF for a pending exception. */
function wait(c: LiftContext): void {
  const { b } = c;
  b.if(b.and(c.field(st.fsw), b.i32(FSW_ES)), () => b.raise(VEC_MF));
}

/** XSAVE areas without and with the high halves of the YMM registers. */
const XSAVE_BYTES = 576;
const XSAVE_BYTES_AVX = 832;

/** Which of the state instructions: the first argument of the helper. */
export const STATE_OPERATIONS = ['fxsave', 'fxrstor', 'xsave', 'xsavec', 'xrstor'] as const;

function stateInstruction(
  mnemonic: string,
  operation: (typeof STATE_OPERATIONS)[number],
  opcode: string,
  bytes: number,
  align: number,
  cpuid: string,
): InsnDef {
  const access = operation.endsWith('rstor') ? 'r' : 'w';
  return {
    mnemonic,
    encodings: [enc(`NP 0F ${opcode}`, '-:My', { cpuid })],
    ...(operation.startsWith('xs') || operation === 'xrstor'
      ? { test: { skip: 'which components count as in use differs between CPUs' } }
      : {}),
    lift(c) {
      const { b } = c;
      const address = c.address(0);
      b.if(b.and(b.wrap(address), b.i32(align - 1)), () => b.raise(VEC_GP));
      b.check(address, bytes, access);
      const mask: Node = c.gpr(RAX, 32);
      const hasAvx = b.and(b.and(mask, c.field(st.xcr0)), b.i32(4));
      if (bytes === XSAVE_BYTES) b.if(hasAvx, () => b.check(address, XSAVE_BYTES_AVX, access));
      // No component above 31 exists, so EDX does not matter.
      const isWide = b.i32(c.width(0) === 64 ? 1 : 0);
      c.callChecked(stateHelper, b.i32(STATE_OPERATIONS.indexOf(operation)), c.operandOffset(0), mask, isWide);
    },
  };
}

export const x87: InsnDef[] = [
  ...OPCODES.flatMap((opcode) =>
    MEMORY[opcode]!.split(' ').flatMap((kind, reg) => (kind === '--' ? [] : [memoryForm(opcode, reg, kind)])),
  ),
  ...OPCODES.flatMap(registerForms),
  { mnemonic: 'fwait', encodings: [enc('9B')], lift: wait },
  {
    mnemonic: 'emms',
    encodings: [enc('NP 0F 77')],
    lift(c) {
      c.callChecked(emmsHelper);
    },
  },
  stateInstruction('fxsave', 'fxsave', 'AE /0', 512, 16, 'fxsr'),
  stateInstruction('fxrstor', 'fxrstor', 'AE /1', 512, 16, 'fxsr'),
  stateInstruction('xsave', 'xsave', 'AE /4', XSAVE_BYTES, 64, 'xsave'),
  stateInstruction('xrstor', 'xrstor', 'AE /5', XSAVE_BYTES, 64, 'xsave'),
  stateInstruction('xsaveopt', 'xsave', 'AE /6', XSAVE_BYTES, 64, 'xsaveopt'),
  stateInstruction('xsavec', 'xsavec', 'C7 /4', XSAVE_BYTES, 64, 'xsavec'),
];

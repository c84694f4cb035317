/** Control transfer: SDM vol. 2, JMP Jcc CALL RET LOOP JRCXZ. Near branches always have 64-bit operands here. */
import { RCX, RSP } from '../../vcpu/state.ts';
import type { LiftContext } from '../lift-context.ts';
import { enc, type InsnDef } from '../notation.ts';
import { CONDITION_FLAGS, CONDITIONS } from './mov.ts';

const NEAR = { default64: true, ignore66: true };
const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');
const BRANCH = { setup: 'branch' } as const;

const jcc = (code: number): InsnDef => ({
  mnemonic: `j${CONDITIONS[code]}`,
  encodings: [enc(hex(0x70 + code), '-:Jb', NEAR), enc(`0F ${hex(0x80 + code)}`, '-:Jz', NEAR)],
  flags: { reads: CONDITION_FLAGS[code]! },
  test: BRANCH,
  lift(c) {
    c.b.if(c.condition(code), () => c.jump());
  },
});

/** LOOP, LOOPE, LOOPNE: counts RCX (ECX with 32-bit addresses) down first. */
function loop(mnemonic: string, opcode: string, flag?: (c: LiftContext) => ReturnType<LiftContext['getZf']>): InsnDef {
  return {
    mnemonic,
    encodings: [enc(opcode, '-:Jb', NEAR)],
    flags: flag ? { reads: 'z' } : {},
    test: BRANCH,
    lift(c) {
      const { b } = c;
      const width = c.addressSize;
      const old = c.gpr(RCX, width);
      const count = b.sub(old, b.like(old, 1));
      c.setGpr(RCX, width, count);
      const isMore = b.ne(count, b.like(count, 0));
      b.if(flag ? b.and(isMore, flag(c)) : isMore, () => c.jump());
    },
  };
}

export const branch: InsnDef[] = [
  ...CONDITIONS.map((_, code) => jcc(code)),
  {
    mnemonic: 'jmp',
    encodings: [enc('EB', '-:Jb', NEAR), enc('E9', '-:Jz', NEAR)],
    endsBlock: true,
    test: BRANCH,
    lift(c) {
      c.jump();
    },
  },
  {
    mnemonic: 'jmp',
    encodings: [enc('FF /4', 'r:Eq', NEAR)],
    endsBlock: true,
    test: BRANCH,
    lift(c) {
      c.jumpIndirect(c.read(0));
    },
  },
  {
    mnemonic: 'call',
    encodings: [enc('E8', '-:Jz', NEAR)],
    endsBlock: true,
    stack: 'w',
    test: BRANCH,
    lift(c) {
      c.push(c.nextIp(), 64);
      c.jump();
    },
  },
  {
    mnemonic: 'call',
    encodings: [enc('FF /2', 'r:Eq', NEAR)],
    endsBlock: true,
    stack: 'w',
    test: BRANCH,
    lift(c) {
      const target = c.read(0);
      c.push(c.nextIp(), 64);
      c.jumpIndirect(target);
    },
  },
  {
    mnemonic: 'ret',
    encodings: [enc('C3', NEAR)],
    endsBlock: true,
    stack: 'r',
    test: BRANCH,
    lift(c) {
      c.returnTo(c.pop(64));
    },
  },
  {
    mnemonic: 'ret',
    encodings: [enc('C2', 'r:Iw', NEAR)],
    endsBlock: true,
    stack: 'r',
    test: BRANCH,
    lift(c) {
      const { b } = c;
      const target = c.pop(64);
      const extra = b.extendU(b.and(c.immediate(), b.i32(0xffff)));
      c.setGpr(RSP, 64, b.add(c.gpr(RSP, 64), extra));
      c.returnTo(target);
    },
  },
  loop('loopne', 'E0', (c) => c.b.eqz(c.getZf())),
  loop('loope', 'E1', (c) => c.getZf()),
  loop('loop', 'E2'),
  {
    mnemonic: 'jrcxz',
    encodings: [enc('E3', '-:Jb', NEAR)],
    test: BRANCH,
    lift(c) {
      c.b.if(c.b.eqz(c.gpr(RCX, c.addressSize)), () => c.jump());
    },
  },
];

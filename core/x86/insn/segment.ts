/**
 * Segments as far as user mode can tell (SDM vol. 2): LAR LSL VERR VERW, PUSH and POP of FS and GS, and the system table
 * registers as Linux answers for them where UMIP keeps them from programs (SGDT SIDT SLDT STR SMSW).
 */
import type { Node } from '../../ir/ir.ts';
import { VEC_GP } from '../../vcpu/exits.ts';
import { RSP } from '../../vcpu/state.ts';
import type { LiftContext } from '../lift-context.ts';
import { enc, type InsnDef } from '../notation.ts';

/** The descriptors that Linux lets user mode see: selector without RPL, access rights, limit. */
const DESCRIPTORS = [
  { selector: 0x20, rights: 0x00cf_fb00, limit: 0xffff_ffff, isWritable: false },
  { selector: 0x28, rights: 0x00cf_f300, limit: 0xffff_ffff, isWritable: true },
  { selector: 0x30, rights: 0x00af_fb00, limit: 0xffff_ffff, isWritable: false },
  // The limit is the number of the CPU: 0.
  { selector: 0x78, rights: 0x0040_f500, limit: 0, isWritable: false },
];

const TABLES = { skip: 'descriptor tables of the host' };
const D64 = { default64: true };

/** i32: 1 when the selector in operand `i` names one of `descriptors`. */
function isOneOf(c: LiftContext, i: number, descriptors: readonly { selector: number }[]): Node {
  const { b } = c;
  const selector = b.and(c.read(i), b.i32(0xfffc));
  return descriptors.map((d) => b.eq(selector, b.i32(d.selector))).reduce((x, y) => b.or(x, y));
}

/** LAR and LSL: ZF tells whether the selector is good; only then the destination is written. */
function query(mnemonic: string, opcode: string, field: 'rights' | 'limit'): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`0F ${opcode} /r`, 'w:Gv', 'r:Ew')],
    flags: { writes: 'z' },
    test: TABLES,
    lift(c) {
      const { b } = c;
      const selector = b.and(c.read(1), b.i32(0xfffc));
      const value = DESCRIPTORS.reduce(
        (other, d) => b.select(b.eq(selector, b.i32(d.selector)), b.i32(d[field] | 0), other),
        b.i32(0),
      );
      const isGood = isOneOf(c, 1, DESCRIPTORS);
      c.setZf(isGood);
      b.if(isGood, () => c.write(0, c.width(0) === 64 ? b.extendU(value) : value));
    },
  };
}

function verify(mnemonic: string, digit: number, descriptors: readonly { selector: number }[]): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`0F 00 /${digit}`, 'r:Ew')],
    flags: { writes: 'z' },
    test: TABLES,
    lift: (c) => c.setZf(isOneOf(c, 0, descriptors)),
  };
}

/** A constant to a register of any width or 16 bits of memory. */
function constant(mnemonic: string, opcode: string, value: number): InsnDef {
  return {
    mnemonic,
    encodings: [enc(opcode, 'w:Rv'), enc(opcode, 'w:Mw')],
    test: TABLES,
    lift(c) {
      const node = c.b.i32(value | 0);
      c.write(0, c.width(0) === 64 ? c.b.extendU(node) : node);
    },
  };
}

/** SGDT and SIDT: a limit of 0 and a base in the kernel's half. */
function tableRegister(mnemonic: string, digit: number, base: bigint): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`0F 01 /${digit}`, '-:M')],
    test: TABLES,
    lift(c) {
      const { b } = c;
      const address = c.address(0);
      b.check(address, 10, 'w');
      b.store('i64.store16', address, b.i64(0));
      b.store('i64.store', b.add(address, b.i64(2)), b.i64(base));
    },
  };
}

/** FS and GS hold null selectors; the null ones and that of user data may be loaded. */
function pushPop(pushOpcode: string, popOpcode: string): InsnDef[] {
  return [
    {
      mnemonic: 'push',
      encodings: [enc(pushOpcode, D64)],
      stack: 'w',
      test: { setup: 'stack' },
      lift: (c) => c.push(c.size === 64 ? c.b.i64(0) : c.b.i32(0), c.size),
    },
    {
      mnemonic: 'pop',
      encodings: [enc(popOpcode, D64)],
      stack: 'r',
      test: { skip: 'selectors of the host' },
      lift(c) {
        const { b } = c;
        const top = c.gpr(RSP, 64);
        const selector = b.and(b.wrap(c.loadAt(top, c.size)), b.i32(0xffff));
        const isGood = b.or(b.ltU(selector, b.i32(4)), b.eq(selector, b.i32(0x2b)));
        b.if(b.eqz(isGood), () => b.raise(VEC_GP, b.and(selector, b.i32(0xfffc))));
        c.setGpr(RSP, 64, b.add(top, b.i64(c.size / 8)));
      },
    },
  ];
}

export const segments: InsnDef[] = [
  query('lar', '02', 'rights'),
  query('lsl', '03', 'limit'),
  verify('verr', 4, DESCRIPTORS),
  verify(
    'verw',
    5,
    DESCRIPTORS.filter((d) => d.isWritable),
  ),
  constant('sldt', '0F 00 /0', 0),
  constant('str', '0F 00 /1', 0x40),
  constant('smsw', '0F 01 /4', 0x8005_0033),
  tableRegister('sgdt', 0, 0xffff_ffff_fffe_0000n),
  tableRegister('sidt', 1, 0xffff_ffff_ffff_0000n),
  ...pushPop('0F A0', '0F A1'),
  ...pushPop('0F A8', '0F A9'),
];

/** Data movement: SDM vol. 2, MOV MOVZX MOVSX MOVSXD LEA XCHG BSWAP MOVBE CMOVcc SETcc CBW.. CWD.. LAHF SAHF XLAT. */
import type { Node } from '../../ir/ir.ts';
import * as st from '../../vcpu/state.ts';
import { RAX, RBX, RDX } from '../../vcpu/state.ts';
import type { LiftContext, Width } from '../lift-context.ts';
import { enc, type InsnDef } from '../notation.ts';
import { readFlags } from '../rflags.ts';

export const CONDITIONS = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];
export const CONDITION_FLAGS = ['o', 'o', 'c', 'c', 'z', 'z', 'cz', 'cz', 's', 's', 'p', 'p', 'so', 'so', 'szo', 'szo'];

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

/** Sign- or zero-extends operand 1 (narrower) into operand 0. */
function extend(mnemonic: string, encodings: InsnDef['encodings'], isSigned: boolean): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      const { b } = c;
      const from = c.width(1) as Width;
      const to = c.width(0);
      const value = c.read(1);
      if (to === 64) c.write(0, isSigned ? b.signExtend64(value, from) : b.extendU(value));
      else c.write(0, isSigned && from < 32 ? b.op(`i32.extend${from}_s`, value) : value);
    },
  };
}

function byteSwap(c: LiftContext, value: Node, width: Width): Node {
  const { b } = c;
  if (width === 64) {
    const low = byteSwap(c, b.wrap(value), 32);
    const high = byteSwap(c, b.wrap(b.shrU(value, b.i64(32))), 32);
    return b.or(b.shl(b.extendU(low), b.i64(32)), b.extendU(high));
  }
  const k = (n: number): Node => b.i32(n);
  if (width === 16) return b.or(b.shl(b.and(value, k(0xff)), k(8)), b.shrU(b.and(value, k(0xff00)), k(8)));
  return b.or(
    b.and(b.op('i32.rotl', value, k(8)), k(0x00ff00ff)),
    b.and(b.op('i32.rotr', value, k(8)), k(0xff00ff00 | 0)),
  );
}

const cmov = (code: number): InsnDef => ({
  mnemonic: `cmov${CONDITIONS[code]}`,
  encodings: [enc(`0F ${hex(0x40 + code)} /r`, 'rw:Gv', 'r:Ev')],
  flags: { reads: CONDITION_FLAGS[code]! },
  lift(c) {
    // A 32-bit destination is zero-extended even when nothing moves.
    c.write(0, c.b.select(c.condition(code), c.read(1), c.read(0)));
  },
});

const set = (code: number): InsnDef => ({
  mnemonic: `set${CONDITIONS[code]}`,
  encodings: [enc(`0F ${hex(0x90 + code)} /r`, 'w:Eb')],
  flags: { reads: CONDITION_FLAGS[code]! },
  lift(c) {
    c.write(0, c.condition(code));
  },
});

export const mov: InsnDef[] = [
  {
    mnemonic: 'mov',
    encodings: [
      enc('88 /r', 'w:Eb', 'r:Gb'),
      enc('89 /r', 'w:Ev', 'r:Gv'),
      enc('8A /r', 'w:Gb', 'r:Eb'),
      enc('8B /r', 'w:Gv', 'r:Ev'),
      enc('B0 +r', 'w:Zb', 'r:Ib'),
      enc('B8 +r', 'w:Zv', 'r:Iv'),
      enc('C6 /0', 'w:Eb', 'r:Ib'),
      enc('C7 /0', 'w:Ev', 'r:sIz'),
      enc('A0', 'w:AL', 'r:Ob'),
      enc('A1', 'w:rAX', 'r:Ov'),
      enc('A2', 'w:Ob', 'r:AL'),
      enc('A3', 'w:Ov', 'r:rAX'),
    ],
    lift(c) {
      c.write(0, c.read(1));
    },
  },
  extend('movzx', [enc('0F B6 /r', 'w:Gv', 'r:Eb'), enc('0F B7 /r', 'w:Gv', 'r:Ew')], false),
  extend('movsx', [enc('0F BE /r', 'w:Gv', 'r:Eb'), enc('0F BF /r', 'w:Gv', 'r:Ew')], true),
  extend('movsxd', [enc('REX.W 63 /r', 'w:Gv', 'r:Ed')], true),
  {
    // Without REX.W a plain move (16-bit: of 16 bits).
    mnemonic: 'movsxd',
    encodings: [enc('REX.0 63 /r', 'w:Gv', 'r:Ev')],
    lift(c) {
      c.write(0, c.read(1));
    },
  },
  {
    mnemonic: 'lea',
    encodings: [enc('8D /r', 'w:Gv', '-:M')],
    lift(c) {
      const address = c.offset(1);
      c.write(0, c.size === 64 ? address : c.b.wrap(address));
    },
  },
  {
    mnemonic: 'xchg',
    encodings: [enc('86 /r', 'rw:Eb', 'rw:Gb'), enc('87 /r', 'rw:Ev', 'rw:Gv'), enc('90 +r', 'rw:Zv', 'rw:rAX')],
    lock: true,
    lift(c) {
      const a = c.read(0);
      const x = c.read(1);
      c.write(1, a);
      c.write(0, x);
    },
  },
  {
    mnemonic: 'bswap',
    encodings: [enc('0F C8 +r', 'rw:Zv')],
    lift(c) {
      // With a 16-bit operand the manual leaves the result undefined; CPUs give 0.
      const width = c.width(0) as Width;
      c.write(0, width === 16 ? c.b.i32(0) : byteSwap(c, c.read(0), width));
    },
  },
  {
    mnemonic: 'movbe',
    encodings: [
      enc('NP 0F 38 F0 /r', 'w:Gv', 'r:Mv', { cpuid: 'movbe' }),
      enc('NP 0F 38 F1 /r', 'w:Mv', 'r:Gv', { cpuid: 'movbe' }),
      enc('66 0F 38 F0 /r', 'w:Gw', 'r:Mw', { cpuid: 'movbe' }),
      enc('66 0F 38 F1 /r', 'w:Mw', 'r:Gw', { cpuid: 'movbe' }),
      enc('REX.W 66 0F 38 F0 /r', 'w:Gq', 'r:Mq', { cpuid: 'movbe' }),
      enc('REX.W 66 0F 38 F1 /r', 'w:Mq', 'r:Gq', { cpuid: 'movbe' }),
    ],
    lift(c) {
      c.write(0, byteSwap(c, c.read(1), c.width(0) as Width));
    },
  },
  {
    mnemonic: 'movnti',
    encodings: [enc('NP 0F C3 /r', 'w:My', 'r:Gy')],
    lift(c) {
      c.write(0, c.read(1));
    },
  },
  ...CONDITIONS.map((_, code) => cmov(code)),
  ...CONDITIONS.map((_, code) => set(code)),
  {
    // CBW CWDE CDQE by operand size.
    mnemonic: 'cdqe',
    encodings: [enc('98', 'w:rAX')],
    lift(c) {
      const { b } = c;
      if (c.size === 64) c.write(0, b.extendS(c.gpr(RAX, 32)));
      else if (c.size === 32) c.write(0, b.op('i32.extend16_s', c.gpr(RAX, 16)));
      else c.write(0, b.op('i32.extend8_s', c.gpr(RAX, 8)));
    },
  },
  {
    // CWD CDQ CQO by operand size.
    mnemonic: 'cqo',
    encodings: [enc('99', 'r:rAX')],
    lift(c) {
      const { b, size } = c;
      const a = c.read(0);
      if (size === 64) c.setGpr(RDX, 64, b.shrS(a, b.i64(63)));
      else c.setGpr(RDX, size, b.shrS(size === 16 ? b.op('i32.extend16_s', a) : a, b.i32(31)));
    },
  },
  {
    mnemonic: 'lahf',
    encodings: [enc('9F')],
    flags: { reads: 'szapc' },
    lift(c) {
      const flags = c.b.and(readFlags(c), c.b.i32(0xd7));
      c.b.put('i32.store8', { kind: 'fixed', offset: st.gprOffset(RAX) + 1 }, flags);
    },
  },
  {
    mnemonic: 'sahf',
    encodings: [enc('9E')],
    flags: { writes: 'szapc' },
    lift(c) {
      const { b } = c;
      const ah = b.state('i32.load8_u', { kind: 'fixed', offset: st.gprOffset(RAX) + 1 });
      const bit = (n: number): Node => b.and(b.shrU(ah, b.i32(n)), b.i32(1));
      c.setCf(bit(0));
      c.setPf(bit(2));
      c.setAf(bit(4));
      c.setZf(bit(6));
      c.setSf(bit(7));
    },
  },
  {
    mnemonic: 'xlat',
    encodings: [enc('D7')],
    test: { setup: 'string' },
    lift(c) {
      const { b } = c;
      const address = b.add(c.gpr(RBX, 64), b.extendU(c.gpr(RAX, 8)));
      const cutAddress = c.addressSize === 32 ? b.and(address, b.i64(0xffffffffn)) : address;
      c.setGpr(RAX, 8, c.loadAt(c.withSegment(cutAddress), 8));
    },
  },
];

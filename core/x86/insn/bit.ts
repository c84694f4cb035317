/** Bit instructions: SDM vol. 2, BT BTS BTR BTC BSF BSR POPCNT LZCNT TZCNT, CRC32. */
import type { Node } from '../../ir/ir.ts';
import type { LiftContext, Width } from '../lift-context.ts';
import { enc, type InsnDef } from '../notation.ts';

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

/** Applies the bit operation to `value`, sets CF to the old bit and returns the new value. */
function bitOperation(c: LiftContext, name: string, value: Node, index: Node): Node {
  const { b } = c;
  const mask = b.shl(b.like(value, 1), index);
  c.setCf(b.wrap(b.and(b.shrU(value, index), b.like(value, 1))));
  if (name === 'bts') return b.or(value, mask);
  if (name === 'btr') return b.and(value, b.not(mask));
  return b.xor(value, mask);
}

function bitTest(name: string, opcode: number, number: number): InsnDef[] {
  const access = name === 'bt' ? 'r' : 'rw';
  // ZF stays.
  const flags = { writes: 'osapc', undefined: 'osap' };
  const operate = (c: LiftContext, value: Node, index: Node, write: (v: Node) => void): void => {
    const next = bitOperation(c, name, value, index);
    if (name !== 'bt') write(next);
  };
  return [
    {
      mnemonic: name,
      encodings: [enc(`0F BA /${number}`, `${access}:Ev`, 'r:Ib')],
      flags,
      lock: name !== 'bt',
      lift(c) {
        const { b } = c;
        const value = c.read(0);
        const index = b.and(c.read(1), b.i32(c.size - 1));
        operate(c, value, value.type === 'i64' ? b.extendU(index) : index, (v) => c.write(0, v));
      },
    },
    {
      // A register bit index reaches beyond a memory operand, in both directions.
      mnemonic: name,
      encodings: [enc(`0F ${hex(opcode)} /r`, '-:Ev', 'r:Gv')],
      flags,
      lock: name !== 'bt',
      test: { setup: 'bits' },
      lift(c) {
        const { b } = c;
        const width = c.size;
        const offset = c.read(1);
        const index = b.and(offset, b.like(offset, width - 1));
        if (!c.isMemory(0)) {
          operate(c, c.read(0), index, (v) => c.write(0, v));
          return;
        }
        const wide = b.signExtend64(offset, width);
        const words = b.shrS(wide, b.i64(Math.log2(width)));
        const address = b.add(c.address(0), b.shl(words, b.i64(Math.log2(width / 8))));
        b.check(address, width / 8, name === 'bt' ? 'r' : 'w');
        const value = b.load(width === 64 ? 'i64.load' : width === 32 ? 'i32.load' : 'i32.load16_u', address);
        operate(c, value, index, (v) =>
          b.store(width === 64 ? 'i64.store' : width === 32 ? 'i32.store' : 'i32.store16', address, v),
        );
      },
    },
  ];
}

/** BSF and BSR: the destination is not written when the source is 0. */
function scan(mnemonic: string, opcode: string, find: (c: LiftContext, x: Node, width: Width) => Node): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`0F ${opcode} /r`, 'rw:Gv', 'r:Ev')],
    flags: { writes: 'oszapc', undefined: 'osapc' },
    lift(c) {
      const { b } = c;
      const x = c.read(1);
      const isZero = b.eqz(x);
      c.setZf(isZero);
      b.if(b.eqz(isZero), () => c.write(0, find(c, x, c.size)));
    },
  };
}

/** LZCNT and TZCNT: CF when the source is 0, ZF when the count is. */
function countZeros(
  mnemonic: string,
  opcode: string,
  cpuid: string,
  count: (c: LiftContext, x: Node) => Node,
): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`F3 0F ${opcode} /r`, 'w:Gv', 'r:Ev', { cpuid })],
    flags: { writes: 'oszapc', undefined: 'osap' },
    lift(c) {
      const x = c.read(1);
      const result = count(c, x);
      c.setCf(c.b.eqz(x));
      c.setZf(c.b.eqz(result));
      c.write(0, result);
    },
  };
}

export const bit: InsnDef[] = [
  ...bitTest('bt', 0xa3, 4),
  ...bitTest('bts', 0xab, 5),
  ...bitTest('btr', 0xb3, 6),
  ...bitTest('btc', 0xbb, 7),
  scan('bsf', 'BC', (c, x) => c.b.op(`${x.type}.ctz`, x)),
  scan('bsr', 'BD', (c, x) => {
    const { b } = c;
    const bits = x.type === 'i64' ? 63 : 31;
    return b.sub(b.like(x, bits), b.op(`${x.type}.clz`, x));
  }),
  countZeros('tzcnt', 'BC', 'bmi1', (c, x) => {
    const { b } = c;
    // A bit behind the top one stops the count at 16.
    return b.op(`${x.type}.ctz`, c.size === 16 ? b.or(x, b.i32(0x10000)) : x);
  }),
  countZeros('lzcnt', 'BD', 'lzcnt', (c, x) => {
    const { b } = c;
    const count = b.op(`${x.type}.clz`, x);
    return c.size === 16 ? b.sub(count, b.i32(16)) : count;
  }),
  {
    mnemonic: 'popcnt',
    encodings: [enc('F3 0F B8 /r', 'w:Gv', 'r:Ev', { cpuid: 'popcnt' })],
    flags: { writes: 'oszapc' },
    lift(c) {
      const { b } = c;
      const x = c.read(1);
      const isZero = b.eqz(x);
      for (const set of [c.setCf, c.setOf, c.setSf, c.setPf, c.setAf]) set.call(c, b.i32(0));
      c.setZf(isZero);
      c.write(0, b.op(`${x.type}.popcnt`, x));
    },
  },
  {
    mnemonic: 'crc32',
    encodings: [
      enc('F2 0F 38 F0 /r', 'rw:Gy', 'r:Eb', { cpuid: 'sse4_2' }),
      enc('F2 0F 38 F1 /r', 'rw:Gy', 'r:Ev', { cpuid: 'sse4_2' }),
    ],
    lift(c) {
      const { b } = c;
      const data = c.read(1);
      const width = c.width(1);
      const crc = b.variable(b.wrap(c.read(0)));
      const rest = b.variable(b.extendU(data));
      const left = b.variable(b.i32(width));
      // CRC-32C, reflected polynomial 82F63B78h, bit by bit.
      b.loop(() => {
        const mixed = b.xor(b.get(crc), b.and(b.wrap(b.get(rest)), b.i32(1)));
        const out = b.and(mixed, b.i32(1));
        b.assign(crc, b.xor(b.shrU(mixed, b.i32(1)), b.and(b.sub(b.i32(0), out), b.i32(0x82f63b78 | 0))));
        b.assign(rest, b.shrU(b.get(rest), b.i64(1)));
        const next = b.sub(b.get(left), b.i32(1));
        b.assign(left, next);
        return next;
      });
      const value = b.get(crc);
      c.write(0, c.width(0) === 64 ? b.extendU(value) : value);
    },
  },
];

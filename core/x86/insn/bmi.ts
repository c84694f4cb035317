/** BMI1 and BMI2: SDM vol. 2, ANDN BEXTR BLSI BLSMSK BLSR BZHI MULX PDEP PEXT RORX SARX SHLX SHRX. */
import type { Node } from '../../ir/ir.ts';
import { RDX } from '../../vcpu/state.ts';
import type { LiftContext, Width } from '../lift-context.ts';
import { enc, type InsnDef } from '../notation.ts';
import { mulHighU } from './muldiv.ts';

const BMI1 = { cpuid: 'bmi1' };
const BMI2 = { cpuid: 'bmi2' };

const widthOf = (c: LiftContext): Width => c.width(0) as Width;

/** BLSI BLSMSK BLSR: destination in vvvv; CF from the source being 0 (or not). */
function lowestBit(
  mnemonic: string,
  digit: number,
  carryIfZero: boolean,
  compute: (c: LiftContext, x: Node) => Node,
): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`VEX.L0.NP.0F38.WIG F3 /${digit}`, 'w:By', 'r:Ey', BMI1)],
    flags: { writes: 'oszapc', undefined: 'ap' },
    lift(c) {
      const x = c.read(1);
      const value = compute(c, x);
      const isZero = c.b.eqz(x);
      c.flagsLogic(widthOf(c), value);
      c.setCf(carryIfZero ? isZero : c.b.eqz(isZero));
      c.write(0, value);
    },
  };
}

/** SARX SHLX SHRX: counts are masked, flags stay. */
function shiftWithoutFlags(mnemonic: string, prefix: string, op: 'shl' | 'shr_s' | 'shr_u'): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`VEX.L0.${prefix}.0F38.WIG F7 /r`, 'w:Gy', 'r:Ey', 'r:By', BMI2)],
    lift(c) {
      const x = c.read(1);
      // wasm masks the count just as the CPU does.
      c.write(0, c.b.op(`${x.type}.${op}`, x, c.read(2)));
    },
  };
}

/** Ones in the low `count` bits, all ones from `width` on; count is of the type of the operands. */
function lowMask(c: LiftContext, width: Width, count: Node): Node {
  const { b } = c;
  const isAll = b.geU(count, b.like(count, width));
  const mask = b.sub(b.shl(b.like(count, 1), count), b.like(count, 1));
  return b.select(isAll, b.like(count, -1), mask);
}

/** PDEP and PEXT walk the set bits of the mask. */
function bitMove(mnemonic: string, prefix: string, isDeposit: boolean): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`VEX.L0.${prefix}.0F38.WIG F5 /r`, 'w:Gy', 'r:By', 'r:Ey', BMI2)],
    lift(c) {
      const { b } = c;
      const source = c.read(1);
      const mask = b.variable(c.read(2));
      const one = b.like(source, 1);
      const result = b.variable(b.like(source, 0));
      const position = b.variable(b.like(source, 0));
      b.if(b.ne(b.get(mask), b.like(source, 0)), () =>
        b.loop(() => {
          const rest = b.get(mask);
          const at = b.op(`${rest.type}.ctz`, rest);
          const from = isDeposit ? b.get(position) : at;
          const to = isDeposit ? at : b.get(position);
          b.assign(result, b.or(b.get(result), b.shl(b.and(b.shrU(source, from), one), to)));
          b.assign(position, b.add(b.get(position), one));
          const next = b.and(rest, b.sub(rest, one));
          b.assign(mask, next);
          return b.ne(next, b.like(source, 0));
        }),
      );
      c.write(0, b.get(result));
    },
  };
}

export const bmi: InsnDef[] = [
  {
    mnemonic: 'andn',
    encodings: [enc('VEX.L0.NP.0F38.WIG F2 /r', 'w:Gy', 'r:By', 'r:Ey', BMI1)],
    flags: { writes: 'oszapc', undefined: 'ap' },
    lift(c) {
      const value = c.b.and(c.b.not(c.read(1)), c.read(2));
      c.flagsLogic(widthOf(c), value);
      c.write(0, value);
    },
  },
  lowestBit('blsr', 1, true, (c, x) => c.b.and(x, c.b.sub(x, c.b.like(x, 1)))),
  lowestBit('blsmsk', 2, true, (c, x) => c.b.xor(x, c.b.sub(x, c.b.like(x, 1)))),
  lowestBit('blsi', 3, false, (c, x) => c.b.and(x, c.b.neg(x))),
  {
    mnemonic: 'bextr',
    encodings: [enc('VEX.L0.NP.0F38.WIG F7 /r', 'w:Gy', 'r:Ey', 'r:By', BMI1)],
    flags: { writes: 'oszapc', undefined: 'asp' },
    lift(c) {
      const { b } = c;
      const width = widthOf(c);
      const x = c.read(1);
      const control = c.read(2);
      const start = b.and(control, b.like(x, 0xff));
      const count = b.and(b.shrU(control, b.like(x, 8)), b.like(x, 0xff));
      const shifted = b.select(b.geU(start, b.like(x, width)), b.like(x, 0), b.shrU(x, start));
      const value = b.and(shifted, lowMask(c, width, count));
      c.flagsLogic(width, value);
      c.write(0, value);
    },
  },
  {
    mnemonic: 'bzhi',
    encodings: [enc('VEX.L0.NP.0F38.WIG F5 /r', 'w:Gy', 'r:Ey', 'r:By', BMI2)],
    flags: { writes: 'oszapc', undefined: 'ap' },
    lift(c) {
      const { b } = c;
      const width = widthOf(c);
      const x = c.read(1);
      const count = b.and(c.read(2), b.like(x, 0xff));
      const value = b.and(x, lowMask(c, width, count));
      c.flagsLogic(width, value);
      c.setCf(b.geU(count, b.like(x, width)));
      c.write(0, value);
    },
  },
  {
    mnemonic: 'mulx',
    encodings: [enc('VEX.L0.F2.0F38.WIG F6 /r', 'w:Gy', 'w:By', 'r:Ey', BMI2)],
    lift(c) {
      const { b } = c;
      const x = c.read(2);
      if (widthOf(c) === 64) {
        const y = c.gpr(RDX, 64);
        const low = b.mul(x, y);
        const high = mulHighU(c, x, y);
        c.write(1, low);
        // With equal destinations the high half stays.
        c.write(0, high);
        return;
      }
      const product = b.mul(b.extendU(x), b.extendU(c.gpr(RDX, 32)));
      c.write(1, b.wrap(product));
      c.write(0, b.wrap(b.shrU(product, b.i64(32))));
    },
  },
  bitMove('pdep', 'F2', true),
  bitMove('pext', 'F3', false),
  {
    mnemonic: 'rorx',
    encodings: [enc('VEX.L0.F2.0F3A.WIG F0 /r', 'w:Gy', 'r:Ey', 'r:Ib', BMI2)],
    lift(c) {
      const x = c.read(1);
      const count = c.b.and(c.read(2), c.b.i32(63));
      c.write(0, c.b.op(`${x.type}.rotr`, x, x.type === 'i64' ? c.b.extendU(count) : count));
    },
  },
  shiftWithoutFlags('shlx', '66', 'shl'),
  shiftWithoutFlags('sarx', 'F3', 'shr_s'),
  shiftWithoutFlags('shrx', 'F2', 'shr_u'),
];

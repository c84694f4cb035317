/** Addition of 80-bit numbers; with the sign of an operand changed, subtraction. */
import { declareRoutine } from '../../ir/helpers.ts';
import type { Node } from '../../ir/ir.ts';
import { Code, type Extended } from './extended.ts';

/** Number to physical register `to` = a + x; answers status bits, or FAILED. */
export const addRoutine = declareRoutine(
  'x87Add',
  ['i32', 'i64', 'i32', 'i64', 'i32'],
  'i32',
  (b, to, aSignificand, aHead, xSignificand, xHead) => {
    const code = new Code(b);
    const a = { significand: aSignificand!, head: aHead! };
    const x = { significand: xSignificand!, head: xHead! };
    b.if(b.eqz(b.and(code.isNormal(a), code.isNormal(x))), () => addZero(code, to!, a, x));
    // The larger magnitude first.
    const aExponent = code.exponent(a.head);
    const xExponent = code.exponent(x.head);
    const isSwapped = b.or(
      b.ltU(aExponent, xExponent),
      b.and(b.eq(aExponent, xExponent), b.ltU(a.significand, x.significand)),
    );
    const pick = (first: Node, second: Node): Node => b.select(isSwapped, second, first);
    const large = pick(a.significand, x.significand);
    const small = pick(x.significand, a.significand);
    const head = pick(a.head, x.head);
    const exponent = code.exponent(head);
    const distance = b.sub(exponent, pick(xExponent, aExponent));
    const shifted = b.variable(small);
    const rest = b.variable(b.i64(0));
    b.if(distance, () =>
      align(code, small, distance, (high, low) => {
        b.assign(shifted, high);
        b.assign(rest, low);
      }),
    );
    const sign = code.sign(head);
    b.if(
      code.sign(b.xor(a.head, x.head)),
      () => subtractMagnitudes(code, to!, sign, exponent, large, b.get(shifted), b.get(rest)),
      () => addMagnitudes(code, to!, sign, exponent, large, b.get(shifted), b.get(rest)),
    );
  },
);

/** One of the operands is zero, or not for us. */
function addZero(code: Code, to: Node, a: Extended, x: Extended): void {
  const { b } = code;
  const aIsZero = code.isZero(a);
  const xIsZero = code.isZero(x);
  code.failUnless(b.and(b.or(aIsZero, code.isNormal(a)), b.or(xIsZero, code.isNormal(x))));
  const heads = b.and(a.head, x.head);
  code.write(to, {
    significand: b.or(a.significand, x.significand),
    // The sum of two zeros is negative if both are; else the exponent and sign of the other operand.
    head: b.select(b.and(aIsZero, xIsZero), heads, b.select(aIsZero, x.head, a.head)),
  });
  b.return(b.i32(0));
}

/** Shifts right by 1 or more: what remains, and what is lost, left-aligned and sticky. */
function align(code: Code, value: Node, distance: Node, give: (high: Node, low: Node) => void): void {
  const { b } = code;
  const by = b.extendU(distance);
  b.if(
    b.ltU(distance, b.i32(64)),
    () => give(b.shrU(value, by), b.shl(value, b.sub(b.i64(64), by))),
    () =>
      b.if(
        b.ltU(distance, b.i32(128)),
        () => {
          // Shift counts are taken modulo 64, and by 64 nothing is lost.
          const lost = b.shl(value, b.sub(b.i64(128), by));
          const isWhole = b.eq(distance, b.i32(64));
          const sticky = b.select(isWhole, b.i64(0), code.sticky(lost));
          give(b.i64(0), b.or(b.shrU(value, b.sub(by, b.i64(64))), sticky));
        },
        () => give(b.i64(0), b.i64(1)),
      ),
  );
}

function addMagnitudes(code: Code, to: Node, sign: Node, exponent: Node, large: Node, small: Node, rest: Node): void {
  const { b } = code;
  const sum = b.add(large, small);
  b.if(
    b.ltU(sum, large),
    () => {
      const half = b.or(b.shrU(sum, b.i64(1)), b.i64(1n << 63n));
      const low = b.or(b.shl(sum, b.i64(63)), b.or(b.shrU(rest, b.i64(1)), b.and(rest, b.i64(1))));
      code.finish(to, sign, b.add(exponent, b.i32(1)), half, low);
    },
    () => code.finish(to, sign, exponent, sum, rest),
  );
}

function subtractMagnitudes(
  code: Code,
  to: Node,
  sign: Node,
  exponent: Node,
  large: Node,
  small: Node,
  rest: Node,
): void {
  const { b } = code;
  const high = b.sub(b.sub(large, small), code.sticky(rest));
  const low = b.neg(rest);
  b.if(b.eqz(b.or(high, low)), () => {
    // To nearest, the difference of equal numbers is +0.
    code.write(to, { significand: b.i64(0), head: b.i32(0) });
    b.return(b.i32(0));
  });
  b.if(
    b.ltS(high, b.i64(0)),
    () => code.finish(to, sign, exponent, high, low),
    () =>
      b.if(
        b.eqz(high),
        () => {
          const zeros = b.op('i64.clz', low);
          const last = b.sub(exponent, b.add(b.wrap(zeros), b.i32(64)));
          code.finish(to, sign, last, b.shl(low, zeros), b.i64(0));
        },
        () => {
          const zeros = b.op('i64.clz', high);
          // At least one place, so that the shift by its complement is one by less than 64.
          const significand = b.or(b.shl(high, zeros), b.shrU(low, b.sub(b.i64(64), zeros)));
          code.finish(to, sign, b.sub(exponent, b.wrap(zeros)), significand, b.shl(low, zeros));
        },
      ),
  );
}

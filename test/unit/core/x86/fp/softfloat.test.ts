import { describe, expect, it } from 'vitest';
import { add, sub } from '../../../../../core/x86/fp/add.ts';
import { div, sqrt } from '../../../../../core/x86/fp/div.ts';
import { loadF32, loadF64, storeF32, storeF64 } from '../../../../../core/x86/fp/encoding.ts';
import { mul } from '../../../../../core/x86/fp/mul.ts';
import { BINARY32, BINARY64, FpContext, FpNumber } from '../../../../../core/x86/fp/number.ts';
import { Random, randomPair } from '../../../../diff/fp/random.ts';

const a = new FpNumber();
const b = new FpNumber();
const r = new FpNumber();
const root: typeof add = (_x, y, result, ctx) => sqrt(y, result, ctx);

const operations = [
  { name: 'add', exact: add, host: (x: number, y: number) => x + y },
  { name: 'sub', exact: sub, host: (x: number, y: number) => x - y },
  { name: 'mul', exact: mul, host: (x: number, y: number) => x * y },
  { name: 'div', exact: div, host: (x: number, y: number) => x / y },
  { name: 'sqrt', exact: root, host: (_x: number, y: number) => Math.sqrt(y) },
] as const;

/** Host arithmetic rounds to nearest; through double, single results are right too (2·24 + 2 ≤ 53 bits). */
describe.each([
  { format: 'f64', target: BINARY64, load: loadF64, store: storeF64, round: (x: number) => x },
  { format: 'f32', target: BINARY32, load: loadF32, store: storeF32, round: Math.fround },
] as const)('$format arithmetic', ({ format, target, load, store, round }) => {
  it.each(operations)('$name agrees with the host', ({ exact, host }) => {
    const rnd = new Random(11);
    const dv = new DataView(new ArrayBuffer(24));
    const get = (off: number): number => (format === 'f64' ? dv.getFloat64(off, true) : dv.getFloat32(off, true));
    const ctx = new FpContext(false);
    ctx.target = target;
    const wrong: unknown[] = [];
    for (let i = 0; i < 10_000; i++) {
      randomPair(rnd, dv, 0, 8, format);
      load(dv, 0, a);
      load(dv, 8, b);
      exact(a, b, r, ctx);
      store(dv, 16, r);
      const expected = round(host(get(0), get(8)));
      if (!Object.is(get(16), expected)) wrong.push({ a: get(0), b: get(8), expected, found: get(16) });
    }
    expect(wrong).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { branchWhen } from '../../../../core/interp/conditions.ts';
import { Builder } from '../../../../core/ir/builder.ts';
import type { Node } from '../../../../core/ir/ir.ts';
import { CodeWriter, ModuleWriter } from '../../../../core/wasm/module.ts';

const TYPE = { params: ['i32', 'i32', 'i32'], results: ['i32'] } as const;
const b = new Builder();
/** Stand-ins for the three parameters: values that were computed before. */
const params = [0, 1, 2].map((local) => {
  const node = b.eqz(b.i32(0));
  node.local = local;
  return node;
}) as [Node, Node, Node];
const [p, q, r] = params;

/** A function of three truths: 1 where a branch on `condition` is taken. */
function compileBranch(when: boolean, condition: Node): (...args: number[]) => number {
  const code = new CodeWriter(3);
  const value = (node: Node): void => {
    if (node.local >= 0) code.localGet(node.local);
    else {
      node.args.forEach(value);
      code.op(node.kind.op === 'pure' ? node.kind.name : 'i32.or');
    }
  };
  code.block();
  branchWhen(when, condition, 0, { code, value });
  code.i32Const(0);
  code.return();
  code.end();
  code.i32Const(1);
  const module = new ModuleWriter();
  module.func(TYPE, code, 'f');
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish([])), {});
  return instance.exports.f as (...args: number[]) => number;
}

const one = b.i32(1);
const zero = b.i32(0);
const conditions: Record<string, [Node, (x: number, y: number, z: number) => number]> = {
  'a value': [p, (x) => x],
  not: [b.eqz(p), (x) => 1 - x],
  and: [b.and(b.eqz(p), b.eqz(q)), (x, y) => (1 - x) & (1 - y)],
  or: [b.or(p, q), (x, y) => x | y],
  'and of or': [b.and(b.eqz(p), b.or(b.eqz(q), b.eqz(r))), (x, y, z) => (1 - x) & (1 - (y & z))],
  'or of and': [b.or(b.and(b.eqz(p), b.eqz(q)), r), (x, y, z) => ((1 - x) & (1 - y)) | z],
  'not or': [b.eqz(b.or(p, b.eqz(q))), (x, y) => (1 - x) & y],
  ordinary: [b.and(b.ordinary(p, p, q), b.eqz(r)), (x, y, z) => (x | y) & (1 - z)],
  'surely ordinary': [b.and(b.ordinary(p, one, zero), b.eqz(q)), (_x, y) => 1 - y],
  'never ordinary': [b.ordinary(p, zero, zero), () => 0],
};

describe('conditions as branches', () => {
  for (const [name, [condition, expected]] of Object.entries(conditions)) {
    for (const when of [true, false]) {
      it(`branch ${when ? 'if' : 'unless'} ${name}`, () => {
        const taken = compileBranch(when, condition);
        const inputs = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [i & 1, (i >> 1) & 1, i >> 2] as const);
        const outcomes = inputs.map(([x, y, z]) => taken(x, y, z));
        expect(outcomes).toEqual(inputs.map(([x, y, z]) => Number((expected(x, y, z) !== 0) === when)));
      });
    }
  }

  it('take a bit test for a value', () => {
    const word = (local: number): Node => Object.assign(b.add(zero, zero), { local });
    const bits = compileBranch(true, b.and(word(0), word(1)));
    expect([bits(1, 3, 0), bits(2, 3, 0), bits(4, 3, 0)]).toEqual([1, 1, 0]);
  });
});

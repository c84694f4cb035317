import { describe, expect, it } from 'vitest';
import { Builder } from '../../../../core/ir/builder.ts';
import type { Node } from '../../../../core/ir/ir.ts';
import { lateFaults, verifyStatements } from '../../../../core/ir/verify.ts';
import { liftInsn } from '../../../../core/lift/lift.ts';
import { RecordOperands } from '../../../../core/lift/operand-source.ts';
import { allForms } from '../../../support/forms.ts';

const FIELD = { kind: 'fixed', offset: 64 } as const;

/** Problems of what `build` builds. */
function problemsOf(build: (b: Builder) => void): string[] {
  const b = new Builder();
  build(b);
  return verifyStatements(b.statements);
}

describe('verifier', () => {
  it('finds values that are used outside the branch that defines them', () => {
    const problems = problemsOf((b) => {
      let inner: Node | undefined;
      b.if(b.state('i32.load', FIELD), () => {
        inner = b.state('i64.load', FIELD);
      });
      b.put('i64.store', FIELD, inner!);
    });
    expect(problems).toEqual(['a state is used where it is not defined']);
  });

  it('finds a variable that only one branch assigns', () => {
    const problems = problemsOf((b) => {
      const condition = b.state('i32.load', FIELD);
      b.if(condition, () => {
        const variable = b.variable(b.i32(1));
        b.put('i32.store', FIELD, b.get(variable));
        b.if(condition, () => {});
      });
      const other = { type: 'i32', local: -1 } as const;
      b.put('i32.store', FIELD, b.get(other));
    });
    expect(problems).toEqual(['a variable is read before it is assigned']);
  });

  it('takes what a loop assigns as assigned behind it', () => {
    const problems = problemsOf((b) => {
      const variable = { type: 'i32', local: -1 } as const;
      b.loop(() => {
        b.assign(variable, b.state('i32.load', FIELD));
        return b.get(variable);
      });
      b.put('i32.store', FIELD, b.get(variable));
    });
    expect(problems).toEqual([]);
  });

  it('finds types that do not fit', () => {
    const problems = problemsOf((b) => {
      const wide = b.state('i64.load', FIELD);
      b.put('i32.store', FIELD, wide);
      b.if(wide, () => {});
    });
    expect(problems).toEqual(['i32.store takes i32, not i64', 'an if takes i32, not i64']);
  });

  it('finds accesses beyond what a check has vetted', () => {
    const problems = problemsOf((b) => {
      const address = b.state('i64.load', FIELD);
      b.load('i32.load', address);
      b.check(address, 8, 'r');
      b.load('i32.load', b.add(address, b.i64(4)));
      b.load('i64.load', b.add(address, b.i64(4)));
      b.store('i64.store', address, b.i64(0));
    });
    expect(problems).toEqual([
      '4 bytes are loaded without a check',
      '8 bytes are loaded without a check',
      '8 bytes are stored without a check',
    ]);
  });

  it('finds what follows a jump', () => {
    const problems = problemsOf((b) => {
      b.jump({ kind: 'record' });
      b.put('i32.store', FIELD, b.i32(0));
    });
    expect(problems).toEqual(['a put follows a statement that leaves']);
  });
});

/** Why an instruction may fault though it has changed something. */
const ALLOWED: Record<string, string> = {
  pop: 'moves RSP for the address of its operand and puts it back before it checks',
  enter: 'stores below the stack pointer, which stays until all is done',
  div: 'only scratch fields are changed',
  idiv: 'only scratch fields are changed',
  maskmovdqu: 'stores its bytes one by one, as CPUs may',
  maskmovq: 'stores its bytes one by one, as CPUs may',
  vmaskmovdqu: 'stores its bytes one by one, as CPUs may',
  cvtpi2ps: 'the change to MMX state comes before its own exceptions',
  cvtpi2pd: 'the change to MMX state comes before its own exceptions',
  cvtps2pi: 'the change to MMX state comes before its own exceptions',
  cvttps2pi: 'the change to MMX state comes before its own exceptions',
  cvtpd2pi: 'the change to MMX state comes before its own exceptions',
  cvttpd2pi: 'the change to MMX state comes before its own exceptions',
};

/** Stores behind checks of their own, under conditions that the verifier does not compare: the same mask for both. */
const CHECKED_BY_MASK = new Set(['vmaskmovps', 'vmaskmovpd', 'vpmaskmovd', 'vpmaskmovq']);

describe('IR of every form of every row', () => {
  it('is well formed, and faults before it changes anything', () => {
    const problems: string[] = [];
    const late = new Set<string>();
    for (const { name, form, address } of allForms()) {
      const statements = liftInsn(form, new RecordOperands(address));
      const { mnemonic } = form.encoding.insn;
      for (const problem of verifyStatements(statements)) {
        const isByMask = CHECKED_BY_MASK.has(mnemonic) && problem.endsWith('stored without a check');
        if (!isByMask) problems.push(`${name}: ${problem}`);
      }
      if (lateFaults(statements).length > 0) late.add(mnemonic);
    }
    expect(problems).toEqual([]);
    expect([...late].sort()).toEqual(Object.keys(ALLOWED).sort());
  });
});

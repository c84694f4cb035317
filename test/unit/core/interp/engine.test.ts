import { describe, expect, it } from 'vitest';
import { createEngine } from '../../../../core/interp/create.ts';
import { AddressSpace } from '../../../../core/mem/address-space.ts';
import { PAGE_SIZE } from '../../../../core/mem/layout.ts';
import { Vcpu } from '../../../../core/vcpu/vcpu.ts';

const CODE = 0x10000;
const RDX = 2;

/** Runs machine code up to a `ud2` that ends it. */
function run(code: readonly number[], registers: Readonly<Record<number, bigint>>): Vcpu {
  const space = new AddressSpace(64 << 20);
  const vcpu = new Vcpu(space);
  const engine = createEngine(space, { timestampNs: () => 0, random: () => {} });
  space.mapPages(CODE / PAGE_SIZE, 1, 5, true);
  space.raw(CODE, code.length + 2).set([...code, 0x0f, 0x0b]);
  vcpu.reset();
  for (const [number, value] of Object.entries(registers)) vcpu.setGpr(Number(number), value);
  vcpu.rip = CODE;
  engine.run(1000);
  return vcpu;
}

describe('InterpreterEngine', () => {
  it('ignores an address-size prefix before a register operand', () => {
    // mov rdx, r8 with the padding that OpenSSL's Montgomery multiplication has
    const vcpu = run([0x67, 0x67, 0x4c, 0x89, 0xc2], { 8: 0x1234_5678_9abc_def0n });
    expect(vcpu.gpr(RDX)).toBe(0x1234_5678_9abc_def0n);
  });
});

import { describe, expect, it } from 'vitest';
import { cpuid, features, hasFeature } from '../../../../core/x86/cpuid.ts';
import { Decoder, DecodeTable } from '../../../../core/x86/decoder.ts';
import { instructionSet } from '../../../../core/x86/insn/index.ts';

const featuresOfRows = new Set(
  instructionSet.flatMap((insn) => insn.encodings.flatMap(({ options }) => options.cpuid ?? [])),
);

describe('CPUID', () => {
  it('shows every feature that a row of the instruction table names', () => {
    expect([...featuresOfRows].filter((name) => !hasFeature(name))).toEqual([]);
  });

  it('has the bit of each feature set in its leaf', () => {
    const registers = ['eax', 'ebx', 'ecx', 'edx'];
    const missing = features.filter(({ leaf, register, bit }) => {
      const word = cpuid(leaf, leaf === 0xd ? 1 : 0)[registers.indexOf(register)]!;
      return !(word & (1 << bit));
    });
    expect(missing).toEqual([]);
  });

  it('has a leaf for all that it shows', () => {
    const [highest] = cpuid(0, 0);
    const [highestExtended] = cpuid(0x8000_0000, 0);
    const limit = (leaf: number): number => (leaf < 0x8000_0000 ? highest : highestExtended >>> 0);
    expect(features.filter(({ leaf }) => leaf > limit(leaf))).toEqual([]);
  });
});

describe('rows of a feature that is not there', () => {
  it('are #UD', () => {
    const without = new Decoder(new DecodeTable(instructionSet, (name) => name !== 'sse4_2'));
    const all = new Decoder(new DecodeTable(instructionSet));
    const crc32 = Uint8Array.of(0xf2, 0x0f, 0x38, 0xf1, 0xc1);
    expect([without.decode(crc32, 0, 5), all.decode(crc32, 0, 5)]).toEqual(['unknown', undefined]);
  });

  it('leave their bytes to older instructions, as LZCNT does to BSR', () => {
    const without = new Decoder(new DecodeTable(instructionSet, (name) => name !== 'lzcnt'));
    const lzcnt = Uint8Array.of(0xf3, 0x0f, 0xbd, 0xc1);
    expect([without.decode(lzcnt, 0, 4), without.insn.enc.insn.mnemonic]).toEqual([undefined, 'bsr']);
  });
});

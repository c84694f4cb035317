import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../../../core/kernel/unwind/expression.ts';
import { ByteReader } from '../../../../../core/kernel/unwind/reader.ts';

const RSP = 7;
const RIP = 16;

function value(bytes: readonly number[], initial?: number): number {
  const reader = new ByteReader(new DataView(Uint8Array.from(bytes).buffer));
  const registers: Record<number, number> = { [RSP]: 0x7fff_0000, [RIP]: 0x40_100b };
  const context = { register: (index: number) => registers[index] ?? 0, load: (address: number) => address + 1 };
  return evaluate(reader, context, initial);
}

describe('a DWARF expression', () => {
  it('computes the frame address in a procedure linkage table', () => {
    // breg7 +8; breg16 +0; lit15; and; lit11; ge; lit3; shl; plus
    const plt = [0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22];
    expect(value(plt)).toBe(0x7fff_0010);
  });

  it.each([
    ['signed LEB128 and minus', [0x11, 0x7e, 0x35, 0x22], 3],
    ['dup, swap and drop', [0x35, 0x12, 0x31, 0x16, 0x13, 0x22], 6],
    ['rot', [0x31, 0x32, 0x33, 0x17, 0x1c, 0x1c], 4],
    ['pick and mul', [0x34, 0x35, 0x15, 1, 0x1e, 0x22], 24],
    ['branch over', [0x31, 0x28, 1, 0, 0x00, 0x39], 9],
    ['load', [0x23, 8, 0x06], 0x109],
  ])('understands %s', (_name, bytes, expected) => {
    expect(value(bytes, 0x100) | 0).toBe(expected);
  });

  it.each([
    ['takes from an empty stack', [0x22]],
    ['is endless', [0x2f, 0xfd, 0xff]],
    ['jumps out of itself', [0x2f, 0x10, 0]],
    ['has an unknown operation', [0x31, 0x31, 0xf0]],
  ])('is refused when it %s', (_name, bytes) => {
    expect(() => value(bytes)).toThrow(RangeError);
  });
});

import { describe, expect, it } from 'vitest';
import { OCRNL, OLCUC, ONLCR, OPOST, XTABS } from '../../../../../../core/kernel/abi/termios.ts';
import { OutputProcessor } from '../../../../../../core/kernel/lib/posix-tty/output.ts';
import type { Termios } from '../../../../../../core/kernel/lib/posix-tty/termios.ts';
import { Random } from '../../../../../diff/isa/random.ts';
import { testSeed } from '../../../../../support/seed.ts';

const processor = (oflag: number) => new OutputProcessor({ oflag } as Termios);
const text = (given: string, oflag: number): string =>
  new TextDecoder().decode(processor(oflag).process(new TextEncoder().encode(given)));

describe('output processing', () => {
  it('writes a return before each newline, and knows the column after the last line', () => {
    const output = processor(OPOST | ONLCR);
    const sent = output.process(new TextEncoder().encode('one\n\ntwo\tx\r\nlast\tword'));
    expect([new TextDecoder().decode(sent), output.column]).toEqual(['one\r\n\r\ntwo\tx\r\r\nlast\tword', 12]);
  });
  it('changes letters, returns and tabs as it is told', () => {
    expect([
      text('a\r\nb', OPOST | OCRNL),
      text('ab\n', OPOST | OLCUC | ONLCR),
      text('a\tb\n', OPOST | XTABS),
      text('a\n', 0),
    ]).toEqual(['a\n\nb', 'AB\r\n', 'a       b\n', 'a\n']);
  });
  it('gives the same however the bytes are cut', () => {
    const random = new Random(testSeed());
    for (let round = 0; round < 200; round++) {
      const bytes = Uint8Array.from(
        { length: random.below(60) },
        () => [9, 10, 13, 8, 65, 0, 0x80, 0xc3, 127][random.below(9)]!,
      );
      const flags = [OPOST | ONLCR, OPOST, OPOST | ONLCR | XTABS][round % 3]!;
      const [whole, single] = [processor(flags), processor(flags)];
      const parts = [...bytes].flatMap((byte) => [...single.process(Uint8Array.of(byte))]);
      expect([[...whole.process(bytes)], whole.column]).toEqual([parts, single.column]);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { afterLineEnd, Gap } from '../../../../../core/manager/console/gap.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const shown = (gap: Gap, note = '{size}'): string => new TextDecoder().decode(gap.text(note));

describe('gap', () => {
  it('sets the private modes as the missing bytes left them, also of several in one sequence', () => {
    const gap = new Gap();
    gap.add(bytes('a\x1b[?1049;25l b \x1b[?2004h'));
    gap.add(bytes('\x1b[?1049h\x1b[31m'));
    expect(shown(gap)).toBe('\x1b[0m\x1b[?1049h\x1b[?25l\x1b[?2004h\r\n\x1b[7m 36 bytes \x1b[0m\r\n');
  });
  it('sees a sequence that two pieces share', () => {
    const gap = new Gap();
    gap.add(bytes('text\x1b[?10'));
    gap.add(bytes('49h more'));
    expect(shown(gap)).toContain('\x1b[?1049h');
  });
  it('says how much is missing in the words given', () => {
    const gap = new Gap();
    gap.add(new Uint8Array(3 << 20));
    expect(shown(gap, 'left out: {size}')).toContain(' left out: 3.0 MiB ');
  });
  it('goes on after a line end, where there is one', () => {
    expect([afterLineEnd(bytes('ab\ncd\n'), 1), afterLineEnd(bytes('abcd'), 1)]).toEqual([3, 1]);
  });
});

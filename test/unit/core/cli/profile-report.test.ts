import { describe, expect, it } from 'vitest';
import { profileFile, profileTable } from '../../../../core/cli/profile-report.ts';

const rows = [
  { symbol: 'sort;it', file: '/bin/a b', instructions: 3_000_000 },
  { symbol: '', file: '/lib/libc.so.6', instructions: 900_000 },
  { symbol: '', file: '', instructions: 100_000 },
];

describe('profile report', () => {
  it('shows shares, and says when there is nothing to show', () => {
    expect(profileTable(rows).split('\n')).toEqual([
      ' share    instructions  function  file',
      ' 75.0%         3000000  sort;it  /bin/a b',
      ' 22.5%          900000  (no symbol)  /lib/libc.so.6',
      '  2.5%          100000  (no file)',
      '',
    ]);
    expect(profileTable([])).toContain('too short');
  });

  it('sums up what the table has no room for', () => {
    const many = Array.from({ length: 50 }, (_, i) => ({ symbol: `f${i}`, file: '/bin/x', instructions: 10 }));
    expect(profileTable(many)).toContain(' 20.0%             100  (10 more)');
  });

  it('folds stacks without separators in frames', () => {
    expect(profileFile('x.folded', rows)).toBe(
      '/bin/a_b;sort_it 3000\n/lib/libc.so.6;(no_symbol) 900\n(none);(no_file) 100\n',
    );
  });

  it('writes what the Chrome DevTools open', () => {
    const profile = JSON.parse(profileFile('x.cpuprofile', rows));
    expect(profile.nodes).toHaveLength(4);
    expect(profile.samples).toHaveLength(profile.timeDeltas.length);
    expect(profile.nodes[0].children).toEqual(profile.samples);
    expect(profile.endTime).toBe(4000);
  });
});

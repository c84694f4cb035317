/** Which statements of a block share an exit, so that its code stands once behind them. */
import type { ExitPoint, JitStatement } from './statements.ts';

/** Ranges of statements that share an exit: first index → exit and last index. */
export function exitRanges(list: readonly JitStatement[]): Map<number, { exit: ExitPoint; end: number }> {
  const found = new Map<ExitPoint, { first: number; end: number }>();
  list.forEach((s, i) => {
    for (const exit of exitsOf(s)) {
      const range = found.get(exit);
      if (range) range.end = i;
      else found.set(exit, { first: i, end: i });
    }
  });
  const ranges = new Map<number, { exit: ExitPoint; end: number }>();
  let covered = -1;
  for (const [exit, { first, end }] of found) {
    // A check leaves at up to three places; overlapping ranges can't happen, since exits follow each other.
    if (first <= covered || (first === end && list[first]!.kind !== 'check')) continue;
    ranges.set(first, { exit, end });
    covered = end;
  }
  return ranges;
}

function exitsOf(s: JitStatement): ExitPoint[] {
  switch (s.kind) {
    case 'check':
    case 'leave':
      return [s.exit];
    case 'if':
      return [...s.whenTrue, ...s.whenFalse].flatMap(exitsOf);
    default:
      return [];
  }
}

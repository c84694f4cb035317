/** From the returned failures of the host interface to thrown SysErrors. */
import { fail } from '../../errors.ts';

/** The value, unless it is a failure, which is thrown: `must(folder.lookup(dir, name))`. */
export function must<T>(value: T | number): T {
  if (typeof value === 'number' && value < 0) fail(-value);
  return value as T;
}

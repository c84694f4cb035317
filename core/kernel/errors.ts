/**
 * How a kernel function says that a system call fails: it returns -errno where that is cheap, or throws an interned
 * `SysError`, which only the system call dispatcher catches. Interned errors carry no stack, so that a failed path
 * look-up costs about a microsecond.
 */
import { errnoName } from './abi/errno.ts';

export class SysError extends Error {
  override name = 'SysError';
  readonly errno: number;
  constructor(errno: number) {
    super(errnoName(errno));
    this.errno = errno;
  }
}

const interned: SysError[] = [];
const stackTraceLimit = Error as { stackTraceLimit?: number };

/** Throws the interned SysError of a positive errno: `fail(ENOENT)`. */
export function fail(errno: number): never {
  let error = interned[errno];
  if (error === undefined) {
    const saved = stackTraceLimit.stackTraceLimit;
    stackTraceLimit.stackTraceLimit = 0;
    error = interned[errno] = new SysError(errno);
    if (saved !== undefined) stackTraceLimit.stackTraceLimit = saved;
  }
  throw error;
}

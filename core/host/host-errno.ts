/**
 * Errors of node:fs as Linux errnos. Node names its errors alike on every OS (`error.code`), while the numbers differ;
 * so the name decides.
 */
import * as errnos from '../kernel/abi/errno.ts';

/** Names that Linux lacks, and what comes closest. */
const foreign: Record<string, number> = {
  ENOTSUP: errnos.EOPNOTSUPP,
  EFTYPE: errnos.EINVAL,
  ECHARSET: errnos.EINVAL,
  ENOATTR: errnos.ENODATA,
  EOF: errnos.EIO,
  UNKNOWN: errnos.EIO,
};

/** -errno of an error that node:fs threw; anything else is our bug and is thrown on. */
export function hostFailure(error: unknown): number {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string') throw error;
  const own = (errnos as unknown as Record<string, unknown>)[code];
  if (typeof own === 'number') return -own;
  const near = foreign[code];
  if (near !== undefined) return -near;
  // A path that Node refuses by itself; every other ERR_* is a wrong call of ours.
  if (code === 'ERR_INVALID_ARG_VALUE') return -errnos.EINVAL;
  if (code.startsWith('ERR_')) throw error;
  return -errnos.EIO;
}

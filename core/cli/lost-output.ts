/** Output of the command that could not be written. */
import { VmError } from '../contract/errors.ts';
import { hostReason } from '../host/services.ts';

/** The reader has seen enough, as in `elfdeck images | head -1`: no failure of the command. */
export const isBrokenPipe = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EPIPE';

/** `what` is a path or the name of a stream. */
export function cannotWrite(what: string, error: unknown): VmError {
  return new VmError('host.file', `cannot write ${what}: ${hostReason(error)}`, { what }, error);
}

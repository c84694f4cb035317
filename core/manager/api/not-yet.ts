/** Calls of the contract that have no manager behind them yet. */
import { VmError } from '../../contract/errors.ts';

export function notYet(what: string): never {
  throw new VmError('feature.unavailable', `${what} is not there yet`);
}

/** Calls of the contract that have no manager behind them yet. */
import { VmError } from '../../contract/errors.ts';

export function notYet(what: string): never {
  throw new VmError('feature.unavailable', `${what} is not there yet`);
}

/** The names of those calls: the window shows no form for them. */
export const absentCalls: readonly string[] = ['overlay.changes', 'overlay.discard', 'overlay.commit'];

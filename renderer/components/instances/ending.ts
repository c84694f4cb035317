/** The end of an instance's last run, short. */
import type { VmInfo } from '../../../core/contract/api/vm.ts';
import { translate } from '../../i18n.ts';
import { errorText } from '../../manager-texts/manager-texts.ts';

const SIGNALS: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
};
export const signalName = (signal: number): string => SIGNALS[signal] ?? `signal ${signal}`;

export function describeEnding({ ending }: VmInfo): string {
  if (ending === undefined) return '';
  if (ending.error !== undefined) return errorText(ending.error);
  if (ending.exit === undefined) return '';
  return 'code' in ending.exit
    ? translate('ending.code', { code: ending.exit.code })
    : translate('ending.signal', { signal: signalName(ending.exit.signal) });
}

/** RLIMIT_CPU, see getrlimit(2): SIGXCPU at the soft limit and each second after, SIGKILL at the hard one. */
import { RLIMIT_CPU } from '../../abi/resource.ts';
import { SIGKILL, SIGXCPU } from '../../abi/signal.ts';
import type { Task } from '../../task.ts';
import { NS_PER_SECOND } from '../../timespec.ts';
import { fromKernel, sendToProcess } from '../uksignal/send.ts';
import { processTimes } from './usage.ts';

/** Called after each slice: cheap while there is no limit. */
export function checkCpuLimit(task: Task): void {
  const { process } = task;
  const soft = process.limits.soft(RLIMIT_CPU);
  if (soft === Number.POSITIVE_INFINITY || process.exit !== undefined) return;
  const { userNs, systemNs } = processTimes(process);
  const seconds = (userNs + systemNs) / NS_PER_SECOND;
  if (seconds >= process.limits.hard(RLIMIT_CPU)) sendToProcess(process, SIGKILL, fromKernel);
  else if (seconds >= Math.max(soft, process.nextCpuWarning)) {
    process.nextCpuWarning = Math.floor(seconds) + 1;
    sendToProcess(process, SIGXCPU, fromKernel);
  }
}

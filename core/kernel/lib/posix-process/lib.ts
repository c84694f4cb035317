/** Processes and threads: manifest of the micro-library, and what others use of it. */
import { defineLib } from '../../lib.ts';
import { signalHooks } from '../uksignal/hooks.ts';
import { capget, capset } from './capabilities.ts';
import { continuedState, notifyStopOrContinue, stoppedState } from './child-state.ts';
import * as clone from './clone.ts';
import { endProcess, exit, exitGroup } from './exit.ts';
import * as ids from './ids.ts';
import * as limits from './limits.ts';
import * as misc from './misc.ts';
import * as pidfd from './pidfd.ts';
import { prctl } from './prctl.ts';
import { processVmReadv, processVmWritev } from './process-vm.ts';
import { rseq } from './rseq.ts';
import { getrusage, times } from './usage.ts';
import { wait4, waitid } from './wait.ts';

export { endOtherTasks, endProcess, exitTask, type ProcessExit } from './exit.ts';
export { PidFile } from './pidfd.ts';
export { processTimes, taskTimes } from './usage.ts';

export const posixProcess = defineLib({
  name: 'posix-process',
  option: 'LIBPOSIX_PROCESS',
  summary: 'Processes, threads, ids, resource limits and accounts',
  needs: ['uksignal', 'posix-futex'],
  syscalls: [
    clone.clone,
    clone.clone3,
    clone.fork,
    clone.vfork,
    exit,
    exitGroup,
    wait4,
    waitid,
    ids.getpid,
    ids.gettid,
    ids.getppid,
    ids.getpgid,
    ids.getpgrp,
    ids.getsid,
    ids.setpgid,
    ids.setsid,
    ids.setTidAddress,
    limits.getrlimit,
    limits.setrlimit,
    limits.prlimit64,
    getrusage,
    times,
    prctl,
    capget,
    capset,
    rseq,
    pidfd.pidfdOpen,
    pidfd.pidfdSendSignal,
    pidfd.pidfdGetfd,
    processVmReadv,
    processVmWritev,
    misc.personality,
    misc.getcpu,
    misc.membarrier,
    misc.kcmp,
    misc.unshare,
    misc.setns,
    misc.ptrace,
  ],
  init(kernel) {
    Object.assign(signalHooks(kernel), {
      kill: (process, signal, coreDumped) => endProcess(process, { signal, coreDumped }),
      stopped: (process, signal) => notifyStopOrContinue(process, stoppedState(signal)),
      continued: (process) => notifyStopOrContinue(process, continuedState),
    } satisfies ReturnType<typeof signalHooks>);
  },
});

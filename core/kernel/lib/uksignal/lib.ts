/** Signals: manifest of the micro-library that Unikraft calls uksignal (posix-signal). */
import { defineLib } from '../../lib.ts';
import * as actions from './actions.ts';
import * as kill from './kill.ts';
import { rtSigtimedwait } from './timed-wait.ts';

export const uksignal = defineLib({
  name: 'uksignal',
  option: 'LIBUKSIGNAL',
  summary: 'Signals: actions, masks, queues, delivery',
  needs: [],
  syscalls: [
    actions.rtSigaction,
    actions.rtSigprocmask,
    actions.rtSigpending,
    actions.rtSigsuspend,
    actions.pause,
    actions.sigaltstack,
    actions.rtSigreturn,
    actions.restartSyscall,
    rtSigtimedwait,
    kill.kill,
    kill.tkill,
    kill.tgkill,
    kill.rtSigqueueinfo,
    kill.rtTgsigqueueinfo,
  ],
});

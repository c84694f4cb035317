/** x86 exceptions of guest code: page faults that the kernel can serve are, everything else becomes a signal. */
import type { Access, FaultCause } from '../../mem/address-space.ts';
import { CAUSE_ACCERR, CAUSE_BUSERR, CAUSE_MAPERR, CAUSE_OOM, VEC_PF } from '../../vcpu/exits.ts';
import { excAddress, excCause, excError, excVector } from '../../vcpu/state.ts';
import { raiseException } from '../lib/uksignal/exceptions.ts';
import type { Task } from '../task.ts';

/** Bits of a #PF error code (SDM vol. 3, 5.7). */
const PF_WRITE = 2;
const PF_FETCH = 0x10;

const causes: Readonly<Record<Exclude<FaultCause, 'ok'>, number>> = {
  maperr: CAUSE_MAPERR,
  accerr: CAUSE_ACCERR,
  oom: CAUSE_OOM,
  buserr: CAUSE_BUSERR,
};

/** Handles the exception that ended the task's last run: afterwards it can go on, or a signal is pending for it. */
export function handleException(task: Task): void {
  if (task.vcpu.getI32(excVector) === VEC_PF && servePageFault(task)) return;
  raiseException(task);
}

/** True when the access may be tried again. */
function servePageFault(task: Task): boolean {
  const { vcpu } = task;
  const address = vcpu.getU64(excAddress);
  const cause = task.process.mm.handleFault(Number(address), accessOf(vcpu.getI32(excError)));
  if (cause !== 'ok') {
    vcpu.setI32(excCause, causes[cause]);
    return false;
  }
  // The engine has tried on its own before it gave up: a second refusal without progress is final.
  const { lastServed } = task;
  const isRepeated =
    lastServed.rip === vcpu.rip && lastServed.address === address && task.instructions - lastServed.instructions <= 1;
  task.lastServed = { rip: vcpu.rip, address, instructions: task.instructions };
  return !isRepeated;
}

function accessOf(error: number): Access {
  return error & PF_FETCH ? 'x' : error & PF_WRITE ? 'w' : 'r';
}

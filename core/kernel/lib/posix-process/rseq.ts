/**
 * Restartable sequences, see rseq(2): a thread that is pre-empted or gets a signal within the critical section it has
 * announced goes on at the section's abort address. With one vCPU the cpu, node and concurrency ids are always 0.
 *
 * struct rseq: cpu_id_start, cpu_id (u32 at 0, 4), rseq_cs (u64 at 8), flags, node_id, mm_cid (u32 at 16, 20, 24).
 * struct rseq_cs: version, flags (u32 at 0, 4), start_ip, post_commit_offset, abort_ip (u64 at 8, 16, 24).
 */
import { GUEST_TOP } from '../../../mem/layout.ts';
import { EBUSY, EFAULT, EINVAL, EPERM } from '../../abi/errno.ts';
import { SI_KERNEL, SIGSEGV } from '../../abi/signal.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { forceSignal } from '../uksignal/send.ts';

const RSEQ_FLAG_UNREGISTER = 1;
/** Size and alignment of the structure in its first version. */
const RSEQ_SIZE = 32;
const CPU_ID_UNINITIALIZED = 0xffff_ffff;
const SECTION_SIZE = 32;

export const rseq = defineSyscall({
  nr: 334,
  name: 'rseq',
  support: 'full',
  args: [arg.pointer('rseq'), arg.uint('rseq_len'), arg.int('flags'), arg.hex('sig')],
  result: result.ok,
  run(task, gva, len, flags, signature) {
    if (flags & RSEQ_FLAG_UNREGISTER) return unregister(task, gva, len, flags, signature);
    if (flags !== 0) return -EINVAL;
    if (task.rseq !== 0) {
      if (task.rseq !== gva || task.rseqLen !== len) return -EINVAL;
      return task.rseqSignature === signature ? -EBUSY : -EPERM;
    }
    if (len < RSEQ_SIZE || gva % RSEQ_SIZE !== 0 || gva === 0) return -EINVAL;
    if (gva + len > GUEST_TOP) return -EFAULT;
    writeIds(task, gva, 0);
    task.rseq = gva;
    task.rseqLen = len;
    task.rseqSignature = signature;
    return 0;
  },
});

function unregister(task: Task, gva: number, len: number, flags: number, signature: number): number {
  if (flags !== RSEQ_FLAG_UNREGISTER || task.rseq === 0 || task.rseq !== gva || task.rseqLen !== len) return -EINVAL;
  if (task.rseqSignature !== signature) return -EPERM;
  writeIds(task, gva, CPU_ID_UNINITIALIZED);
  task.memory.setU64(gva + 8, 0n);
  task.rseq = 0;
  return 0;
}

function writeIds(task: Task, gva: number, cpuId: number): void {
  const { memory } = task;
  memory.check(gva, RSEQ_SIZE, 'w');
  memory.setU32(gva, 0);
  memory.setU32(gva + 4, cpuId);
  memory.setU32(gva + 20, 0);
  memory.setU32(gva + 24, 0);
}

/**
 * Ends the critical section that the task is in, if any: called with its registers on the vCPU when another task ran in
 * between, and before a signal handler is entered. SIGSEGV for a malformed section, as on Linux.
 */
export function abortCriticalSection(task: Task): void {
  if (!tryAbort(task)) forceSignal(task, SIGSEGV, { code: SI_KERNEL });
}

/** False when the area or the section can't be used. */
function tryAbort(task: Task): boolean {
  const { memory, vcpu, rseq: gva } = task;
  if (memory.accessible(gva, RSEQ_SIZE, 'w') < RSEQ_SIZE) return false;
  const section = memory.getLong(gva + 8);
  if (section === 0) return true;
  const abort = readAbortAddress(task, section);
  if (abort === undefined) return false;
  const start = memory.getLong(section + 8);
  const length = memory.getLong(section + 16);
  memory.setU64(gva + 8, 0n);
  if (vcpu.rip >= start && vcpu.rip - start < length) vcpu.rip = abort;
  return true;
}

/** Undefined unless the section is well-formed and its abort handler carries the signature. */
function readAbortAddress(task: Task, section: number): number | undefined {
  const { memory } = task;
  if (memory.accessible(section, SECTION_SIZE, 'r') < SECTION_SIZE) return undefined;
  const abort = memory.getLong(section + 24);
  const isPlain = memory.getU32(section) === 0 && memory.getU32(section + 4) === 0;
  if (!isPlain || memory.accessible(abort - 4, 4, 'r') < 4) return undefined;
  return memory.getU32(abort - 4) === task.rseqSignature ? abort : undefined;
}

/**
 * The signal frame that Linux builds on the stack of x86-64 programs (struct rt_sigframe), and what rt_sigreturn makes
 * of it. Debuggers, unwinders, garbage collectors and green-thread libraries read and change it, so every field counts.
 *
 *   sp before -> 128 bytes red zone (not on the alternate stack)
 *                FP state, 64-byte aligned: XSAVE image, its size, then FP_XSTATE_MAGIC2
 *   frame + 312  siginfo_t, 128 bytes
 *   frame + 8    struct ucontext: flags, link, stack, sigcontext, sigmask; 304 bytes
 *   frame        restorer address: the handler returns to it; frame + 8 is 16-byte aligned
 */

import { GUEST_BASE, GUEST_TOP } from '../../../mem/layout.ts';
import { initFpState, restoreFxsave, restoreXsave, saveXsave, xcr0, xsaveSize } from '../../../vcpu/fxsave.ts';
import * as st from '../../../vcpu/state.ts';
import { FLAG_DF, FLAG_TF } from '../../../vcpu/vcpu.ts';
import { SA_ONSTACK, SA_RESTORER, SA_SIGINFO, SS_AUTODISARM } from '../../abi/signal.ts';
import type { Task } from '../../task.ts';
import { contains, disarm, isOnAltStack, mustSwitch, setAltStack } from './altstack.ts';
import { encodeSiginfo } from './siginfo.ts';
import type { PendingSignal, SignalAction, SignalSet, TaskSignals } from './state.ts';

/** Places within the frame. */
const UC = 8;
const UC_FLAGS = UC;
const UC_STACK = UC + 16;
const SIGCONTEXT = UC + 40;
const UC_SIGMASK = UC + 296;
const SIGINFO = 312;
const FRAME_SIZE = 440;
/** Places within struct sigcontext. */
const SC_EFLAGS = 136;
const SC_CS = 144;
const SC_SS = 150;
const SC_ERR = 152;
const SC_TRAPNO = 160;
const SC_OLDMASK = 168;
const SC_CR2 = 176;
const SC_FPSTATE = 184;
/** The sigcontext starts with these registers, then RIP. */
const SC_REGISTERS = [8, 9, 10, 11, 12, 13, 14, 15, st.RDI, st.RSI, st.RBP, st.RBX, st.RDX, st.RAX, st.RCX, st.RSP];

const UC_FP_XSTATE = 1;
const UC_SIGCONTEXT_SS = 2;
const UC_STRICT_RESTORE_SS = 4;
const USER_CS = 0x33;
const USER_SS = 0x2b;
const RED_ZONE = 128;

/** The software bytes of the FXSAVE image (struct _fpx_sw_bytes). */
const FX_SW = 464;
const FP_XSTATE_MAGIC1 = 0x4650_5853;
const FP_XSTATE_MAGIC2 = 0x4650_5845;

/**
 * Makes the task enter the handler of `action`: frame, registers, fresh FP state. `mask` is what sigreturn goes back to.
 * False, with nothing changed, when the frame does not fit the stack.
 */
export function enterHandler(task: Task, pending: PendingSignal, action: SignalAction, mask: SignalSet): boolean {
  const { vcpu, signals } = task;
  if (!(action.flags & SA_RESTORER)) return false;
  const sp = vcpu.gprNumber(st.RSP);
  const usesAlt = (action.flags & SA_ONSTACK) !== 0 && mustSwitch(signals, sp);
  const top = usesAlt ? signals.altStack.address + signals.altStack.size : sp - RED_ZONE;
  const xstate = xsaveSize(xcr0(vcpu.space));
  const fpstate = Math.floor((top - xstate - 4) / 64) * 64;
  const frame = Math.floor((fpstate - FRAME_SIZE) / 16) * 16 - 8;
  if ((usesAlt || isOnAltStack(signals, sp)) && !contains(signals.altStack, frame)) return false;
  const len = fpstate + xstate + 4 - frame;
  if (!(frame >= 0) || task.memory.accessible(frame, len, 'w') < len) return false;
  task.memory.fill(frame, len, 0);
  const off = GUEST_BASE + frame;
  writeContext(task, off, fpstate, mask);
  const { dv, u8 } = vcpu.space;
  dv.setBigUint64(off, BigInt.asUintN(64, BigInt(action.restorer)), true);
  if (action.flags & SA_SIGINFO) u8.set(encodeSiginfo(pending.signal, pending.info), off + SIGINFO);
  writeFpState(task, GUEST_BASE + fpstate);
  if (signals.altStack.flags & SS_AUTODISARM) disarm(signals);
  vcpu.setGprNumber(st.RSP, frame);
  vcpu.setGprNumber(st.RDI, pending.signal);
  vcpu.setGprNumber(st.RSI, frame + SIGINFO);
  vcpu.setGprNumber(st.RDX, frame + UC);
  vcpu.setGprNumber(st.RAX, 0);
  vcpu.setU64(st.rip, BigInt(action.handler));
  vcpu.rflags &= ~(FLAG_DF | FLAG_TF);
  initFpState(vcpu.space);
  return true;
}

function writeContext(task: Task, off: number, fpstate: number, mask: SignalSet): void {
  const { vcpu, signals } = task;
  const { dv } = vcpu.space;
  dv.setUint32(off + UC_FLAGS, UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS, true);
  setNumber(dv, off + UC_STACK, signals.altStack.address);
  dv.setUint32(off + UC_STACK + 8, signals.altStack.flags, true);
  setNumber(dv, off + UC_STACK + 16, signals.altStack.size);
  const sc = off + SIGCONTEXT;
  for (let i = 0; i < SC_REGISTERS.length; i++) {
    copy64(dv, sc + i * 8, st.gprOffset(SC_REGISTERS[i]!));
  }
  copy64(dv, sc + SC_REGISTERS.length * 8, st.rip.offset);
  dv.setUint32(sc + SC_EFLAGS, vcpu.rflags, true);
  dv.setUint16(sc + SC_CS, USER_CS, true);
  dv.setUint16(sc + SC_SS, USER_SS, true);
  dv.setUint32(sc + SC_ERR, signals.lastTrap.error, true);
  dv.setUint32(sc + SC_TRAPNO, signals.lastTrap.vector, true);
  dv.setBigUint64(sc + SC_CR2, BigInt.asUintN(64, signals.lastTrap.address), true);
  setNumber(dv, sc + SC_FPSTATE, fpstate);
  for (const at of [sc + SC_OLDMASK, off + UC_SIGMASK]) {
    dv.setInt32(at, mask.lo, true);
    dv.setInt32(at + 4, mask.hi, true);
  }
}

function writeFpState(task: Task, off: number): void {
  const { space } = task.vcpu;
  const features = xcr0(space);
  const size = xsaveSize(features);
  saveXsave(space, off, features);
  space.dv.setUint32(off + FX_SW, FP_XSTATE_MAGIC1, true);
  space.dv.setUint32(off + FX_SW + 4, size + 4, true);
  space.dv.setUint32(off + FX_SW + 8, features, true);
  space.dv.setUint32(off + FX_SW + 16, size, true);
  space.dv.setUint32(off + size, FP_XSTATE_MAGIC2, true);
}

/**
 * rt_sigreturn: restores registers, mask, FP state and alternate stack from the frame above RSP (the handler's `ret`
 * took the restorer address off). False when the frame is not readable or its FP state malformed: SIGSEGV.
 */
export function leaveHandler(task: Task): boolean {
  const { vcpu, signals, memory } = task;
  const frame = vcpu.gprNumber(st.RSP) - 8;
  if (!(frame >= 0 && frame < GUEST_TOP) || memory.accessible(frame, SIGINFO, 'r') < SIGINFO) return false;
  const off = GUEST_BASE + frame;
  const { dv } = vcpu.space;
  signals.setMask(dv.getInt32(off + UC_SIGMASK, true), dv.getInt32(off + UC_SIGMASK + 4, true));
  const sc = off + SIGCONTEXT;
  restoreRegisters(task, sc);
  // Another code segment would be 32-bit mode, or none at all.
  if ((dv.getUint16(sc + SC_CS, true) | 3) !== USER_CS) return false;
  if (!restoreFpState(task, getNumber(dv, sc + SC_FPSTATE))) return false;
  restoreAltStack(signals, dv, off + UC_STACK, vcpu.gprNumber(st.RSP));
  return true;
}

function restoreRegisters(task: Task, sc: number): void {
  const { vcpu } = task;
  const { dv } = vcpu.space;
  for (let i = 0; i < SC_REGISTERS.length; i++) {
    copy64(dv, st.gprOffset(SC_REGISTERS[i]!), sc + i * 8);
  }
  copy64(dv, st.rip.offset, sc + SC_REGISTERS.length * 8);
  vcpu.rflags = dv.getUint32(sc + SC_EFLAGS, true);
}

function restoreFpState(task: Task, fpstate: number): boolean {
  const { space } = task.vcpu;
  const { memory } = task;
  if (fpstate === 0) {
    initFpState(space);
    return true;
  }
  if (!(fpstate >= 0 && fpstate < GUEST_TOP) || fpstate % 64 !== 0) return false;
  if (memory.accessible(fpstate, 512, 'r') < 512) return false;
  const off = GUEST_BASE + fpstate;
  const features = extendedFeatures(task, fpstate);
  if (features !== 0) return restoreXsave(space, off, xcr0(space));
  // A frame from code that knows FXSAVE only: the rest gets its initial state.
  const mxcsr = space.dv.getUint32(off + 24, true);
  if (mxcsr & ~0xffff) return false;
  initFpState(space);
  return restoreFxsave(space, off);
}

/** The components that an XSAVE image in the frame holds, 0 when there is only an FXSAVE image. */
function extendedFeatures(task: Task, fpstate: number): number {
  const { dv } = task.vcpu.space;
  const sw = GUEST_BASE + fpstate + FX_SW;
  const size = dv.getUint32(sw + 16, true);
  if (dv.getUint32(sw, true) !== FP_XSTATE_MAGIC1) return 0;
  if (size < xsaveSize(0) || size > xsaveSize(xcr0(task.vcpu.space)) || size > dv.getUint32(sw + 4, true)) return 0;
  if (task.memory.accessible(fpstate, size + 4, 'r') < size + 4) return 0;
  if (dv.getUint32(GUEST_BASE + fpstate + size, true) !== FP_XSTATE_MAGIC2) return 0;
  return dv.getUint32(sw + 8, true);
}

function restoreAltStack(signals: TaskSignals, dv: DataView, at: number, sp: number): void {
  const stack = { address: getNumber(dv, at), flags: dv.getUint32(at + 8, true), size: getNumber(dv, at + 16) };
  // As in Linux a refusal is no error: the frame may describe the stack that is in use.
  setAltStack(signals, stack, sp);
}

/** The frame that sigreturn is given may be anywhere, so nothing is aligned. */
function copy64(dv: DataView, to: number, from: number): void {
  dv.setUint32(to, dv.getUint32(from, true), true);
  dv.setUint32(to + 4, dv.getUint32(from + 4, true), true);
}

function setNumber(dv: DataView, at: number, value: number): void {
  dv.setUint32(at, value >>> 0, true);
  dv.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

function getNumber(dv: DataView, at: number): number {
  return dv.getUint32(at + 4, true) * 0x1_0000_0000 + dv.getUint32(at, true);
}

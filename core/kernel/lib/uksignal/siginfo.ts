/** siginfo_t as the guest sees it, 128 bytes: see sigaction(2). Which union member is used follows from signal and code. */
import type { UserMemory } from '../../../mem/user-memory.ts';
import {
  SI_SIGIO,
  SI_TIMER,
  SI_USER,
  SIGBUS,
  SIGCHLD,
  SIGFPE,
  SIGILL,
  SIGIO,
  SIGSEGV,
  SIGSYS,
  SIGTRAP,
} from '../../abi/signal.ts';
import type { SignalInfo } from './state.ts';

export const SIGINFO_SIZE = 128;
const AUDIT_ARCH_X86_64 = 0xc000_003e;
/** Codes from here on mean the same for every signal (SI_KERNEL). */
const COMMON_CODES = 0x80;

export type SiginfoLayout = 'kill' | 'timer' | 'queue' | 'child' | 'fault' | 'poll' | 'sys';

/** Which union member of siginfo_t a signal fills. */
export function siginfoLayout(signal: number, code: number): SiginfoLayout {
  if (code > SI_USER && code < COMMON_CODES) {
    if (signal === SIGILL || signal === SIGFPE || signal === SIGSEGV || signal === SIGBUS || signal === SIGTRAP) {
      return 'fault';
    }
    if (signal === SIGCHLD) return 'child';
    if (signal === SIGIO) return 'poll';
    if (signal === SIGSYS) return 'sys';
    return 'kill';
  }
  if (code === SI_TIMER) return 'timer';
  if (code === SI_SIGIO) return 'poll';
  return code < 0 ? 'queue' : 'kill';
}

/** The bytes of the siginfo_t. */
export function encodeSiginfo(signal: number, info: SignalInfo): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SIGINFO_SIZE);
  const dv = new DataView(bytes.buffer);
  if (info.raw !== undefined) bytes.set(info.raw.subarray(0, SIGINFO_SIZE));
  dv.setInt32(0, signal, true);
  if (info.raw !== undefined) return bytes;
  dv.setInt32(4, info.errno ?? 0, true);
  dv.setInt32(8, info.code, true);
  encodeUnion(dv, siginfoLayout(signal, info.code), info);
  return bytes;
}

function encodeUnion(dv: DataView, layout: SiginfoLayout, info: SignalInfo): void {
  switch (layout) {
    case 'fault':
      dv.setBigUint64(16, BigInt.asUintN(64, BigInt(info.addr ?? 0)), true);
      return;
    case 'sys':
      dv.setBigUint64(16, BigInt.asUintN(64, BigInt(info.addr ?? 0)), true);
      dv.setInt32(24, info.syscall ?? 0, true);
      dv.setUint32(28, AUDIT_ARCH_X86_64, true);
      return;
    case 'poll':
      dv.setBigInt64(16, BigInt(info.band ?? 0), true);
      dv.setInt32(24, info.fd ?? 0, true);
      return;
    case 'timer':
      dv.setInt32(16, info.timerId ?? 0, true);
      dv.setInt32(20, info.overrun ?? 0, true);
      dv.setBigUint64(24, BigInt.asUintN(64, info.value ?? 0n), true);
      return;
  }
  dv.setInt32(16, info.pid ?? 0, true);
  dv.setUint32(20, info.uid ?? 0, true);
  if (layout === 'queue') dv.setBigUint64(24, BigInt.asUintN(64, info.value ?? 0n), true);
  if (layout !== 'child') return;
  dv.setInt32(24, info.status ?? 0, true);
  dv.setBigInt64(32, BigInt(Math.round(info.utime ?? 0)), true);
  dv.setBigInt64(40, BigInt(Math.round(info.stime ?? 0)), true);
}

/** Writes the siginfo_t at `gva`; EFAULT by UserFault. */
export function writeSiginfo(memory: UserMemory, gva: number, signal: number, info: SignalInfo): void {
  memory.writeBytes(gva, encodeSiginfo(signal, info));
}

/** The siginfo_t that rt_sigqueueinfo is given. */
export function readSiginfo(memory: UserMemory, gva: number): SignalInfo {
  const raw = memory.readBytes(gva, SIGINFO_SIZE);
  const dv = new DataView(raw.buffer);
  return {
    code: dv.getInt32(8, true),
    pid: dv.getInt32(16, true),
    uid: dv.getUint32(20, true),
    value: dv.getBigUint64(24, true),
    raw,
  };
}

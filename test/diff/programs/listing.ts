/** A program and its difference as text. */
import { disassembleBytes } from '../../../core/interp/create.ts';
import type { Difference } from './compare.ts';
import type { Assembled } from './emit.ts';
import { type Outcome, STOP } from './layout.ts';

const hex = (value: number | bigint): string => value.toString(16);

/** The code, one instruction a line. */
export function listCode({ list, bytesOf }: Assembled): string[] {
  return list.map((emitted) => {
    const bytes = bytesOf(emitted);
    const text = disassembleBytes(bytes, emitted.ip) ?? '(no instruction)';
    const shown = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(' ');
    return `  ${hex(emitted.ip)}  ${shown.padEnd(36)} ${text}`;
  });
}

/** Where the reference stopped: vector and address of each stop. */
export const listStops = ({ stops }: Outcome): string[] =>
  stops.map((stop, i) => {
    const dv = new DataView(stop.buffer, stop.byteOffset, stop.length);
    return `  stop ${i}: #${dv.getBigUint64(STOP.vector, true)} at ${hex(dv.getBigUint64(STOP.rip, true))}`;
  });

/** Registers before the first instruction. */
export function listRegisters({ image }: Assembled): string[] {
  const names = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');
  const { gpr, flags, fx } = image.registers;
  const dv = new DataView(fx.buffer);
  const lines = [gpr.map((value, i) => `${names[i]}=${hex(value)}`).join(' ')];
  lines.push(`flags=${hex(flags)} fcw=${hex(dv.getUint16(0, true))} mxcsr=${hex(dv.getUint32(24, true))}`);
  return lines.map((line) => `  ${line}`);
}

export function describeDifference(cpu: string, { stop, lines }: Difference): string[] {
  const where = stop < 0 ? 'memory at the end' : `stop ${stop}`;
  return [`${cpu} differs in ${where}:`, ...lines.slice(0, 8).map((line) => `    ${line}`)];
}

/** Compares outcomes of a case, leaving out what the manuals leave undefined. */
import { CASE, DATA, type IsaCase, OUTCOME, WINDOW, WINDOW_START } from './layout.ts';
import { withoutVariations } from './vendors.ts';

const FLAG_BITS: Record<string, number> = { c: 1, p: 4, a: 0x10, z: 0x40, s: 0x80, d: 0x400, o: 0x800 };
const COMPARED_FLAGS = 0xcd5;
const GPR_NAMES = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');
const VECTOR_PF = 14;

/** Differences as readable lines; none when the outcomes agree. */
export function compareOutcomes(c: IsaCase, cpu: Uint8Array, ours: Uint8Array): string[] {
  const expected = withoutVariations(c, cpu);
  const actual = withoutVariations(c, ours);
  const e = new DataView(expected.buffer, expected.byteOffset);
  const a = new DataView(actual.buffer, actual.byteOffset);
  const differences: string[] = [];
  const check = (name: string, x: number | bigint, y: number | bigint): void => {
    if (x !== y) differences.push(`${name}: CPU ${x.toString(16)}, ours ${y.toString(16)}`);
  };
  check('exit', e.getUint32(OUTCOME.exit, true), a.getUint32(OUTCOME.exit, true));
  if (e.getUint32(OUTCOME.exit, true) === 2) {
    const trap = e.getUint32(OUTCOME.trap, true);
    check('exception', trap, a.getUint32(OUTCOME.trap, true));
    check('rip', e.getBigUint64(OUTCOME.rip, true), a.getBigUint64(OUTCOME.rip, true));
    if (trap === VECTOR_PF) {
      check('error code', e.getBigUint64(OUTCOME.error, true), a.getBigUint64(OUTCOME.error, true));
      // Large operands (FP state) are accessed in parts, in an order that CPUs choose: only the page counts.
      const isLarge = hasLargeOperand(c);
      const address = (dv: DataView): bigint => dv.getBigUint64(OUTCOME.address, true) >> (isLarge ? 12n : 0n);
      check('address', address(e), address(a));
    }
  }
  GPR_NAMES.forEach((name, i) => {
    check(name, e.getBigUint64(OUTCOME.gpr + 8 * i, true), a.getBigUint64(OUTCOME.gpr + 8 * i, true));
  });
  const mask = flagMask(c);
  check(
    'flags',
    Number(e.getBigUint64(OUTCOME.flags, true)) & mask,
    Number(a.getBigUint64(OUTCOME.flags, true)) & mask,
  );
  compareFp(check, e, a);
  compareWindow(c, check, e, a);
  return differences;
}

const hasLargeOperand = (c: IsaCase): boolean => c.encoding.operands.some((o) => o.access === '-');

function flagMask(c: IsaCase): number {
  let mask = COMPARED_FLAGS;
  for (const flag of c.encoding.insn.flags?.undefined ?? '') mask &= ~FLAG_BITS[flag]!;
  return mask;
}

/** All but the opcode and pointers, which AMD CPUs only save when an exception is pending. */
function compareFp(
  check: (name: string, x: number | bigint, y: number | bigint) => void,
  e: DataView,
  a: DataView,
): void {
  const at = OUTCOME.fx;
  check('fcw', e.getUint16(at, true), a.getUint16(at, true));
  check('fsw', e.getUint16(at + 2, true), a.getUint16(at + 2, true));
  check('ftw', e.getUint8(at + 4), a.getUint8(at + 4));
  check('mxcsr', e.getUint32(at + 24, true), a.getUint32(at + 24, true));
  for (let i = 0; i < 8; i++) {
    const read = (dv: DataView): bigint =>
      (BigInt(dv.getUint16(at + 40 + 16 * i, true)) << 64n) | dv.getBigUint64(at + 32 + 16 * i, true);
    check(`st${i}`, read(e), read(a));
  }
  for (let i = 0; i < 16; i++) {
    const read = (dv: DataView): bigint =>
      (dv.getBigUint64(at + 168 + 16 * i, true) << 64n) | dv.getBigUint64(at + 160 + 16 * i, true);
    check(`xmm${i}`, read(e), read(a));
  }
  for (let i = 0; i < 16; i++) {
    const half = OUTCOME.high + 16 * i;
    const read = (dv: DataView): bigint => (dv.getBigUint64(half + 8, true) << 64n) | dv.getBigUint64(half, true);
    check(`high ymm${i}`, read(e), read(a));
  }
}

/** Bytes of saved FP state that CPUs fill in differently, by offset from the operand's address. */
function isIgnored(c: IsaCase, offset: number): boolean {
  switch (c.encoding.insn.mnemonic) {
    case 'fxsave':
      // Opcode and pointers; MXCSR_MASK tells what the CPU has.
      return (offset >= 6 && offset < 24) || (offset >= 28 && offset < 32);
    case 'fnstenv':
    case 'fnsave':
      return c.operandSize === 16 ? offset >= 6 && offset < 14 : offset >= 12 && offset < 28;
    default:
      return false;
  }
}

function compareWindow(
  c: IsaCase,
  check: (name: string, x: number | bigint, y: number | bigint) => void,
  e: DataView,
  a: DataView,
): void {
  const base = c.address - DATA - WINDOW_START;
  for (let at = 0; at < WINDOW; at += 8) {
    const x = e.getBigUint64(OUTCOME.window + at, true);
    const y = a.getBigUint64(OUTCOME.window + at, true);
    if (x === y) continue;
    for (let i = at; i < at + 8; i++) {
      if (c.address !== 0 && isIgnored(c, i - base)) continue;
      check(`[operand+${i - base}]`, e.getUint8(OUTCOME.window + i), a.getUint8(OUTCOME.window + i));
    }
  }
}

/** One line that names the case. */
export function describeCase(c: IsaCase, seed: number): string {
  const bytes = [...c.bytes].map((x) => x.toString(16).padStart(2, '0')).join(' ');
  const dv = new DataView(c.record.buffer);
  const registers = GPR_NAMES.map((name, i) => `${name}=${dv.getBigUint64(CASE.gpr + 8 * i, true).toString(16)}`);
  return `${c.encoding.insn.mnemonic} ${c.encoding.text} (${bytes}) seed ${seed} flags ${dv.getUint32(CASE.flags, true).toString(16)} ${registers.join(' ')}`;
}

/** An outcome cut to what is compared: exit, general registers, flags, FP state, memory. */
export function canonicalGroups(c: IsaCase, outcome: Uint8Array): Uint8Array[] {
  const bytes = new Uint8Array(withoutVariations(c, outcome));
  const dv = new DataView(bytes.buffer);
  const isSignal = dv.getUint32(OUTCOME.exit, true) === 2;
  const isPageFault = isSignal && dv.getUint32(OUTCOME.trap, true) === VECTOR_PF;
  if (!isSignal) bytes.fill(0, OUTCOME.trap, OUTCOME.fx);
  else if (!isPageFault) bytes.fill(0, OUTCOME.error, OUTCOME.rip);
  if (isPageFault && hasLargeOperand(c)) bytes.fill(0, OUTCOME.address, OUTCOME.address + 1);
  dv.setBigUint64(OUTCOME.flags, dv.getBigUint64(OUTCOME.flags, true) & BigInt(flagMask(c)), true);
  const base = c.address - DATA - WINDOW_START;
  for (let i = 0; i < WINDOW; i++) if (c.address !== 0 && isIgnored(c, i - base)) bytes[OUTCOME.window + i] = 0;
  // FP: control, status and tag words, MXCSR, then the ten bytes of each ST(i) and the XMM registers.
  const { fx } = OUTCOME;
  const fp = [bytes.subarray(fx, fx + 5), bytes.subarray(fx + 24, fx + 28)];
  for (let i = 0; i < 8; i++) fp.push(bytes.subarray(fx + 32 + 16 * i, fx + 42 + 16 * i));
  fp.push(bytes.subarray(fx + 160, fx + 416), bytes.subarray(OUTCOME.high));
  return [
    bytes.subarray(OUTCOME.exit, OUTCOME.fx),
    bytes.subarray(OUTCOME.gpr, OUTCOME.flags),
    bytes.subarray(OUTCOME.flags, OUTCOME.exit),
    Uint8Array.from(fp.flatMap((part) => [...part])),
    bytes.subarray(OUTCOME.window, OUTCOME.high),
  ];
}

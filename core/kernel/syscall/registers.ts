/**
 * The argument registers of a system call (RDI RSI RDX R10 R8 R9, System V ABI A.2.1) as 32-bit words of the vCPU state,
 * so that decoding allocates nothing and needs no bigint.
 */
import { gprOffset, RAX, RDI, RDX, RSI } from '../../vcpu/state.ts';
import type { RawArgs } from './define.ts';

const word = (register: number): number => gprOffset(register) >> 2;

/** Index of the low word of RAX: number and result. */
export const RAX_WORD = word(RAX);
/** Index of the low word of each argument register. */
export const ARG_WORDS: readonly number[] = [word(RDI), word(RSI), word(RDX), word(10), word(8), word(9)];

/** Reads the arguments where they are. `words` is set before each use: the memory's views change when it grows. */
export class RegisterArgs implements RawArgs {
  words: Int32Array = new Int32Array(0);

  lo(index: number): number {
    return this.words[ARG_WORDS[index]!]!;
  }
  hi(index: number): number {
    return this.words[ARG_WORDS[index]! + 1]!;
  }
}

/** A copy of the six arguments: low and high words in turn. */
export class SavedArgs implements RawArgs {
  readonly words = new Int32Array(12);

  constructor(raw: RawArgs) {
    for (let i = 0; i < 6; i++) {
      this.words[2 * i] = raw.lo(i);
      this.words[2 * i + 1] = raw.hi(i);
    }
  }
  lo(index: number): number {
    return this.words[2 * index]!;
  }
  hi(index: number): number {
    return this.words[2 * index + 1]!;
  }
}

/** All 64 bits of an argument in hex, as strace shows what it doesn't know. */
export function hexArgument(raw: RawArgs, index: number): string {
  const hi = raw.hi(index) >>> 0;
  const lo = raw.lo(index) >>> 0;
  return hi === 0 ? `0x${lo.toString(16)}` : `0x${hi.toString(16)}${lo.toString(16).padStart(8, '0')}`;
}

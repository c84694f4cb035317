/** Instructions by name and operands, for the parts of a program that the generator does not choose at random. */
import type { MemoryOperand } from '../../../core/x86/assembler.ts';
import type { Label, Op } from './ops.ts';
import type { Rows } from './rows.ts';

export type Size = 16 | 32 | 64;

export interface Fields {
  readonly reg?: number;
  readonly rm?: number;
  readonly memory?: MemoryOperand;
  readonly immediate?: number | bigint;
  readonly lock?: boolean;
  readonly repeat?: 'rep' | 'repne';
  readonly forceRex?: boolean;
  readonly addressSize?: 32 | 64;
}

/** `op(rows, 'mov Ev Gv', 64, { reg: 1, rm: 2 })`: names as `Rows.get` has them. */
export function op(rows: Rows, name: string, size: Size, fields: Fields = {}): Op {
  const { reg = 0, rm = 0, immediate, ...rest } = fields;
  return {
    row: rows.get(name),
    assembly: {
      operandSize: size,
      reg,
      rm,
      ...(immediate === undefined ? {} : { immediate: BigInt(immediate) }),
      ...rest,
    },
  };
}

/** JMP, CALL, Jcc and LOOP to a label: `jmp Jz`. */
export const jump = (rows: Rows, name: string, label: Label): Op => ({
  ...op(rows, name, 64),
  fix: { field: 'jump', label },
});

/** The address of a label in a register. */
export const loadAddress = (rows: Rows, register: number, label: Label): Op => ({
  ...op(rows, 'lea Gv M', 64, { reg: register, memory: absolute(0) }),
  fix: { field: 'ripTarget', label },
});

/** A place in the lowest 2 GiB without any register. */
export const absolute = (address: number): MemoryOperand => ({
  base: -1,
  index: -1,
  scale: 0,
  displacement: address,
});
export const based = (base: number, displacement: number): MemoryOperand => ({
  base,
  index: -1,
  scale: 0,
  displacement,
});

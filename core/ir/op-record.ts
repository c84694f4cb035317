/**
 * The op record: one decoded instruction in the op cache, 32 bytes. Handlers of tier 0 get its address and read their
 * operands from it.
 *
 * | offset | type | field   | meaning                                                                   |
 * |--------|------|---------|---------------------------------------------------------------------------|
 * | 0      | u16  | HANDLER | table slot of the handler                                                 |
 * | 2      | u16  | SEGMENT | state offset of the segment base (`zero` when there is none)              |
 * | 4      | u32  | IP      | guest address of the instruction                                          |
 * | 8 10 12| u16  | R0 R1 R2| state offsets of register operands, in operand order                      |
 * | 14     | u8   | LENGTH  | bytes of the instruction                                                  |
 * | 15     | u8   | SCALE   | log2 of the index scale                                                   |
 * | 16     | u16  | BASE    | state offset of the base register (`zero` when there is none)             |
 * | 18     | u16  | INDEX   | state offset of the index register                                        |
 * | 20     | i32  | DISP    | displacement; RIP-relative operands: the whole address                    |
 * | 24     | i64  | IMM     | immediate, sign-extended                                                  |
 * | 28     | u16  | R3      | state offset of the register that an immediate names (VEX /is4)           |
 * | 8      | u32  | COUNT   | exit records of tier 1: how often a region left that way                   |
 * | 8      | u32  | ENTRY   | records that tier 1 has taken over: at which of the region's entries           |
 * | 24     | u32  | LINK    | branches: address of the target's record, 0 while not linked              |
 * | 28     | u32  | TARGET  | branches: guest address of the target                                     |
 */
export const OP_SIZE = 32;
export const OP_HANDLER = 0;
export const OP_SEGMENT = 2;
export const OP_IP = 4;
export const OP_R0 = 8;
export const OP_COUNT = 8;
export const OP_ENTRY = 8;
export const OP_LENGTH = 14;
export const OP_SCALE = 15;
export const OP_BASE = 16;
export const OP_INDEX = 18;
export const OP_DISP = 20;
export const OP_IMM = 24;
export const OP_LINK = 24;
export const OP_TARGET = 28;

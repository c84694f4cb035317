/** DWARF expressions as call frame information uses them (DWARF 5, section 2.5): a small stack machine. */
import type { ByteReader } from './reader.ts';

/** What an expression may look at. */
export interface ExpressionContext {
  register(index: number): number;
  /** Eight bytes of memory. */
  load(address: number, size: number): number;
}

/** Steps that a well-formed expression never needs. */
const MAX_STEPS = 1000;

/** Value of the expression that fills `reader`; `initial` is on the stack at the start. RangeError when malformed. */
export function evaluate(reader: ByteReader, context: ExpressionContext, initial?: number): number {
  const stack: bigint[] = initial === undefined ? [] : [BigInt(initial)];
  for (let steps = 0; !reader.isAtEnd; steps++) {
    if (steps > MAX_STEPS) throw new RangeError('endless expression');
    step(reader.u8(), reader, context, stack);
  }
  return Number(pop(stack));
}

function pop(stack: bigint[]): bigint {
  const value = stack.pop();
  if (value === undefined) throw new RangeError('expression takes from an empty stack');
  return value;
}

function step(op: number, reader: ByteReader, context: ExpressionContext, stack: bigint[]): void {
  const literal = readLiteral(op, reader);
  if (literal !== undefined) stack.push(BigInt.asUintN(64, literal));
  // DW_OP_breg0..31: register plus offset.
  else if (op >= 0x70 && op <= 0x8f) stack.push(BigInt(context.register(op - 0x70) + reader.sleb()));
  else if (op === 0x92) stack.push(BigInt(context.register(reader.uleb()) + reader.sleb()));
  else if (op === 0x28 || op === 0x2f) branch(op, reader, stack);
  else if (op === 0x06) stack.push(BigInt(context.load(Number(pop(stack)), 8)));
  else if (op === 0x94) stack.push(BigInt(context.load(Number(pop(stack)), reader.u8())));
  else if (op >= 0x12 && op <= 0x17) shuffle(op, reader, stack);
  else compute(op, reader, stack);
}

/** Constants: DW_OP_lit0..31, DW_OP_const*. */
function readLiteral(op: number, reader: ByteReader): bigint | undefined {
  if (op >= 0x30 && op <= 0x4f) return BigInt(op - 0x30);
  switch (op) {
    case 0x03: // DW_OP_addr
    case 0x0e:
    case 0x0f:
      return BigInt(reader.u64());
    case 0x08:
      return BigInt(reader.u8());
    case 0x09:
      return BigInt((reader.u8() << 24) >> 24);
    case 0x0a:
      return BigInt(reader.u16());
    case 0x0b:
      return BigInt((reader.u16() << 16) >> 16);
    case 0x0c:
      return BigInt(reader.u32());
    case 0x0d:
      return BigInt(reader.u32() | 0);
    case 0x10:
      return BigInt(reader.uleb());
    case 0x11:
      return BigInt(reader.sleb());
  }
  return undefined;
}

/** DW_OP_bra and DW_OP_skip. */
function branch(op: number, reader: ByteReader, stack: bigint[]): void {
  const distance = (reader.u16() << 16) >> 16;
  if (op === 0x2f || pop(stack) !== 0n) reader.skip(distance);
}

/** DW_OP_dup, drop, over, pick, swap, rot. */
function shuffle(op: number, reader: ByteReader, stack: bigint[]): void {
  const depth = op === 0x15 ? reader.u8() : op === 0x14 ? 1 : 0;
  const top = pop(stack);
  switch (op) {
    case 0x13:
      return;
    case 0x16: {
      const second = pop(stack);
      stack.push(top, second);
      return;
    }
    case 0x17: {
      const second = pop(stack);
      const third = pop(stack);
      stack.push(top, third, second);
      return;
    }
  }
  stack.push(top);
  const copied = stack.at(-1 - depth);
  if (copied === undefined) throw new RangeError('expression picks below the stack');
  stack.push(copied);
}

const binary: Readonly<Record<number, (a: bigint, b: bigint) => bigint>> = {
  26: (a, b) => a & b,
  28: (a, b) => a - b,
  30: (a, b) => a * b,
  33: (a, b) => a | b,
  34: (a, b) => a + b,
  36: (a, b) => (b > 63n ? 0n : a << b),
  37: (a, b) => a >> b,
  38: (a, b) => BigInt.asIntN(64, a) >> b,
  39: (a, b) => a ^ b,
};
const comparisons: Readonly<Record<number, (a: bigint, b: bigint) => boolean>> = {
  41: (a, b) => a === b,
  42: (a, b) => a >= b,
  43: (a, b) => a > b,
  44: (a, b) => a <= b,
  45: (a, b) => a < b,
  46: (a, b) => a !== b,
};

/** Arithmetic and comparison (signed); DW_OP_plus_uconst. */
function compute(op: number, reader: ByteReader, stack: bigint[]): void {
  const b = pop(stack);
  if (op === 0x23) {
    stack.push(BigInt.asUintN(64, b + BigInt(reader.uleb())));
    return;
  }
  const a = pop(stack);
  const operation = binary[op];
  const comparison = comparisons[op];
  if (operation !== undefined) stack.push(BigInt.asUintN(64, operation(a, b)));
  else if (comparison !== undefined) stack.push(comparison(BigInt.asIntN(64, a), BigInt.asIntN(64, b)) ? 1n : 0n);
  else throw new RangeError(`expression operation 0x${op.toString(16)}`);
}

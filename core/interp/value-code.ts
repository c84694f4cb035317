/** What both tiers emit for a value that follows from its operands alone. */
import type { Node } from '../ir/ir.ts';
import type { CodeWriter } from '../wasm/module.ts';

/**
 * Leaves the value of a constant or an operation on the stack; `value` pushes an operand. False, with nothing emitted, for a node
 * of another kind.
 */
export function emitOperation(node: Node, code: CodeWriter, value: (node: Node) => void): boolean {
  const { kind, args } = node;
  switch (kind.op) {
    case 'const':
      emitConstant(node, kind.value, code);
      return true;
    case 'pure':
      for (const arg of args) value(arg);
      code.op(kind.name, kind.lane);
      return true;
    case 'shuffle':
      for (const arg of args) value(arg);
      code.shuffle(kind.lanes);
      return true;
    case 'select':
      for (const arg of args) value(arg);
      if (node.type === 'v128') selectVector(code);
      else code.select();
      return true;
    case 'ordinary':
      value(args[1]!);
      value(args[2]!);
      code.op('i32.or');
      return true;
    default:
      return false;
  }
}

function emitConstant(node: Node, value: number | bigint, code: CodeWriter): void {
  if (node.type === 'i32') code.i32Const(Number(value));
  else if (node.type === 'i64') code.i64Const(BigInt(value));
  else if (node.type === 'f32') code.f32Const(Number(value));
  else if (node.type === 'f64') code.f64Const(BigInt(value));
  else code.v128Const(BigInt(value));
}

/** `select t*` with a v128 immediate type; the untyped form only takes numbers and vectors of MVP types. */
function selectVector(code: CodeWriter): void {
  code.u8(0x1c);
  code.u32(1);
  code.u8(0x7b);
}

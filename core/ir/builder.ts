/**
 * Builds IR. Every value is a node; nodes that read state or memory are pinned where they are built, pure ones are placed
 * by the lowering. Constant operands fold, so that a builder run with known operands gives what a peephole pass would.
 */
import { type LoadName, loads, type StoreName, type ValueType, wasmOp } from '../wasm/opcodes.ts';
import type { Helper } from './helpers.ts';
import type { Access, AnyPlace, JumpTarget, Node, NodeKind, Statement, Variable } from './ir.ts';

export class Builder {
  /** The list that statements are appended to. */
  statements: Statement[] = [];

  protected node(kind: NodeKind, type: ValueType, args: readonly Node[] = []): Node {
    const node: Node = { kind, type, args, uses: 0, local: -1, exitUses: 0 };
    if (kind.op !== 'const' && kind.op !== 'record') this.statements.push({ kind: 'let', node });
    return node;
  }

  i32(value: number): Node {
    return this.node({ op: 'const', value: value | 0 }, 'i32');
  }
  i64(value: bigint | number): Node {
    return this.node({ op: 'const', value: BigInt.asIntN(64, BigInt(value)) }, 'i64');
  }
  /** A constant of the type of `like`. */
  like(like: Node, value: number | bigint): Node {
    return like.type === 'i64' ? this.i64(value) : this.i32(Number(value));
  }
  v128(bits: bigint): Node {
    return this.node({ op: 'const', value: bits }, 'v128');
  }
  f32(bits: number): Node {
    return this.node({ op: 'const', value: bits }, 'f32');
  }
  /** f64 constant from its bit pattern. */
  f64(bits: bigint): Node {
    return this.node({ op: 'const', value: bits }, 'f64');
  }

  /** A pure wasm instruction by its full name: `op('i32x4.add', a, b)`. */
  op(name: string, ...args: Node[]): Node {
    return this.lane(name, 0, ...args);
  }
  /** A pure wasm instruction with a lane immediate. */
  lane(name: string, lane: number, ...args: Node[]): Node {
    const op = wasmOp(name);
    if (op.params.length !== args.length || op.params.some((type, i) => args[i]!.type !== type)) {
      throw new Error(`${name} does not take (${args.map((a) => a.type).join(', ')})`);
    }
    return this.node({ op: 'pure', name, lane }, op.result, args);
  }
  /** i8x16.shuffle: 16 byte indices into a (0..15) and b (16..31). */
  shuffle(a: Node, b: Node, lanes: readonly number[]): Node {
    return this.node({ op: 'shuffle', lanes }, 'v128', [a, b]);
  }
  select(condition: Node, ifTrue: Node, ifFalse: Node): Node {
    return this.node({ op: 'select' }, ifTrue.type, [ifTrue, ifFalse, condition]);
  }

  // Integer arithmetic at the type of the operands.
  private typed(name: string, a: Node, b: Node): Node {
    return this.op(`${a.type}.${name}`, a, b);
  }
  add = (a: Node, b: Node): Node => this.typed('add', a, b);
  sub = (a: Node, b: Node): Node => this.typed('sub', a, b);
  mul = (a: Node, b: Node): Node => this.typed('mul', a, b);
  and = (a: Node, b: Node): Node => this.typed('and', a, b);
  or = (a: Node, b: Node): Node => this.typed('or', a, b);
  xor = (a: Node, b: Node): Node => this.typed('xor', a, b);
  shl = (a: Node, b: Node): Node => this.typed('shl', a, b);
  shrU = (a: Node, b: Node): Node => this.typed('shr_u', a, b);
  shrS = (a: Node, b: Node): Node => this.typed('shr_s', a, b);
  eq = (a: Node, b: Node): Node => this.typed('eq', a, b);
  ne = (a: Node, b: Node): Node => this.typed('ne', a, b);
  ltU = (a: Node, b: Node): Node => this.typed('lt_u', a, b);
  ltS = (a: Node, b: Node): Node => this.typed('lt_s', a, b);
  gtU = (a: Node, b: Node): Node => this.typed('gt_u', a, b);
  gtS = (a: Node, b: Node): Node => this.typed('gt_s', a, b);
  leU = (a: Node, b: Node): Node => this.typed('le_u', a, b);
  geU = (a: Node, b: Node): Node => this.typed('ge_u', a, b);
  leS = (a: Node, b: Node): Node => this.typed('le_s', a, b);
  eqz = (a: Node): Node => this.op(`${a.type}.eqz`, a);
  not = (a: Node): Node => this.xor(a, this.like(a, -1));
  neg = (a: Node): Node => this.sub(this.like(a, 0), a);
  /** Bits [0, width) of an i32 or i64, sign-extended to 64. */
  signExtend64(a: Node, width: number): Node {
    if (width === 64) return a;
    if (a.type === 'i64') return this.op(`i64.extend${width}_s`, a);
    if (width === 32) return this.op('i64.extend_i32_s', a);
    return this.op('i64.extend_i32_s', this.op(`i32.extend${width}_s`, a));
  }
  wrap = (a: Node): Node => (a.type === 'i64' ? this.op('i32.wrap_i64', a) : a);
  extendU = (a: Node): Node => (a.type === 'i32' ? this.op('i64.extend_i32_u', a) : a);
  extendS = (a: Node): Node => (a.type === 'i32' ? this.op('i64.extend_i32_s', a) : a);

  /** States that `subject` is an ordinary float (see `NodeKind`) where either condition holds. */
  ordinary(subject: Node, normal: Node, otherwise: Node): Node {
    return this.node({ op: 'ordinary' }, 'i32', [subject, normal, otherwise]);
  }

  state(load: LoadName, place: AnyPlace): Node {
    const args = place.kind === 'indexed' ? [place.index] : [];
    return this.node({ op: 'state', load, place }, loads[load].type, args);
  }
  put(store: StoreName, place: AnyPlace, value: Node): void {
    this.statements.push({ kind: 'put', store, place, value });
  }
  record(load: LoadName, offset: number): Node {
    return this.node({ op: 'record', load, offset }, loads[load].type);
  }
  /** Loads from guest memory; a `check` must have come before. */
  load(load: LoadName, address: Node): Node {
    return this.node({ op: 'load', load }, loads[load].type, [address]);
  }
  store(store: StoreName, address: Node, value: Node): void {
    this.statements.push({ kind: 'store', store, address, value });
  }
  check(address: Node, size: number, access: Access): void {
    this.statements.push({ kind: 'check', address, size, access });
  }

  /** Parameter of a routine. */
  parameter(index: number, type: ValueType): Node {
    return this.node({ op: 'parameter', index }, type);
  }
  return(value: Node): void {
    this.statements.push({ kind: 'return', value });
  }

  variable(initial: Node): Variable {
    const variable: Variable = { type: initial.type, local: -1 };
    this.assign(variable, initial);
    return variable;
  }
  assign(variable: Variable, value: Node): void {
    this.statements.push({ kind: 'assign', variable, value });
  }
  get(variable: Variable): Node {
    return this.node({ op: 'variable', variable }, variable.type);
  }

  private collect(build: () => void): Statement[] {
    const outer = this.statements;
    this.statements = [];
    build();
    const inner = this.statements;
    this.statements = outer;
    return inner;
  }
  /** Values built inside a branch must not be used outside; carry them in variables. */
  if(condition: Node, then: () => void, otherwise: () => void = () => {}): void {
    const thenList = this.collect(then);
    const elseList = this.collect(otherwise);
    this.statements.push({ kind: 'if', condition, whenTrue: thenList, whenFalse: elseList });
  }
  /**
   * As `if`, for a condition that nearly always holds: `otherwise` is rare, and does what the whole instruction does when it
   * is begun anew. Nothing has changed yet.
   */
  usually(condition: Node, then: () => void, otherwise: () => void): void {
    this.if(condition, then, otherwise);
  }
  /** Repeats `body` while the i32 that it returns is not 0. */
  loop(body: () => Node): void {
    let condition: Node | undefined;
    const list = this.collect(() => {
      condition = body();
    });
    this.statements.push({ kind: 'loop', body: list, condition: condition! });
  }

  /** Calls a helper that can't fault. */
  call(helper: Helper, ...args: Node[]): Node {
    return this.node({ op: 'call', helper }, helper.result ?? 'i32', args);
  }
  /** Calls a helper with a status: nonzero leaves the instruction with the exception or exit that the helper set up. */
  callChecked(helper: Helper, ...args: Node[]): void {
    this.statements.push({ kind: 'callChecked', helper, args });
  }
  raise(vector: number, error?: Node): void {
    this.statements.push({ kind: 'raise', vector, error });
  }
  trap(vector: number): void {
    this.statements.push({ kind: 'trap', vector });
  }
  jump(target: JumpTarget): void {
    this.statements.push({ kind: 'jump', target });
  }
  jumpIndirect(target: Node, isReturn: boolean): void {
    this.statements.push({ kind: 'jumpIndirect', target, isReturn });
  }
  exit(reason: number): void {
    this.statements.push({ kind: 'exit', reason });
  }
}

/**
 * Checks that IR is well formed. The tests run it over every form of every row; nothing does at run time.
 *
 * - Types: operands, results, stores, assignments and conditions fit.
 * - Order: a value is used behind its definition and never outside the branch that defines it; a variable is read behind an
 *   assignment that is sure to have happened.
 * - Memory: a load or store lies within bytes that a check on the way here has vetted for that access.
 * - Control flow: nothing follows a statement that leaves the instruction.
 */
import { loads, stores, type ValueType, wasmOp } from '../wasm/opcodes.ts';
import type { Access, Node, Statement, Variable } from './ir.ts';
import { operandsOf } from './print.ts';

/** What is wrong, as sentences; none for well-formed IR. */
export function verifyStatements(statements: readonly Statement[]): string[] {
  const verifier = new Verifier();
  verifier.list(statements, new Scope(undefined));
  return verifier.problems;
}

/**
 * Statements that may still fault behind one that changed state: a fault must find the instruction not begun (SDM vol. 3,
 * 6.5). Named by kind, or by the helper they call.
 */
export function lateFaults(statements: readonly Statement[]): string[] {
  const found = new Set<string>();
  const walk = (list: readonly Statement[], hasBegun: boolean): boolean => {
    for (const s of list) {
      if (s.kind === 'put' || s.kind === 'store') hasBegun = true;
      else if (s.kind === 'loop') hasBegun = walk(s.body, hasBegun);
      else if (s.kind === 'if') {
        const whenTrue = walk(s.whenTrue, hasBegun);
        hasBegun = walk(s.whenFalse, hasBegun) || whenTrue;
      } else if (hasBegun && s.kind === 'callChecked') found.add(s.helper.name);
      else if (hasBegun && (s.kind === 'check' || s.kind === 'raise')) found.add(s.kind);
    }
    return hasBegun;
  };
  walk(statements, false);
  return [...found];
}

/** What is known at a point: an enclosing list's facts hold in the lists within it. */
class Scope {
  private readonly outer: Scope | undefined;
  private readonly nodes = new Set<Node>();
  readonly variables = new Set<Variable>();
  private readonly checks: { address: Node; size: number; access: Access }[] = [];

  constructor(outer: Scope | undefined) {
    this.outer = outer;
  }

  define(node: Node): void {
    this.nodes.add(node);
  }
  isDefined(node: Node): boolean {
    return this.nodes.has(node) || (this.outer?.isDefined(node) ?? false);
  }
  assign(variable: Variable): void {
    this.variables.add(variable);
  }
  isAssigned(variable: Variable): boolean {
    return this.variables.has(variable) || (this.outer?.isAssigned(variable) ?? false);
  }
  vet(address: Node, size: number, access: Access): void {
    this.checks.push({ address, size, access });
  }
  /** Writable pages can be read, so a check for writing covers both. */
  covers(address: Node, offset: number, size: number, access: Access): boolean {
    return (
      this.checks.some(
        (c) => c.address === address && offset + size <= c.size && (access === 'r' || c.access === 'w'),
      ) ||
      (this.outer?.covers(address, offset, size, access) ?? false)
    );
  }
}

const BYTES: Record<ValueType, number> = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 };

/** Bytes that a load or store named like `i64.load32_u` or `i32.store8` accesses. */
function accessBytes(name: string, type: ValueType): number {
  const bits = /(?:load|store)(\d+)/.exec(name)?.[1];
  return bits === undefined ? BYTES[type] : Number(bits) / 8;
}

/** `base + constant`, as code that reads a vetted operand in parts has it. */
function splitAddress(address: Node): { base: Node; offset: number } {
  const [base, offset] = address.args;
  if (address.kind.op === 'pure' && address.kind.name === 'i64.add' && offset?.kind.op === 'const') {
    return { base: base!, offset: Number(offset.kind.value) };
  }
  return { base: address, offset: 0 };
}

class Verifier {
  readonly problems: string[] = [];

  private expect(holds: boolean, problem: () => string): void {
    if (!holds) this.problems.push(problem());
  }

  /** True when the list ends by leaving the instruction. */
  list(statements: readonly Statement[], scope: Scope): boolean {
    let leaves = false;
    for (const s of statements) {
      // Definitions that only the lost code used may stay behind it.
      if (s.kind !== 'let') this.expect(!leaves, () => `a ${s.kind} follows a statement that leaves`);
      // A loop's condition belongs to its body.
      if (s.kind !== 'loop') for (const node of operandsOf(s)) this.expectKnown(node, scope);
      leaves = this.statement(s, scope) || leaves;
    }
    return leaves;
  }

  private statement(s: Statement, scope: Scope): boolean {
    switch (s.kind) {
      case 'let':
        this.define(s.node, scope);
        return false;
      case 'put':
        this.expectType(s.value, stores[s.store].type, s.store);
        return false;
      case 'store':
        this.expectType(s.value, stores[s.store].type, s.store);
        this.expectVetted(s.address, accessBytes(s.store, s.value.type), 'w', scope);
        return false;
      case 'check':
        this.expectType(s.address, 'i64', 'a check');
        scope.vet(s.address, s.size, s.access);
        return false;
      case 'assign':
        this.expectType(s.value, s.variable.type, 'an assignment');
        scope.assign(s.variable);
        return false;
      case 'if': {
        this.expectType(s.condition, 'i32', 'an if');
        const whenTrue = this.list(s.whenTrue, new Scope(scope));
        return this.list(s.whenFalse, new Scope(scope)) && whenTrue;
      }
      case 'loop':
        return this.loop(s, scope);
      case 'callChecked':
        this.expectArguments(s.helper.name, s.args, s.helper.params);
        this.expect(s.helper.result === 'i32', () => `${s.helper.name} has no status`);
        return false;
      case 'jumpIndirect':
        this.expectType(s.target, 'i64', 'an indirect jump');
        return true;
      default:
        return true;
    }
  }

  /** The body runs at least once, so what it assigns is assigned behind it too. */
  private loop(s: Extract<Statement, { kind: 'loop' }>, scope: Scope): boolean {
    const inner = new Scope(scope);
    const leaves = this.list(s.body, inner);
    this.expectKnown(s.condition, inner);
    this.expectType(s.condition, 'i32', 'a loop');
    for (const variable of inner.variables) scope.assign(variable);
    return leaves;
  }

  private define(node: Node, scope: Scope): void {
    for (const arg of node.args) this.expectKnown(arg, scope);
    const { kind } = node;
    switch (kind.op) {
      case 'pure': {
        const op = wasmOp(kind.name);
        this.expectArguments(kind.name, node.args, op.params);
        this.expect(node.type === op.result, () => `${kind.name} gives ${op.result}, not ${node.type}`);
        break;
      }
      case 'shuffle':
        this.expectArguments('shuffle', node.args, ['v128', 'v128']);
        this.expect(kind.lanes.length === 16 && kind.lanes.every((lane) => lane >= 0 && lane < 32), () => 'bad lanes');
        break;
      case 'select':
        this.expectArguments('select', node.args, [node.type, node.type, 'i32']);
        break;
      case 'ordinary':
        this.expectArguments('ordinary', node.args.slice(1), ['i32', 'i32']);
        break;
      case 'state':
        this.expect(node.type === loads[kind.load].type, () => `${kind.load} does not give ${node.type}`);
        break;
      case 'load':
        this.expect(node.type === loads[kind.load].type, () => `${kind.load} does not give ${node.type}`);
        this.expectArguments(kind.load, node.args, ['i64']);
        this.expectVetted(node.args[0]!, accessBytes(kind.load, node.type), 'r', scope);
        break;
      case 'variable':
        this.expect(scope.isAssigned(kind.variable), () => 'a variable is read before it is assigned');
        break;
      case 'call':
        this.expectArguments(kind.helper.name, node.args, kind.helper.params);
        break;
    }
    scope.define(node);
  }

  private expectKnown(node: Node, scope: Scope): void {
    if (node.kind.op === 'const' || node.kind.op === 'record') return;
    this.expect(scope.isDefined(node), () => `a ${node.kind.op} is used where it is not defined`);
  }

  private expectType(node: Node, type: ValueType, user: string): void {
    this.expect(node.type === type, () => `${user} takes ${type}, not ${node.type}`);
  }

  private expectArguments(user: string, args: readonly Node[], types: readonly ValueType[]): void {
    const given = args.map((arg) => arg.type).join(', ');
    this.expect(given === types.join(', '), () => `${user} takes (${types.join(', ')}), not (${given})`);
  }

  private expectVetted(address: Node, bytes: number, access: Access, scope: Scope): void {
    const { base, offset } = splitAddress(address);
    const isVetted = scope.covers(address, 0, bytes, access) || scope.covers(base, offset, bytes, access);
    this.expect(isVetted, () => `${bytes} bytes are ${access === 'r' ? 'loaded' : 'stored'} without a check`);
  }
}

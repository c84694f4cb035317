/**
 * Text of IR, for dumps and golden tests. A line is a statement; a value is written where it is used, or gets a number
 * when it is shared or its place in the order counts (reads of state, record, memory, variables). Values that nothing uses
 * are left out, as the lowering leaves them out.
 *
 *     check [%0] 4 r
 *     %1 = load i32.load [%0]
 *     put i32.store +360 = (i32.lt_u (i32.add %1 $imm) %1)
 *     if %2 {
 *       jump link
 *     }
 *
 * Places are `+offset` in the state, or what `placeName` calls it, and `@R0` for the register that a field of the op
 * record names; `$imm` is a field of the op record itself; `v0` is a variable.
 */
import type { AnyPlace, JumpTarget, Node, Statement, Variable } from './ir.ts';
import { OP_BASE, OP_DISP, OP_IMM, OP_INDEX, OP_IP, OP_LENGTH, OP_R0, OP_SCALE, OP_SEGMENT } from './op-record.ts';

export interface PrintOptions {
  /** Name of an offset in the vCPU state. */
  placeName?: (offset: number) => string | undefined;
}

/** The statements as lines of text. */
export function printStatements(statements: readonly Statement[], options: PrintOptions = {}): string {
  const printer = new Printer(options);
  printer.countUses(statements);
  printer.list(statements, '');
  return printer.lines.join('\n');
}

const RECORD_FIELDS = new Map([
  [OP_SEGMENT, 'segment'],
  [OP_IP, 'ip'],
  [OP_R0, 'R0'],
  [OP_R0 + 2, 'R1'],
  [OP_R0 + 4, 'R2'],
  [OP_LENGTH, 'length'],
  [OP_SCALE, 'scale'],
  [OP_BASE, 'base'],
  [OP_INDEX, 'index'],
  [OP_DISP, 'disp'],
  [OP_IMM, 'imm'],
  [OP_IMM + 4, 'imm_high'],
]);

const recordField = (offset: number): string => RECORD_FIELDS.get(offset) ?? `record+${offset}`;

/** Values that can be computed anywhere: they follow from their operands alone. */
const MOVABLE = new Set(['const', 'parameter', 'record', 'pure', 'shuffle', 'select', 'ordinary']);

class Printer {
  readonly lines: string[] = [];
  private readonly uses = new Map<Node, number>();
  private readonly numbers = new Map<Node, number>();
  private readonly variables = new Map<Variable, number>();
  private readonly placeName: (offset: number) => string | undefined;

  constructor(options: PrintOptions) {
    this.placeName = options.placeName ?? (() => undefined);
  }

  countUses(statements: readonly Statement[]): void {
    for (const s of statements) {
      for (const node of operandsOf(s)) this.use(node);
      if (s.kind === 'if') {
        this.countUses(s.whenTrue);
        this.countUses(s.whenFalse);
      } else if (s.kind === 'loop') this.countUses(s.body);
    }
  }

  private use(node: Node): void {
    const uses = this.uses.get(node) ?? 0;
    this.uses.set(node, uses + 1);
    if (uses === 0) for (const arg of node.args) this.use(arg);
  }

  list(statements: readonly Statement[], indent: string): void {
    for (const s of statements) this.statement(s, indent);
  }

  private statement(s: Statement, indent: string): void {
    switch (s.kind) {
      case 'let':
        this.define(s.node, indent);
        return;
      case 'if':
        this.lines.push(`${indent}if ${this.value(s.condition)} {`);
        this.list(s.whenTrue, `${indent}  `);
        if (s.whenFalse.length > 0) {
          this.lines.push(`${indent}} else {`);
          this.list(s.whenFalse, `${indent}  `);
        }
        this.lines.push(`${indent}}`);
        return;
      case 'loop':
        this.lines.push(`${indent}loop {`);
        this.list(s.body, `${indent}  `);
        this.lines.push(`${indent}} while ${this.value(s.condition)}`);
        return;
      default:
        this.lines.push(indent + this.simple(s));
    }
  }

  private define(node: Node, indent: string): void {
    const uses = this.uses.get(node) ?? 0;
    const isCall = node.kind.op === 'call';
    if (uses === 0 && !isCall) return;
    if (MOVABLE.has(node.kind.op) && uses === 1) return;
    const text = this.expression(node).replace(/^\((.*)\)$/, '$1');
    if (uses === 0) {
      this.lines.push(indent + text);
      return;
    }
    this.numbers.set(node, this.numbers.size);
    this.lines.push(`${indent}%${this.numbers.get(node)} = ${text}`);
  }

  private simple(s: Exclude<Statement, { kind: 'let' | 'if' | 'loop' }>): string {
    switch (s.kind) {
      case 'put':
        return `put ${s.store} ${this.place(s.place)} = ${this.value(s.value)}`;
      case 'store':
        return `store ${s.store} [${this.value(s.address)}] = ${this.value(s.value)}`;
      case 'check':
        return `check [${this.value(s.address)}] ${s.size} ${s.access}`;
      case 'assign':
        return `${this.variable(s.variable)} = ${this.value(s.value)}`;
      case 'raise':
        return `raise ${s.vector}${s.error ? ` error ${this.value(s.error)}` : ''}`;
      case 'trap':
        return `trap ${s.vector}`;
      case 'callChecked':
        return ['check call', s.helper.name, ...s.args.map((arg) => this.value(arg))].join(' ');
      case 'jump':
        return `jump ${jumpTarget(s.target)}`;
      case 'jumpIndirect':
        return `jump [${this.value(s.target)}]`;
      case 'exit':
        return `exit ${s.reason}`;
      case 'return':
        return `return ${this.value(s.value)}`;
    }
  }

  private value(node: Node): string {
    const number = this.numbers.get(node);
    return number === undefined ? this.expression(node) : `%${number}`;
  }

  /** The value's own text, its operands by number where they have one. */
  private expression(node: Node): string {
    const { kind } = node;
    const args = (): string => node.args.map((arg) => ` ${this.value(arg)}`).join('');
    switch (kind.op) {
      case 'const':
        return constant(node, kind.value);
      case 'record':
        return kind.load === 'i32.load' || kind.load === 'i64.load'
          ? `$${recordField(kind.offset)}`
          : `$${recordField(kind.offset)}:${kind.load.replace('.load', '.')}`;
      case 'pure':
        return `(${kind.name}${kind.name.endsWith('_lane') || /lane_[su]$/.test(kind.name) ? ` ${kind.lane}` : ''}${args()})`;
      case 'shuffle':
        return `(i8x16.shuffle ${kind.lanes.join(' ')}${args()})`;
      case 'select': {
        const [ifTrue, ifFalse, condition] = node.args.map((arg) => this.value(arg));
        return `(select ${condition} ${ifTrue} ${ifFalse})`;
      }
      case 'ordinary':
        return `(ordinary${args()})`;
      case 'state':
        return `(get ${kind.load} ${this.place(kind.place)})`;
      case 'load':
        return `(load ${kind.load} [${this.value(node.args[0]!)}])`;
      case 'variable':
        return this.variable(kind.variable);
      case 'parameter':
        return `$${kind.index}`;
      case 'call':
        return `(call ${kind.helper.name}${args()})`;
      case 'in':
        return `in${kind.place}`;
    }
  }

  private place(place: AnyPlace): string {
    if (place.kind === 'fixed') return this.placeName(place.offset) ?? `+${place.offset}`;
    if (place.kind === 'indexed') {
      const base = this.placeName(place.offset) ?? `+${place.offset}`;
      return `${base}[${this.value(place.index)} << ${place.shift}]`;
    }
    return `@${recordField(place.record)}${place.add === 0 ? '' : `+${place.add}`}`;
  }

  private variable(variable: Variable): string {
    let number = this.variables.get(variable);
    if (number === undefined) {
      number = this.variables.size;
      this.variables.set(variable, number);
    }
    return `v${number}`;
  }
}

function constant(node: Node, value: number | bigint): string {
  const isSmall = BigInt(value) > -1000n && BigInt(value) < 1000n;
  const width = { i32: 32, i64: 64, f32: 32, f64: 64, v128: 128 }[node.type];
  const text = isSmall ? String(value) : `0x${BigInt.asUintN(width, BigInt(value)).toString(16)}`;
  return node.type === 'i32' ? text : `${text}:${node.type}`;
}

const jumpTarget = (target: JumpTarget): string =>
  target.kind === 'record' ? 'link' : `0x${target.address.toString(16)}`;

/** Values that a statement uses itself, not what its lists do. */
export function operandsOf(s: Statement): readonly Node[] {
  switch (s.kind) {
    case 'let':
      // A call happens whether its result is used or not.
      return s.node.kind.op === 'call' ? s.node.args : [];
    case 'put':
      return s.place.kind === 'indexed' ? [s.place.index, s.value] : [s.value];
    case 'assign':
    case 'return':
      return [s.value];
    case 'store':
      return [s.address, s.value];
    case 'check':
      return [s.address];
    case 'if':
    case 'loop':
      return [s.condition];
    case 'raise':
      return s.error ? [s.error] : [];
    case 'callChecked':
      return s.args;
    case 'jumpIndirect':
      return [s.target];
    default:
      return [];
  }
}

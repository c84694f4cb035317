/**
 * Conditions as branches. The floating-point rows ask a handful of questions before they trust a result; as values they
 * would cost a set, an `and` and a test each, as branches one fused compare and jump, and what comes later is only computed
 * when it is asked for.
 */
import type { Node } from '../ir/ir.ts';
import type { CodeWriter } from '../wasm/module.ts';

/** Where branches go to: the code, and how it gets a value on the stack. */
export interface ConditionTarget {
  readonly code: CodeWriter;
  value(node: Node): void;
}

const TRUTH = /\.(eqz?|ne|[lg][te](_[su])?|all_true|any_true)$/;

const constantOf = (node: Node): number | undefined =>
  node.kind.op === 'const' && node.type === 'i32' ? Number(node.kind.value) : undefined;

/** A value that is 0 or 1. */
function isTruth(node: Node): boolean {
  const { kind, args } = node;
  if (kind.op === 'ordinary') return true;
  if (kind.op === 'const') return constantOf(node) === 0 || constantOf(node) === 1;
  if (kind.op !== 'pure') return false;
  if (TRUTH.test(kind.name)) return true;
  if (kind.name === 'i32.or') return args.every(isTruth);
  return kind.name === 'i32.and' && (args.every(isTruth) || args.some((arg) => constantOf(arg) === 1));
}

/** What a node is when it is taken apart here rather than computed. */
function connective(node: Node): { op: 'and' | 'or' | 'not'; args: readonly Node[] } | undefined {
  const { kind, args } = node;
  // A value that others need too has been computed.
  if (node.local >= 0) return undefined;
  if (kind.op === 'ordinary') return { op: 'or', args: args.slice(1) };
  if (kind.op !== 'pure') return undefined;
  if (kind.name === 'i32.eqz') return { op: 'not', args };
  if (kind.name === 'i32.or') return { op: 'or', args };
  return kind.name === 'i32.and' && args.every(isTruth) ? { op: 'and', args } : undefined;
}

/** True when a branch on the node is better taken apart than computed. */
export const isCompound = (node: Node): boolean => {
  const found = connective(node);
  return found !== undefined && (found.op !== 'not' || isCompound(found.args[0]!));
};

/** Branches to the label `depth` if the node is 0 (`when` false) or not 0 (`when` true), else goes on. */
export function branchWhen(when: boolean, node: Node, depth: number, target: ConditionTarget): void {
  const { code } = target;
  const known = constantOf(node);
  if (known !== undefined) {
    if ((known !== 0) === when) code.br(depth);
    return;
  }
  const found = connective(node);
  if (found === undefined || (found.op === 'not' && !isCompound(found.args[0]!))) {
    target.value(node);
    if (!when) code.op('i32.eqz');
    code.brIf(depth);
    return;
  }
  const [a, b] = found.args;
  if (found.op === 'not') branchWhen(!when, a!, depth, target);
  else if ((found.op === 'or') === when) {
    // Either of them decides.
    branchWhen(when, a!, depth, target);
    branchWhen(when, b!, depth, target);
  } else {
    code.block();
    branchWhen(!when, a!, 0, target);
    branchWhen(when, b!, depth + 1, target);
    code.end();
  }
}

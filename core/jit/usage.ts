/**
 * Which values are needed. `uses` counts needs on the way that code usually takes: shared values get a local. Values that
 * only exits need are marked apart: what they stand on must be computed where it belongs, they themselves only there.
 */
import { neededArgs } from '../interp/uses.ts';
import type { Node } from '../ir/ir.ts';
import type { PlaceValues } from './place-values.ts';
import type { ExitPoint, JitStatement, Terminator } from './statements.ts';

/** True when something needs the value, if only an exit. */
export const isUsed = (node: Node): boolean => node.uses > 0 || node.exitUses > 0;

export function use(node: Node, times = 1): void {
  const isFirst = node.uses === 0;
  node.uses += times;
  if (isFirst) for (const arg of neededArgs(node)) use(arg);
}
export function keep(node: Node): void {
  node.exitUses++;
  if (node.exitUses === 1) for (const arg of neededArgs(node)) keep(arg);
}

export function keepDirty(values: PlaceValues): void {
  values.dirty.forEach((p) => {
    const value = values.get(p);
    if (typeof value === 'object') keep(value);
  });
}

export function useStatements(statements: readonly JitStatement[]): void {
  const exits = new Set<ExitPoint>();
  const exit = (point: ExitPoint): void => {
    if (!exits.has(point)) keepDirty(point.values);
    exits.add(point);
  };
  for (const s of statements) {
    switch (s.kind) {
      case 'let':
        if (s.node.kind.op === 'call') for (const arg of s.node.args) use(arg);
        break;
      case 'put':
      case 'assign':
        use(s.value);
        break;
      case 'store':
        use(s.value);
        use(s.address);
        break;
      case 'check':
        // Several times by the check itself: forces a local.
        use(s.address, 2);
        exit(s.exit);
        break;
      case 'if':
        use(s.condition);
        useStatements(s.whenTrue);
        useStatements(s.whenFalse);
        break;
      case 'loop':
        useStatements(s.body);
        use(s.condition);
        break;
      case 'leave':
        exit(s.exit);
        break;
      case 'flush':
        keepDirty(s.values);
        break;
      case 'callChecked':
        for (const arg of s.args) use(arg);
        break;
    }
  }
}

export function useTerminator(t: Terminator): void {
  switch (t.kind) {
    case 'branch':
      use(t.condition);
      break;
    case 'callIndirect':
    case 'return':
    case 'jumpIndirect':
      use(t.target, 2);
      keepDirty(t.exit.values);
      break;
    case 'leave':
      keepDirty(t.exit.values);
      break;
  }
}

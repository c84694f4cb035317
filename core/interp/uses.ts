/** How often the values of a handler are needed: unused ones are not computed, shared ones get a local. */
import type { Node, Statement } from '../ir/ir.ts';

/** Computed from other values and the op record alone, so that it may be placed anywhere behind them. */
export const isPure = (node: Node): boolean =>
  ['pure', 'const', 'record', 'select', 'shuffle', 'ordinary', 'parameter'].includes(node.kind.op);

/** What computing a node needs: an `ordinary` only names its subject. */
export const neededArgs = (node: Node): readonly Node[] =>
  node.kind.op === 'ordinary' ? node.args.slice(1) : node.args;

/** Counts how often each node is needed by something that happens. */
export function countUses(statements: readonly Statement[]): void {
  const use = (node: Node, times = 1): void => {
    node.uses += times;
    if (node.uses === times) for (const arg of neededArgs(node)) use(arg);
  };
  for (const s of statements) {
    switch (s.kind) {
      case 'let':
        if (s.node.kind.op === 'call') use(s.node);
        break;
      case 'put':
        use(s.value);
        if (s.place.kind === 'indexed') use(s.place.index);
        break;
      case 'assign':
      case 'return':
        use(s.value);
        break;
      case 'store':
        use(s.value);
        use(s.address);
        break;
      case 'check':
        // Used several times by the check itself: forces a local.
        use(s.address, 2);
        break;
      case 'if':
        use(s.condition);
        countUses(s.whenTrue);
        countUses(s.whenFalse);
        break;
      case 'loop':
        countUses(s.body);
        use(s.condition);
        break;
      case 'raise':
        if (s.error) use(s.error);
        break;
      case 'callChecked':
        for (const arg of s.args) use(arg);
        break;
      case 'jumpIndirect':
        use(s.target, s.isReturn ? 3 : 2);
        break;
      case 'jump':
      case 'trap':
      case 'exit':
        break;
    }
  }
}

/**
 * Control flow of a region: reverse postorder, dominators, loops. Edges that would make a loop with two entries are cut:
 * they leave the region instead (Hecht and Ullman's reducible flow graphs).
 * Dominators after Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm".
 */
import { type Region, successors } from './region.ts';

export interface FlowNode {
  readonly ip: number;
  /** Place in reverse postorder. */
  order: number;
  readonly successors: FlowNode[];
  readonly predecessors: FlowNode[];
  /** Immediate dominator; undefined for the entry. */
  dominator: FlowNode | undefined;
  /** Nodes that this one dominates immediately, in reverse postorder. */
  readonly dominated: FlowNode[];
  isLoopHeader: boolean;
  /** Of a loop header: all nodes of its loop. */
  loop: Set<FlowNode> | undefined;
}

export interface FlowGraph {
  readonly entry: FlowNode;
  /** In reverse postorder. */
  readonly nodes: readonly FlowNode[];
  readonly byIp: ReadonlyMap<number, FlowNode>;
  /** Edges that were cut, as `from ip` → set of `to ip`. */
  readonly cut: ReadonlyMap<number, ReadonlySet<number>>;
}

export function buildFlowGraph(region: Region): FlowGraph {
  const cut = new Map<number, Set<number>>();
  for (;;) {
    const graph = attempt(region, cut);
    const bad = irreducibleEdges(graph);
    if (bad.length === 0) return finish(graph);
    for (const [from, to] of bad) {
      const targets = cut.get(from.ip) ?? new Set();
      cut.set(from.ip, targets.add(to.ip));
    }
  }
}

function attempt(region: Region, cut: ReadonlyMap<number, ReadonlySet<number>>): FlowGraph {
  const byIp = new Map<number, FlowNode>();
  const postorder: FlowNode[] = [];
  const nodeFor = (ip: number): FlowNode => ({
    ip,
    order: -1,
    successors: [],
    predecessors: [],
    dominator: undefined,
    dominated: [],
    isLoopHeader: false,
    loop: undefined,
  });
  const entry = nodeFor(region.entry);
  byIp.set(region.entry, entry);
  // Depth first, without recursion: regions may be thousands of blocks deep.
  const stack: { node: FlowNode; targets: number[]; next: number }[] = [];
  const push = (node: FlowNode): void => {
    const targets = successors(region.blocks.get(node.ip)!).filter(
      (ip, i, all) => region.blocks.has(ip) && !cut.get(node.ip)?.has(ip) && all.indexOf(ip) === i,
    );
    stack.push({ node, targets, next: 0 });
  };
  push(entry);
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    if (top.next === top.targets.length) {
      postorder.push(top.node);
      stack.pop();
      continue;
    }
    const ip = top.targets[top.next++]!;
    let target = byIp.get(ip);
    if (target === undefined) {
      target = nodeFor(ip);
      byIp.set(ip, target);
      push(target);
    }
    top.node.successors.push(target);
    target.predecessors.push(top.node);
  }
  const nodes = postorder.reverse();
  nodes.forEach((node, i) => {
    node.order = i;
  });
  findDominators(nodes);
  return { entry, nodes, byIp, cut };
}

function findDominators(nodes: readonly FlowNode[]): void {
  const entry = nodes[0]!;
  entry.dominator = entry;
  const common = (a: FlowNode, b: FlowNode): FlowNode => {
    let [x, y] = [a, b];
    while (x !== y) {
      while (x.order > y.order) x = x.dominator!;
      while (y.order > x.order) y = y.dominator!;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of nodes) {
      if (node === entry) continue;
      let found: FlowNode | undefined;
      for (const p of node.predecessors) if (p.dominator) found = found ? common(found, p) : p;
      if (node.dominator !== found) {
        node.dominator = found;
        changed = true;
      }
    }
  }
  entry.dominator = undefined;
}

export function dominates(a: FlowNode, b: FlowNode): boolean {
  let node: FlowNode | undefined = b;
  while (node !== undefined && node.order > a.order) node = node.dominator;
  return node === a;
}

/** True for edges that go back to a loop header. */
export const isBackEdge = (from: FlowNode, to: FlowNode): boolean => to.order <= from.order;

function irreducibleEdges({ nodes }: FlowGraph): [FlowNode, FlowNode][] {
  return nodes.flatMap((from) =>
    from.successors
      .filter((to) => isBackEdge(from, to) && !dominates(to, from))
      .map((to): [FlowNode, FlowNode] => [from, to]),
  );
}

function finish(graph: FlowGraph): FlowGraph {
  for (const node of graph.nodes) {
    node.dominator?.dominated.push(node);
    for (const to of node.successors) {
      if (!isBackEdge(node, to)) continue;
      to.isLoopHeader = true;
      to.loop ??= new Set([to]);
      addToLoop(to.loop, node);
    }
  }
  return graph;
}

function addToLoop(loop: Set<FlowNode>, from: FlowNode): void {
  const queue = [from];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (loop.has(node)) continue;
    loop.add(node);
    queue.push(...node.predecessors);
  }
}

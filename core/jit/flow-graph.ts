/**
 * Control flow of a region: reverse postorder, dominators, loops. Edges that would make a loop with two entries are cut:
 * they leave the region instead (Hecht and Ullman's reducible flow graphs).
 * Dominators after Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm".
 */
import { addEntries } from './entries.ts';
import { addToLoop, type FlowGraph, type FlowNode, isBackEdge, nodeFor } from './flow-node.ts';
import { type Region, successors } from './region.ts';

/** The region can be entered at its roots, its loop headers, and the blocks that are `wanted`. */
export function buildFlowGraph(region: Region, isWanted: (ip: number) => boolean): FlowGraph {
  const cut = new Map<number, Set<number>>();
  for (;;) {
    const graph = attempt(region, cut);
    const bad = irreducibleEdges(graph);
    if (bad.length === 0) {
      splitHeaders(graph, region);
      graph.entries = addEntries(graph, isWanted);
      renumber(graph);
      return finish(graph);
    }
    for (const [from, to] of bad) {
      const targets = cut.get(from.ip) ?? new Set();
      cut.set(from.ip, targets.add(to.ip));
    }
  }
}

function attempt(region: Region, cut: ReadonlyMap<number, ReadonlySet<number>>): FlowGraph {
  const byIp = new Map<number, FlowNode>();
  const postorder: FlowNode[] = [];
  const { roots } = region;
  const entry = nodeFor(roots[0]!, roots.length > 1);
  if (entry.isEmpty) entry.dispatch = new Map();
  else byIp.set(entry.ip, entry);
  // Depth first, without recursion: regions may be thousands of blocks deep.
  const stack: { node: FlowNode; targets: number[]; next: number }[] = [];
  const push = (node: FlowNode): void => {
    const all = node.dispatch ? roots : successors(region.blocks.get(node.ip)!);
    const isCut = (ip: number): boolean => !node.dispatch && cut.get(node.ip)?.has(ip) === true;
    const targets = all.filter((ip, i) => region.blocks.has(ip) && !isCut(ip) && all.indexOf(ip) === i);
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
    // A root that another one leads to may be inside a loop: addEntries knows how to enter there.
    if (top.node.dispatch && target) continue;
    if (target === undefined) {
      target = nodeFor(ip);
      byIp.set(ip, target);
      push(target);
    }
    top.node.dispatch?.set(top.next - 1, target);
    top.node.successors.push(target);
    target.predecessors.push(top.node);
  }
  const nodes = postorder.reverse();
  nodes.forEach((node, i) => {
    node.order = i;
  });
  findDominators(nodes);
  return { entry, nodes, entries: roots, rootCount: roots.length, cut };
}

/** Loops that share a header are kept apart at most so many times. */
const MAX_SPLITS = 3;

/**
 * A loop that is entered in its inner loop (a region begins where it was hot) shares that loop's header. An empty node in
 * front of the header takes the outer loop's edges then, so that its calls don't burden the inner loop.
 */
function splitHeaders(graph: FlowGraph, region: Region): void {
  const hasCall = (nodes: ReadonlySet<FlowNode>): boolean =>
    [...nodes].some((n) => !n.isEmpty && /^call/.test(region.blocks.get(n.ip)!.ending.kind));
  for (const header of [...graph.nodes]) {
    let top = header;
    for (let i = 0; i < MAX_SPLITS; i++) {
      const loops = top.predecessors
        .filter((from) => isBackEdge(from, header))
        .map((from) => ({ from, nodes: loopOf(top, from) }))
        .sort((a, b) => a.nodes.size - b.nodes.size);
      const inner = loops[0];
      if (inner === undefined) break;
      const outer = loops.filter(
        ({ from, nodes }) =>
          !inner.nodes.has(from) && (nodes.size > 2 * inner.nodes.size || (hasCall(nodes) && !hasCall(inner.nodes))),
      );
      if (outer.length === 0) break;
      const sources = new Set(outer.map(({ from }) => from));
      const preheader = nodeFor(top.ip, true);
      const moved = top.predecessors.filter((from) => sources.has(from) || !isBackEdge(from, header));
      for (const from of moved) from.successors[from.successors.indexOf(top)] = preheader;
      preheader.predecessors.push(...moved);
      preheader.successors.push(top);
      const kept = top.predecessors.filter((from) => !moved.includes(from));
      top.predecessors.splice(0, Infinity, preheader, ...kept);
      if (graph.entry === top) graph.entry = preheader;
      preheader.order = top.order - 1 / (i + 2);
      top = preheader;
    }
  }
  renumber(graph);
}

function loopOf(header: FlowNode, from: FlowNode): Set<FlowNode> {
  const loop = new Set([header]);
  addToLoop(loop, from);
  return loop;
}

/** Reverse postorder and dominators anew. */
function renumber(graph: FlowGraph): void {
  const postorder: FlowNode[] = [];
  const seen = new Set([graph.entry]);
  const stack = [{ node: graph.entry, next: 0 }];
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const target = top.node.successors[top.next++];
    if (target === undefined) {
      postorder.push(top.node);
      stack.pop();
    } else if (!seen.has(target)) {
      seen.add(target);
      stack.push({ node: target, next: 0 });
    }
  }
  graph.nodes = postorder.reverse();
  graph.nodes.forEach((node, i) => {
    node.order = i;
    node.dominator = undefined;
  });
  findDominators(graph.nodes);
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

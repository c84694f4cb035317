/**
 * Entries of a region besides its first: an entry node that dispatches to all of them, and for entries inside loops a
 * dispatching node at the head of each loop around them, so that every loop still has one header (a loop that is entered in
 * its middle as well would be irreducible).
 *
 *     start ──► D ──► header ──► … inner loop … ──┐        D: selector of the region's entry, 0 everywhere else
 *               │ ╲── 1 ──────────► inner loop    │
 *               └◄──────────────────────────────-─┘
 */
import { addToLoop, type FlowGraph, type FlowNode, isBackEdge, nodeFor } from './flow-node.ts';

/** Loop headers that become entries at most: code that runs for long comes back into the region at one of them. */
const MAX_ENTRIES = 48;

/** Adds a dispatch for the region's loop headers and for the nodes that are `wanted`. Returns the addresses, by selector. */
export function addEntries(graph: FlowGraph, isWanted: (ip: number) => boolean): number[] {
  const nodes = new Map<number, FlowNode>();
  // The outermost of the nodes of an address comes first.
  for (const node of graph.nodes) if (!node.dispatch && !nodes.has(node.ip)) nodes.set(node.ip, node);
  const headers = graph.nodes.filter((node) => node.predecessors.some((from) => isBackEdge(from, node)));
  const others = [...graph.nodes.filter(({ ip }) => isWanted(ip)), ...headers].map(({ ip }) => ip);
  const entries = [...new Set([...graph.entries, ...others])];
  entries.splice(Math.max(MAX_ENTRIES, graph.entries.length));
  if (entries.length === 1) return entries;
  const heads = new LoopHeads(headers);
  const start = graph.entry.dispatch ? graph.entry : nodeFor(entries[0]!, true);
  start.dispatch ??= new Map();
  const targets = entries.map((ip) => nodes.get(ip)!);
  const around = targets.map((node) => heads.around(node));
  for (const headers of around) for (const header of headers) heads.dispatcher(header);
  targets.forEach((node, selector) => {
    if (start.dispatch!.has(selector)) return;
    let from = start;
    for (const header of around[selector]!) {
      const to = heads.dispatcher(header);
      addCase(from, selector, to);
      from = to;
    }
    addCase(from, selector, heads.front(node));
  });
  graph.entry = start;
  return entries;
}

/** The first case of a dispatch is also where all selectors without a case of their own go. */
function addCase(from: FlowNode, selector: number, to: FlowNode): void {
  from.dispatch!.set(selector, to);
  if (from.successors.includes(to)) return;
  from.successors.push(to);
  to.predecessors.push(from);
}

/** The loops of a graph and the dispatching nodes at their heads. */
class LoopHeads {
  private readonly loops = new Map<FlowNode, Set<FlowNode>>();
  private readonly dispatchers = new Map<FlowNode, FlowNode>();

  constructor(headers: readonly FlowNode[]) {
    for (const header of headers) {
      const loop = new Set([header]);
      for (const from of header.predecessors) if (isBackEdge(from, header)) addToLoop(loop, from);
      this.loops.set(header, loop);
    }
  }

  /** Headers of the loops that have the node inside, the outermost first. */
  around(node: FlowNode): FlowNode[] {
    return [...this.loops]
      .filter(([header, loop]) => header !== node && loop.has(node))
      .sort((a, b) => b[1].size - a[1].size)
      .map(([header]) => header);
  }

  /** The node that all ways to the header pass from now on. */
  dispatcher(header: FlowNode): FlowNode {
    const found = this.dispatchers.get(header);
    if (found) return found;
    const node = nodeFor(header.ip, true);
    node.dispatch = new Map([[0, header]]);
    for (const from of header.predecessors) {
      from.successors[from.successors.indexOf(header)] = node;
      for (const [selector, to] of from.dispatch ?? []) if (to === header) from.dispatch!.set(selector, node);
    }
    node.predecessors.push(...header.predecessors);
    node.successors.push(header);
    header.predecessors.splice(0, Infinity, node);
    this.dispatchers.set(header, node);
    return node;
  }

  /** Where edges to the node lead. */
  front(node: FlowNode): FlowNode {
    return this.dispatchers.get(node) ?? node;
  }
}

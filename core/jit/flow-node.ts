/** Nodes and edges of a region's control flow. */

export interface FlowNode {
  readonly ip: number;
  /** Place in reverse postorder. */
  order: number;
  readonly successors: FlowNode[];
  readonly predecessors: FlowNode[];
  /** Without code: in front of a loop header, where an outer loop with the same header begins, or a dispatch. */
  readonly isEmpty: boolean;
  /** Of a node that goes on by the region's entry: where each selector leads; others go to the first successor. */
  dispatch: Map<number, FlowNode> | undefined;
  /** Immediate dominator; undefined for the entry. */
  dominator: FlowNode | undefined;
  /** Nodes that this one dominates immediately, in reverse postorder. */
  readonly dominated: FlowNode[];
  isLoopHeader: boolean;
  /** Of a loop header: all nodes of its loop. */
  loop: Set<FlowNode> | undefined;
}

export interface FlowGraph {
  entry: FlowNode;
  /** In reverse postorder. */
  nodes: readonly FlowNode[];
  /** Addresses where the region can be entered, by selector; its roots first. */
  entries: readonly number[];
  /** With several roots, indirect jumps between entries come back to the entry node. */
  readonly rootCount: number;
  /** Edges that were cut, as `from ip` → set of `to ip`. */
  readonly cut: ReadonlyMap<number, ReadonlySet<number>>;
}

export function nodeFor(ip: number, isEmpty = false): FlowNode {
  return {
    ip,
    order: -1,
    successors: [],
    predecessors: [],
    isEmpty,
    dispatch: undefined,
    dominator: undefined,
    dominated: [],
    isLoopHeader: false,
    loop: undefined,
  };
}

/** True for edges that go back to a loop header. */
export const isBackEdge = (from: FlowNode, to: FlowNode): boolean => to.order <= from.order;

/** Adds what leads to `from` without passing the header, which is in the loop already. */
export function addToLoop(loop: Set<FlowNode>, from: FlowNode): void {
  const queue = [from];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (loop.has(node)) continue;
    loop.add(node);
    queue.push(...node.predecessors);
  }
}

/** True for the entry node of a region whose indirect jumps come back to it, with everything in memory. */
export const isDispatchLoop = (graph: FlowGraph, node: FlowNode): boolean =>
  graph.rootCount > 1 && node === graph.entry;

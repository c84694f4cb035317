/**
 * Cuts a program down to what still goes wrong: leaves out parts, replaces what branches by what it holds, shortens loops.
 * The pieces are those of the tree, so that what is left is a program of the same kind (it ends, its flags are defined).
 */
import type { Func, Node, Program } from './tree.ts';

/** True when the program still shows the difference. Programs are tried in batches, since that is faster. */
export type StillWrong = (programs: readonly Program[]) => boolean[];

const nothing: Node = { kind: 'sequence', body: [] };
const isNothing = (node: Node): boolean => node.kind === 'sequence' && node.body.length === 0;

/** Tried at once. */
const BATCH = 48;

/** The smallest program found within so many rounds of trials. */
export function minimise(program: Program, stillWrong: StillWrong, rounds = 400): Program {
  let best = program;
  let start = 0;
  let foundSince = false;
  for (let round = 0; round < rounds; round++) {
    const candidates = [...smaller(best)];
    const batch = candidates.slice(start, start + BATCH);
    if (batch.length === 0) {
      // Once more from the beginning: what could not go before may go now.
      if (!foundSince) break;
      start = 0;
      foundSince = false;
      continue;
    }
    const found = stillWrong(batch).indexOf(true);
    if (found >= 0) {
      best = batch[found]!;
      foundSince = true;
      // What stood before it did not help; go on from there.
      start += found;
    } else start += batch.length;
  }
  return best;
}
/** Programs with one thing less, big things first. */
function* smaller(program: Program): Generator<Program> {
  const { functions } = program;
  for (const [i, f] of functions.entries()) {
    const change = (next: Partial<Func>): Program => ({
      ...program,
      functions: functions.map((g, n) => (n === i ? { ...f, ...next } : g)),
    });
    if (!isNothing(f.body)) yield change({ body: nothing });
    for (const body of reductions(f.body)) yield change({ body });
    if (f.tail !== undefined) {
      const { tail: _tail, ...rest } = f;
      yield { ...program, functions: functions.map((g, n) => (n === i ? rest : g)) };
    }
    if (f.saves.length > 0) yield change({ saves: [] });
    if (f.hasFrame) yield change({ hasFrame: false });
    if (f.argumentWords > 0) yield change({ argumentWords: 0 });
  }
}

/** Simpler nodes in place of one. */
function* reductions(node: Node): Generator<Node> {
  switch (node.kind) {
    case 'sequence':
      yield* fewer(node.body);
      for (const [i, child] of node.body.entries())
        for (const next of reductions(child)) yield { ...node, body: node.body.with(i, next) };
      return;
    case 'unit':
      if (node.isLoose) for (const i of node.ops.keys()) yield { ...node, ops: node.ops.toSpliced(i, 1) };
      return;
    case 'if':
      yield node.body;
      if (node.otherwise) yield node.otherwise;
      yield* within(node);
      if (node.otherwise) for (const otherwise of reductions(node.otherwise)) yield { ...node, otherwise };
      return;
    case 'loop':
      yield node.body;
      for (const count of [1, 2, node.count >> 1]) if (count > 0 && count < node.count) yield { ...node, count };
      if (node.carriesFlags) yield { ...node, carriesFlags: false };
      yield* within(node);
      return;
    case 'catch':
    case 'saved':
      yield node.body;
      yield* within(node);
      return;
    case 'switch':
      yield* node.cases;
      for (const [i, child] of node.cases.entries()) {
        if (!isNothing(child)) yield { ...node, cases: node.cases.with(i, nothing) };
        for (const next of reductions(child)) yield { ...node, cases: node.cases.with(i, next) };
      }
      return;
    case 'tangle':
      for (const { body } of node.blocks) yield body;
      for (const count of [1, 2, node.count >> 1]) if (count > 0 && count < node.count) yield { ...node, count };
      for (const [i, block] of node.blocks.entries())
        for (const body of [nothing, ...reductions(block.body)])
          if (!isNothing(block.body) || !isNothing(body))
            yield { ...node, blocks: node.blocks.with(i, { ...block, body }) };
      return;
    case 'nearPatch':
      if (node.before.length > 0) yield { ...node, before: [] };
      return;
  }
}

function* within(node: Extract<Node, { kind: 'if' | 'loop' | 'catch' | 'saved' }>): Generator<Node> {
  for (const body of reductions(node.body)) yield { ...node, body };
}

/** The list without halves, quarters, ... and single members. */
function* fewer(body: readonly Node[]): Generator<Node> {
  for (let size = Math.ceil(body.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < body.length; at += size) yield { kind: 'sequence', body: body.toSpliced(at, size) };
  }
}

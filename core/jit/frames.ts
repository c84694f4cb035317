/** The wasm blocks around the code being emitted: what stands for which label, and what is known and computed only inside. */
import type { FlowNode } from './flow-node.ts';
import type { MemoryChecks } from './memory-checks.ts';
import type { RegionCode } from './region-code.ts';
import type { ExitPoint } from './statements.ts';

export type Label =
  | { kind: 'node'; node: FlowNode }
  | { kind: 'exit'; exit: ExitPoint; isUsed: boolean }
  | { kind: 'plain' };

export class Frames {
  private readonly code: RegionCode;
  private readonly memory: MemoryChecks;
  private readonly labels: Label[] = [];

  constructor(code: RegionCode, memory: MemoryChecks) {
    this.code = code;
    this.memory = memory;
  }

  push(label: Label): void {
    this.labels.push(label);
  }
  pop(): void {
    this.labels.pop();
  }

  /** Depth of the label of a loop's header, or of a node that several ways join. */
  depthOfNode(node: FlowNode): number {
    const { labels } = this;
    for (let i = labels.length - 1; i >= 0; i--) {
      const label = labels[i]!;
      if (label.kind === 'node' && label.node === node) return labels.length - 1 - i;
    }
    throw new Error('no such label');
  }
  /** Depth of the label behind which the exit's code stands, which is used from now on; -1 when there is none. */
  exitDepth(exit: ExitPoint): number {
    for (let i = this.labels.length - 1; i >= 0; i--) {
      const label = this.labels[i]!;
      if (label.kind !== 'exit' || label.exit !== exit) continue;
      label.isUsed = true;
      return this.labels.length - 1 - i;
    }
    return -1;
  }

  /** What `emit` learns and computes holds only there, inside one more block. */
  inBranch(emit: () => void): void {
    this.labels.push({ kind: 'plain' });
    this.inArm(emit);
    this.labels.pop();
  }
  inArm(emit: () => void): void {
    this.code.openScope();
    const mark = this.memory.mark();
    emit();
    this.memory.reset(mark);
    this.code.closeScope();
  }
  inExit(emit: () => void): void {
    const { code } = this;
    const { isInExit } = code;
    code.isInExit = true;
    this.inBranch(emit);
    code.isInExit = isInExit;
  }
}

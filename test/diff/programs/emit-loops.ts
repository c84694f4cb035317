/**
 * Counted loops, with the counter in a register, in RCX for LOOP and JRCXZ, in a cell, or on the stack. All end after `count`
 * iterations whatever the body does, also when a recursive call has used the same cell.
 */
import type { Emitter } from './emitter.ts';
import { ALL_FLAGS, type Label } from './ops.ts';
import { absolute, based, type Fields, jump, op, type Size } from './shapes.ts';
import type { Loop } from './tree.ts';

/** Where `leave` goes. */
export interface LoopScope {
  readonly next: Label;
  readonly end: Label;
  readonly stackBytes: number;
}

const RCX = 1;
const RSP = 4;

export function emitLoop(
  e: Emitter,
  node: Loop,
  loops: LoopScope[],
  cellAddress: (cell: number) => number,
  body: () => void,
): void {
  const { counter, count } = node;
  const o = (name: string, size: Size, fields: Fields = {}): void => e.op(op(e.rows, name, size, fields));
  const head = { name: 'head' };
  if (counter.in === 'register') o('mov Zv Iv', counter.size, { rm: counter.register, immediate: count });
  else if (counter.in === 'rcx') o('mov Zv Iv', 32, { rm: RCX, immediate: count });
  else if (counter.in === 'cell')
    o('mov Ev sIz', 32, { memory: absolute(cellAddress(counter.cell)), immediate: count });
  else {
    o('push sIz', 64, { immediate: count });
    e.stackBytes += 8;
  }
  if (node.carriesFlags) e.needAllFlags();
  const scope: LoopScope = { next: { name: 'next' }, end: { name: 'end loop' }, stackBytes: e.stackBytes };
  e.placeHead(head, node.carriesFlags ? ALL_FLAGS : 0);
  loops.push(scope);
  body();
  loops.pop();
  e.place(scope.next);
  if (node.carriesFlags) e.needAllFlags();
  latch(e, node, head, cellAddress);
  e.place(scope.end);
  if (counter.in === 'stack') {
    o('lea Gv M', 64, { reg: RSP, memory: based(RSP, 8) });
    e.stackBytes -= 8;
  }
}

/** Counts down and goes back to the head, with all flags defined if they were before. */
function latch(e: Emitter, { counter, count }: Loop, head: Label, cellAddress: (cell: number) => number): void {
  const o = (name: string, size: Size, fields: Fields = {}): void => e.op(op(e.rows, name, size, fields));
  const back = (name: string): void => e.op(jump(e.rows, name, head));
  switch (counter.in) {
    case 'register':
      registerLatch(e, counter, back);
      return;
    case 'cell':
      o('dec Ev', 32, { memory: absolute(cellAddress(counter.cell)) });
      back('jg Jz');
      return;
    case 'stack':
      o('sub Ev sIb', 64, { memory: based(RSP, 0), immediate: 1 });
      back('jg Jz');
      return;
    case 'rcx': {
      // Both branches only reach 127 bytes.
      const [more, out] = [{ name: 'more' }, { name: 'out' }];
      if (count % 2 === 0) {
        e.branch('loop Jb', more);
        e.branch('jmp Jz', out);
        e.place(more);
        back('jmp Jz');
      } else {
        o('lea Gv M', 64, { reg: RCX, memory: based(RCX, -1) });
        e.branch('jrcxz Jb', out);
        back('jmp Jz');
      }
      e.isReachable = false;
      e.place(out);
    }
  }
}

function registerLatch(
  e: Emitter,
  { register, size, latch }: Extract<Loop['counter'], { in: 'register' }>,
  back: (name: string) => void,
): void {
  const o = (name: string, fields: Fields): void => e.op(op(e.rows, name, size, { rm: register, ...fields }));
  switch (latch) {
    case 0:
      o('dec Ev', {});
      back('jne Jz');
      return;
    case 1:
      o('sub Ev sIb', { immediate: 1 });
      back('ja Jz');
      return;
    case 2:
      o('lea Gv M', { reg: register, memory: based(register, -1) });
      o('cmp Ev sIb', { immediate: 0 });
      back('jne Jz');
      return;
    default:
      // Carries until the counter was 0: one iteration more.
      o('add Ev sIb', { immediate: -1 });
      back('jb Jz');
      return;
  }
}

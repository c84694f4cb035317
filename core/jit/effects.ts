/**
 * Which cached places each helper may write: what a translation must read anew behind the call. Helpers find the state in
 * memory, so everything is written back before any of them.
 */
import type { Node } from '../ir/ir.ts';
import * as st from '../vcpu/state.ts';
import { constant } from './fold.ts';
import { FLAG_PLACES, locate, PLACE_COUNT, places, XMM_PLACES, xmmPlace, ymmHighPlace } from './places.ts';

const placeOf = (field: st.Field): number => places.find((p) => p.offset === field.offset)!.index;
const SSE_FAST = placeOf(st.sseFast);
const ALL = Array.from({ length: PLACE_COUNT }, (_, i) => i);

/** All places of the register whose state offset an argument holds; none for operands in memory. */
function registerAt(offset: Node | undefined): number[] {
  const value = offset && constant(offset);
  if (value === undefined) return [];
  const found = locate(Number(value));
  if (found.kind === 'place') return [found.index];
  if (found.kind !== 'xmm') return [];
  const first = xmmPlace(found.register);
  return Array.from({ length: ymmHighPlace(0) - XMM_PLACES + 1 }, (_, i) => first + i);
}

const written: Record<string, (args: readonly Node[]) => number[]> = {
  divide128: () => [],
  timestamp: () => [],
  readClock: () => [],
  random: () => [],
  emms: () => [],
  cpuid: () => [st.RAX, st.RCX, st.RDX, st.RBX],
  repeatString: () => [st.RCX, st.RSI, st.RDI],
  sse: (args) => [...registerAt(args[1]), SSE_FAST, ...FLAG_PLACES],
  fma: (args) => [...registerAt(args[1]), SSE_FAST],
  aes: (args) => registerAt(args[1]),
  carryless: (args) => registerAt(args[0]),
  x87: () => [st.RAX, ...FLAG_PLACES],
};

/** Places that a call of helper `name` may write; all of them for helpers that are not listed. */
export function writtenBy(name: string, args: readonly Node[]): readonly number[] {
  return written[name]?.(args) ?? ALL;
}

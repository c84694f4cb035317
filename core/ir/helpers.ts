/**
 * Helpers: functions written in TypeScript that the IR calls for what it expresses badly (x87, division by halves,
 * string blocks...). Declared once with signature and effects; the engine imports them into every module by name.
 * Parameters and results are i32 or f64 (a bigint at the boundary would cost more than the work); wider operands go
 * through the `scratch` field or by offset.
 */
import type { ValueType } from '../wasm/opcodes.ts';

export interface Helper {
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly result: ValueType | undefined;
}

const declared = new Map<string, Helper>();

/** Declares a helper; its implementation is registered with the engine under the same name. */
export function declareHelper(name: string, params: readonly ValueType[], result?: ValueType): Helper {
  if (declared.has(name)) throw new Error(`helper ${name} is declared twice`);
  const helper: Helper = { name, params, result };
  declared.set(name, helper);
  return helper;
}

/** All helpers, in order of declaration. */
export function declaredHelpers(): readonly Helper[] {
  return [...declared.values()];
}

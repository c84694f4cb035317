/**
 * Helpers: functions written in TypeScript that the IR calls for what it expresses badly (x87, division by halves,
 * string blocks...). Declared once with signature and effects; the engine imports them into every module by name.
 * Parameters and results are i32 or f64 (a bigint at the boundary would cost more than the work); wider operands go
 * through the `scratch` field or by offset.
 *
 * A *routine* is a helper written in IR: every tier calls the same wasm function, which handlers' main module exports. It may
 * take and return any type, and touches the x87 state and `scratch` only.
 */
import type { ValueType } from '../wasm/opcodes.ts';
import type { Builder } from './builder.ts';
import type { Node } from './ir.ts';

export interface Helper {
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly result: ValueType | undefined;
  /** Of a routine: builds its statements, which end with a return. */
  readonly body?: RoutineBody;
}

export type RoutineBody = (b: Builder, ...params: Node[]) => void;

const declared = new Map<string, Helper>();

function declare(helper: Helper): Helper {
  if (declared.has(helper.name)) throw new Error(`helper ${helper.name} is declared twice`);
  declared.set(helper.name, helper);
  return helper;
}

/** Declares a helper; its implementation is registered with the engine under the same name. */
export function declareHelper(name: string, params: readonly ValueType[], result?: ValueType): Helper {
  return declare({ name, params, result });
}

/** Declares a routine; it may call those declared before it. */
export function declareRoutine(
  name: string,
  params: readonly ValueType[],
  result: ValueType,
  body: RoutineBody,
): Helper {
  return declare({ name, params, result, body });
}

/** All helpers, in order of declaration. */
export function declaredHelpers(): readonly Helper[] {
  return [...declared.values()];
}

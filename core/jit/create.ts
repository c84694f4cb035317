/** Puts both tiers together. */
import { createEngine, type EngineOptions } from '../interp/create.ts';
import type { InterpreterEngine } from '../interp/engine.ts';
import type { AddressSpace } from '../mem/address-space.ts';
import { type JitMode, Translator } from './tier1.ts';

export interface TieredOptions extends EngineOptions {
  jit: JitMode;
}

/** An engine whose hot code is translated. */
export function createTieredEngine(space: AddressSpace, options: TieredOptions): InterpreterEngine {
  const engine = createEngine(space, options);
  if (options.jit !== 'off') engine.tier1 = new Translator(engine, options.jit, () => options.timestampNs() / 1e6);
  return engine;
}

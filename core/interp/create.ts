/** Puts tier 0 together: instruction table, helpers, prebuilt handlers. */
import type { RandomFill } from '../dev/clock.ts';
import type { AddressSpace } from '../mem/address-space.ts';
import { hasFeature } from '../x86/cpuid.ts';
import { Decoder, DecodeTable } from '../x86/decoder.ts';
import { disassemble } from '../x86/disassembler.ts';
import { cryptoHelpers } from '../x86/helpers/aes.ts';
import { compareStringsHelpers } from '../x86/helpers/compare-strings.ts';
import { floatHelpers } from '../x86/helpers/float.ts';
import { generalHelpers } from '../x86/helpers/general.ts';
import { instructionSet } from '../x86/insn/index.ts';
import { InterpreterEngine } from './engine.ts';
import type { HelperFunction } from './handlers.ts';

export interface EngineOptions {
  /** Nanoseconds for RDTSC. */
  timestampNs: () => number;
  random: RandomFill;
  /** Prebuilt handlers (build/handlers.ts). */
  common?: WebAssembly.Module | undefined;
}

let table: DecodeTable | undefined;

/** The decode table of all instructions, built on first use. */
export function decodeTable(): DecodeTable {
  table ??= new DecodeTable(instructionSet, hasFeature);
  return table;
}

/** An engine for an address space. */
export function createEngine(space: AddressSpace, options: EngineOptions): InterpreterEngine {
  let engine: InterpreterEngine | undefined;
  const helpers = new Map<string, HelperFunction>(
    Object.entries({
      ...generalHelpers(space, {
        timestampNs: options.timestampNs,
        random: options.random,
        access: (low, high, size, isWrite) => engine!.prepareAccess(low, high, size, isWrite),
      }),
      ...floatHelpers(space),
      ...compareStringsHelpers(space),
      ...cryptoHelpers(space),
    }),
  );
  engine = new InterpreterEngine(space, decodeTable(), helpers, options.common);
  return engine;
}

/** Text of the instruction that `bytes` start with, at address `ip`; undefined when they are none. */
export function disassembleBytes(bytes: Uint8Array, ip: number): string | undefined {
  const decoder = new Decoder(decodeTable());
  if (decoder.decode(bytes, 0, bytes.length) !== undefined) return undefined;
  return disassemble(decoder.insn, bytes, 0, ip);
}

/** Puts tier 0 together: instruction table, helpers, prebuilt handlers. */
import type { Cache } from '../dev/cache.ts';
import type { RandomFill, SharedClocks } from '../dev/clock.ts';
import type { AddressSpace } from '../mem/address-space.ts';
import * as st from '../vcpu/state.ts';
import { type CpuModel, cpuModel, DEFAULT_CPU, hasFeature } from '../x86/cpuid.ts';
import { Decoder, DecodeTable } from '../x86/decoder.ts';
import { disassemble } from '../x86/disassembler.ts';
import { cryptoHelpers } from '../x86/helpers/aes.ts';
import { compareStringsHelpers } from '../x86/helpers/compare-strings.ts';
import { floatHelpers } from '../x86/helpers/float.ts';
import { generalHelpers } from '../x86/helpers/general.ts';
import { avxInstructions } from '../x86/insn/avx.ts';
import { instructionSet } from '../x86/insn/index.ts';
import { InterpreterEngine } from './engine.ts';
import type { HelperFunction } from './handlers.ts';

export { cpuModel } from '../x86/cpuid.ts';

export interface EngineOptions {
  /** Nanoseconds for RDTSC. */
  timestampNs: () => number;
  random: RandomFill;
  /** Clocks for the vDSO. */
  clocks?: SharedClocks | undefined;
  /** The CPU to be; the default model unless told. */
  cpu?: CpuModel;
  /** Prebuilt handlers (build/handlers.ts). */
  common?: WebAssembly.Module | undefined;
  /** Where decoded runs are kept from one run of a program to the next. */
  cache?: Cache | undefined;
}

const tables = new Map<CpuModel, DecodeTable>();

/** The decode table of a model's instructions, built on first use. Rows that models share have the same numbers. */
export function decodeTable(model = DEFAULT_CPU): DecodeTable {
  let table = tables.get(model);
  if (table === undefined) {
    const insns = hasFeature('avx', model) ? [...instructionSet, ...avxInstructions()] : instructionSet;
    table = new DecodeTable(insns, (name) => hasFeature(name, model));
    tables.set(model, table);
  }
  return table;
}

/** An engine for an address space. */
export function createEngine(space: AddressSpace, options: EngineOptions): InterpreterEngine {
  const cpu = options.cpu ?? DEFAULT_CPU;
  space.i32[st.xcr0.offset >> 2] = cpu.components;
  let engine: InterpreterEngine | undefined;
  const helpers = new Map<string, HelperFunction>(
    Object.entries({
      ...generalHelpers(space, {
        timestampNs: options.timestampNs,
        random: options.random,
        clocks: options.clocks,
        cpu,
        access: (low, high, size, isWrite) => engine!.prepareAccess(low, high, size, isWrite),
      }),
      ...floatHelpers(space),
      ...compareStringsHelpers(space),
      ...cryptoHelpers(space),
    }),
  );
  engine = new InterpreterEngine(space, decodeTable(cpu), helpers, options.common, options.cache);
  return engine;
}

/** Text of the instruction that `bytes` start with, at address `ip`; undefined when they are none. */
export function disassembleBytes(bytes: Uint8Array, ip: number): string | undefined {
  // Also what this machine's CPU model lacks: it may be why the program died.
  const decoder = new Decoder(decodeTable(cpuModel('max')));
  if (decoder.decode(bytes, 0, bytes.length) !== undefined) return undefined;
  return disassemble(decoder.insn, bytes, 0, ip);
}

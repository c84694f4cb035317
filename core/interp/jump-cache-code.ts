/** Look-ups in the jump cache as both tiers emit them: target address → record, direct-mapped by the low bits (core/mem/layout.ts). */
import { JUMP_CACHE, JUMP_CACHE_ENTRIES } from '../mem/layout.ts';
import type { CodeWriter } from '../wasm/module.ts';
import { BUDGET } from './handler-code.ts';

/**
 * Pushes whether the cache knows the address that `target` pushes (i64) and budget is left, and puts the place of its entry
 * into the local `entry` (i32).
 */
export function testJumpCache(code: CodeWriter, entry: number, target: () => void): void {
  target();
  code.op('i32.wrap_i64');
  code.i32Const(JUMP_CACHE_ENTRIES - 1);
  code.op('i32.and');
  code.i32Const(3);
  code.op('i32.shl');
  code.localTee(entry);
  code.load('i64.load32_u', JUMP_CACHE);
  target();
  code.op('i64.eq');
  pushHasBudget(code);
  code.op('i32.and');
}

/** Pushes the record of an entry that has passed the test. */
export function pushCachedRecord(code: CodeWriter, entry: number): void {
  code.localGet(entry);
  code.load('i32.load', JUMP_CACHE + 4);
}

export function pushHasBudget(code: CodeWriter): void {
  code.localGet(BUDGET);
  code.i32Const(0);
  code.op('i32.gt_s');
}

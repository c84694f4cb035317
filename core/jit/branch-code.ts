/**
 * Emits how a region leaves its function and calls others: by exit records, the jump cache, and nested calls that wait for
 * their return address. All guest state is in memory wherever these are used.
 */
import { BUDGET } from '../interp/handler-code.ts';
import { pushCachedRecord, pushHasBudget, testJumpCache } from '../interp/jump-cache-code.ts';
import type { Node } from '../ir/ir.ts';
import { OP_COUNT, OP_ENTRY, OP_HANDLER, OP_LINK, OP_SIZE } from '../ir/op-record.ts';
import { EXIT_BUDGET, EXIT_LOOKUP } from '../vcpu/exits.ts';
import * as st from '../vcpu/state.ts';
import { RETURN_FLAGS, RETURNED } from '../vcpu/state.ts';
import { EXITS, type RegionCode } from './region-code.ts';

/** Calls of translated code that may be nested on the host's stack. */
const MAX_NESTING = 2000;

export class BranchCode {
  /** Guest addresses that the exit records lead to, in their order. */
  readonly exits: number[] = [];
  private readonly code: RegionCode;
  private readonly handlerType: number;

  constructor(code: RegionCode, handlerType: number) {
    this.code = code;
    this.handlerType = handlerType;
  }

  /** Returns to the run loop with RIP at `ip`. */
  leave(ip: number, reason: number): void {
    const { code } = this;
    code.putRip(ip);
    code.putI32(st.exitReason, () => code.i32Const(reason));
    code.localGet(BUDGET);
    code.return();
  }

  /** Calls look at the budget too: recursion must end its slice, and a function begins where it is called. */
  leaveWithoutBudget(target: number): void {
    const { code } = this;
    code.localGet(BUDGET);
    code.i32Const(0);
    code.op('i32.le_s');
    code.hint(false);
    code.if();
    this.leave(target, EXIT_BUDGET);
    code.end();
  }

  /** Pushes the record that the exit for `ip` is linked to, or the exit's own, which has it looked up. */
  pushExitTarget(ip: number): void {
    const { code } = this;
    const record = code.temporary('i32');
    const link = code.temporary('i32');
    this.pushExitRecord(ip);
    code.localTee(record);
    code.load('i32.load', OP_LINK);
    code.localTee(link);
    code.localGet(record);
    code.localGet(link);
    code.select();
  }
  private pushExitRecord(ip: number): void {
    const { code } = this;
    let index = this.exits.indexOf(ip);
    if (index < 0) index = this.exits.push(ip) - 1;
    code.localGet(EXITS);
    if (index === 0) return;
    code.i32Const(index * OP_SIZE);
    code.op('i32.add');
  }

  /** Goes on at `ip` by way of its exit record. */
  exitTo(ip: number, isCounted: boolean): void {
    const { code } = this;
    if (isCounted) this.countExit(ip);
    const target = code.temporary('i32');
    this.pushExitTarget(ip);
    code.localSet(target);
    this.tailCall(() => code.localGet(target));
  }

  /** Ways out that are taken often are worth a translation that has them inside (core/jit/tier1.ts). */
  private countExit(ip: number): void {
    const { code } = this;
    const record = code.temporary('i32');
    this.pushExitRecord(ip);
    code.localTee(record);
    code.localGet(record);
    code.load('i32.load', OP_COUNT);
    code.i32Const(1);
    code.op('i32.add');
    code.store('i32.store', OP_COUNT);
  }

  tailCall(record: () => void): void {
    const { code } = this;
    record();
    code.localGet(BUDGET);
    record();
    code.load('i32.load16_u', OP_HANDLER);
    code.returnCallIndirect(this.handlerType, 0);
  }

  /**
   * If the jump cache leads from `target` to an entry of this region, and budget is left: sets `selector` to it and does what
   * `goOn` emits.
   */
  jumpInside(target: Node, slot: number, selector: number, goOn: () => void): void {
    const { code } = this;
    const record = code.temporary('i32');
    const entry = code.temporary('i32');
    testJumpCache(code, entry, () => code.value(target));
    code.hint(true);
    code.if();
    pushCachedRecord(code, entry);
    code.localTee(record);
    code.load('i32.load16_u', OP_HANDLER);
    code.localGet(slot);
    code.op('i32.eq');
    code.if();
    code.localGet(record);
    code.load('i32.load', OP_ENTRY);
    code.localSet(selector);
    goOn();
    code.end();
    code.end();
  }

  /** A local with the record of the code at `target`; leaves for a look-up when the jump cache has none. */
  jumpCacheRecord(target: Node): number {
    const { code } = this;
    const entry = code.temporary('i32');
    testJumpCache(code, entry, () => code.value(target));
    code.op('i32.eqz');
    code.hint(false);
    code.if();
    code.i32Const(0);
    code.value(target);
    code.store('i64.store', st.rip.offset);
    code.putI32(st.linkSlot, () => code.i32Const(0));
    code.putI32(st.branchRecord, () => code.i32Const(0));
    code.putI32(st.exitReason, () => {
      code.i32Const(EXIT_LOOKUP);
      code.i32Const(EXIT_BUDGET);
      pushHasBudget(code);
      code.select();
    });
    code.localGet(BUDGET);
    code.return();
    code.end();
    const record = code.temporary('i32');
    pushCachedRecord(code, entry);
    code.localSet(record);
    return record;
  }

  /**
   * Back to a nested call that waits for this address, else wherever it leads. Flags are written back (`flags`) unless the
   * call has said that nothing reads them.
   */
  returnTo(target: Node, flags: () => void): void {
    const { code } = this;
    this.returnIf(() => code.value(target));
    flags();
    this.returnIf(() => {
      code.value(target);
      code.i64Const(RETURN_FLAGS);
      code.op('i64.or');
    });
    const record = this.jumpCacheRecord(target);
    this.tailCall(() => code.localGet(record));
  }
  /** Returns if that is what the innermost nested call waits for. */
  private returnIf(expected: () => void): void {
    const { code } = this;
    expected();
    code.i32Const(0);
    code.load('i64.load', st.expectedReturn.offset);
    code.op('i64.eq');
    code.if();
    code.i32Const(0);
    code.i64Const(RETURNED);
    code.store('i64.store', st.expectedReturn.offset);
    code.localGet(BUDGET);
    code.return();
    code.end();
  }

  /**
   * Calls the code of a record on the host's stack and goes on when it has returned to `returnIp`. All guest state is in
   * memory; anything but that return unwinds to the run loop. `readsFlags`: the code there may read the flags of the callee.
   *
   *     if (nesting >= MAX) tail call
   *     saved = expectedReturn; expectedReturn = returnIp; nesting++
   *     budget = handler(record)(record, budget)
   *     nesting--; if (expectedReturn != RETURNED) return budget
   *     expectedReturn = saved
   */
  nestedCall(returnIp: number, readsFlags: boolean, pushRecord: () => void): void {
    const { code } = this;
    const record = code.temporary('i32');
    const depth = code.temporary('i32');
    const saved = code.temporary('i64');
    pushRecord();
    code.localSet(record);
    code.i32Const(0);
    code.load('i32.load', st.nesting.offset);
    code.localTee(depth);
    code.i32Const(MAX_NESTING);
    code.op('i32.ge_s');
    code.hint(false);
    code.if();
    this.tailCall(() => code.localGet(record));
    code.end();
    code.putI32(st.nesting, () => {
      code.localGet(depth);
      code.i32Const(1);
      code.op('i32.add');
    });
    code.i32Const(0);
    code.load('i64.load', st.expectedReturn.offset);
    code.localSet(saved);
    code.i32Const(0);
    code.i64Const(BigInt(returnIp) | (readsFlags ? RETURN_FLAGS : 0n));
    code.store('i64.store', st.expectedReturn.offset);
    code.localGet(record);
    code.localGet(BUDGET);
    code.localGet(record);
    code.load('i32.load16_u', OP_HANDLER);
    code.callIndirect(this.handlerType, 0);
    code.localSet(BUDGET);
    code.putI32(st.nesting, () => code.localGet(depth));
    code.i32Const(0);
    code.load('i64.load', st.expectedReturn.offset);
    code.i64Const(RETURNED);
    code.op('i64.ne');
    code.hint(false);
    code.if();
    code.localGet(BUDGET);
    code.return();
    code.end();
    code.i32Const(0);
    code.localGet(saved);
    code.store('i64.store', st.expectedReturn.offset);
  }
}

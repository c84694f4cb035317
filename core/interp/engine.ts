/**
 * Tier 0: runs guest code through the op cache. `run` enters emitted code, which comes back with an exit reason; look-ups
 * of addresses that are not decoded yet are answered here. Runs on the vCPU's thread.
 */
import {
  OP_BASE,
  OP_DISP,
  OP_HANDLER,
  OP_IMM,
  OP_INDEX,
  OP_IP,
  OP_LENGTH,
  OP_LINK,
  OP_R0,
  OP_SCALE,
  OP_SEGMENT,
  OP_SIZE,
  OP_TARGET,
} from '../ir/op-record.ts';
import type { AddressSpace, FaultCause } from '../mem/address-space.ts';
import { GUEST_BASE, GUEST_TOP, PAGE_SIZE, PERM_EXEC, PERM_TABLE } from '../mem/layout.ts';
import type { Engine, EngineStatistics } from '../vcpu/engine.ts';
import { CAUSE_ACCERR, CAUSE_MAPERR, CAUSE_OOM, EXIT_EXCEPTION, EXIT_LOOKUP, VEC_GP, VEC_PF } from '../vcpu/exits.ts';
import * as st from '../vcpu/state.ts';
import { Decoder, type DecodeTable, type Insn } from '../x86/decoder.ts';
import type { OperandDef } from '../x86/notation.ts';
import { Handlers, type HelperFunction } from './handlers.ts';
import { OpCache, pageOf } from './op-cache.ts';

/** Instructions in one decoded run at most. */
const RUN_LIMIT = 64;

/** #PF error code bits (SDM vol. 3, 4.7). */
const PF_PRESENT = 1;
const PF_WRITE = 2;
const PF_USER = 4;
const PF_FETCH = 16;

export class InterpreterEngine implements Engine {
  readonly statistics: EngineStatistics = {
    instructions: 0,
    decodedInstructions: 0,
    decodedBlocks: 0,
    handlers: 0,
    flushes: 0,
  };
  readonly handlers: Handlers;
  private readonly space: AddressSpace;
  private readonly decoder: Decoder;
  private readonly cache: OpCache;

  constructor(
    space: AddressSpace,
    table: DecodeTable,
    helpers: ReadonlyMap<string, HelperFunction>,
    common?: WebAssembly.Module,
  ) {
    this.space = space;
    this.decoder = new Decoder(table);
    this.cache = new OpCache(space);
    this.handlers = new Handlers(
      space,
      table.encodings,
      helpers,
      (low, high, sizeAndAccess, record) => this.slowAccess(low, high, sizeAndAccess, record),
      common,
    );
    space.onCodeChanged = (first, count) => this.cache.invalidate(first, count, this.handlers.stale);
  }

  run(budget: number): number {
    const { space, handlers } = this;
    let left = budget;
    let record = this.lookup();
    while (record !== 0) {
      left = handlers.enter(record, left);
      if (space.i32[st.exitReason.offset >> 2] !== EXIT_LOOKUP) break;
      const link = space.u32[st.linkSlot.offset >> 2]!;
      const { generation } = this.cache;
      record = this.lookup();
      // A flush in between has given the link's record away.
      if (link !== 0 && record !== 0 && generation === this.cache.generation) space.u32[link >> 2] = record;
    }
    this.statistics.instructions += budget - left;
    return budget - left;
  }

  /** The record for RIP, or 0 with a page fault set up. */
  private lookup(): number {
    const at = st.rip.offset >> 2;
    const ip = this.space.u32[at]!;
    if (this.space.u32[at + 1] !== 0 || ip >= GUEST_TOP) {
      this.raiseFetchFault(ip, this.space.u32[at + 1]!, 'maperr');
      return 0;
    }
    const record = this.cache.find(ip) || this.decodeRun(ip);
    if (record !== 0) this.cache.cacheJump(ip, record);
    return record;
  }

  /** Decodes from `ip` to the end of the run and returns its first record; 0 when the fetch faults. */
  private decodeRun(ip: number): number {
    const cause = this.space.resolve(pageOf(ip), 'x');
    if (cause !== 'ok') {
      this.raiseFetchFault(ip, 0, cause);
      return 0;
    }
    if (!this.cache.hasRoom(RUN_LIMIT + 2)) {
      this.cache.flush();
      this.statistics.flushes++;
    }
    const { cache, decoder } = this;
    const { insn } = decoder;
    let first = 0;
    let at = ip;
    for (let count = 0; ; count++) {
      if (count === RUN_LIMIT || (count > 0 && cache.find(at) !== 0)) {
        this.writeGoto(at, cache.find(at));
        break;
      }
      const end = this.fetchLimit(at);
      const failure = decoder.decode(this.space.u8, GUEST_BASE + at, GUEST_BASE + end);
      if (failure !== undefined) {
        if (count > 0) this.writeGoto(at, 0);
        else first = this.decodeFailure(at, end, failure);
        break;
      }
      const record = cache.allocate();
      first ||= record;
      this.writeRecord(record, at, insn);
      cache.insert(at, record);
      at += insn.length;
      if (insn.enc.insn.endsBlock) break;
    }
    this.finishRun(first, ip, at);
    return first;
  }

  private finishRun(first: number, ip: number, end: number): void {
    this.handlers.compilePending();
    this.statistics.handlers = this.handlers.count;
    if (first === 0) return;
    const last = this.cache.allocate();
    // The slot allocated here separates runs: a handler that falls through the end of a run must find a record.
    this.space.u16[(last + OP_HANDLER) >> 1] = this.handlers.stale;
    this.space.u32[(last + OP_IP) >> 2] = end;
    for (let page = pageOf(ip); page <= pageOf(Math.max(ip, end - 1)); page++)
      this.cache.registerRun(page, first, last);
    this.statistics.decodedBlocks++;
    this.statistics.decodedInstructions += (last - first) / OP_SIZE;
  }

  /** How far bytes can be fetched from `ip`: at most two pages. */
  private fetchLimit(ip: number): number {
    const nextPage = (pageOf(ip) + 1) * PAGE_SIZE;
    if (nextPage - ip >= 16) return nextPage;
    return this.space.u8[PERM_TABLE + pageOf(nextPage)]! & PERM_EXEC ? nextPage + PAGE_SIZE : nextPage;
  }

  /** The first instruction of a run can't be decoded: raises, or makes a record that does. */
  private decodeFailure(ip: number, limit: number, failure: 'unknown' | 'too-long' | 'truncated'): number {
    if (failure === 'truncated') {
      this.raiseFetchFault(limit, 0, this.space.resolve(pageOf(limit), 'x'));
      return 0;
    }
    const record = this.cache.allocate();
    this.space.u8.fill(0, record, record + OP_SIZE);
    this.space.u16[(record + OP_HANDLER) >> 1] = this.handlers.undefined;
    this.space.u32[(record + OP_IP) >> 2] = ip;
    return record;
  }

  private writeGoto(ip: number, record: number): void {
    const at = this.cache.allocate();
    this.space.u16[(at + OP_HANDLER) >> 1] = this.handlers.goto;
    this.space.u32[(at + OP_IP) >> 2] = ip;
    this.space.u32[(at + OP_LINK) >> 2] = record;
  }

  private writeRecord(record: number, ip: number, insn: Insn): void {
    const { u8, u16, u32, i32 } = this.space;
    const half = record >> 1;
    u16[half + (OP_HANDLER >> 1)] = this.handlers.slotFor(insn);
    u16[half + (OP_SEGMENT >> 1)] =
      insn.segment === 'none' ? st.zero.offset : insn.segment === 'fs' ? st.fsBase.offset : st.gsBase.offset;
    u32[(record + OP_IP) >> 2] = ip;
    u8[record + OP_LENGTH] = insn.length;
    const { operands } = insn.enc;
    for (let i = 0; i < operands.length && i < 3; i++) {
      u16[half + (OP_R0 >> 1) + i] = registerOffset(operands[i]!, insn);
    }
    if (insn.mod !== 3) {
      u8[record + OP_SCALE] = insn.scale;
      u16[half + (OP_BASE >> 1)] = insn.base < 0 ? st.zero.offset : st.gprOffset(insn.base);
      u16[half + (OP_INDEX >> 1)] = insn.index < 0 ? st.zero.offset : st.gprOffset(insn.index);
      i32[(record + OP_DISP) >> 2] = insn.displacement;
      // RIP-relative operands become absolute.
      if (insn.isRipRelative) i32[(record + OP_DISP) >> 2] = (ip + insn.length + insn.displacement) | 0;
    }
    const branch = operands.length > 0 && operands[0]!.addressing === 'J';
    if (branch) {
      u32[(record + OP_LINK) >> 2] = 0;
      u32[(record + OP_TARGET) >> 2] = ip + insn.length + insn.immLow;
    } else {
      i32[(record + OP_IMM) >> 2] = insn.immLow;
      i32[(record + OP_IMM + 4) >> 2] = insn.immHigh;
    }
  }

  private raiseFetchFault(low: number, high: number, cause: FaultCause): void {
    this.raisePageFault(low, high, cause, PF_FETCH);
  }

  private raisePageFault(low: number, high: number, cause: FaultCause, access: number): void {
    const { i32, u32 } = this.space;
    i32[st.exitReason.offset >> 2] = EXIT_EXCEPTION;
    // Addresses that are not canonical (bits 63..47 differ) raise #GP instead.
    const isCanonical = high >>> 15 === 0 || high >>> 15 === 0x1ffff;
    i32[st.excVector.offset >> 2] = isCanonical ? VEC_PF : VEC_GP;
    i32[st.excError.offset >> 2] = isCanonical ? PF_USER | access | (cause === 'maperr' ? 0 : PF_PRESENT) : 0;
    i32[st.excCause.offset >> 2] = cause === 'maperr' ? CAUSE_MAPERR : cause === 'oom' ? CAUSE_OOM : CAUSE_ACCERR;
    u32[st.excAddress.offset >> 2] = low;
    u32[(st.excAddress.offset >> 2) + 1] = high;
  }

  /** The slow path of emitted memory checks: first touch, code pages, accesses across pages, faults. */
  private slowAccess(low: number, high: number, sizeAndAccess: number, record: number): number {
    if (this.prepareAccess(low >>> 0, high, sizeAndAccess & 0xffff, sizeAndAccess >= 0x10000)) return 0;
    this.space.u32[st.rip.offset >> 2] = this.space.u32[(record + OP_IP) >> 2]!;
    this.space.u32[(st.rip.offset >> 2) + 1] = 0;
    return 1;
  }

  /** Makes `size` bytes ready for an access; false with the fault set up (all but RIP) when they don't allow it. */
  prepareAccess(low: number, high: number, size: number, isWrite: boolean): boolean {
    let failure: FaultCause = 'maperr';
    let address = low;
    if (high === 0) {
      failure = 'ok';
      for (let page = pageOf(low); page <= Math.floor((low + size - 1) / PAGE_SIZE) && failure === 'ok'; page++) {
        failure = this.space.resolve(page, isWrite ? 'w' : 'r');
        address = Math.max(low, page * PAGE_SIZE);
      }
      if (failure === 'ok') return true;
    }
    this.raisePageFault(address, high, failure, isWrite ? PF_WRITE : 0);
    return false;
  }
}

/** State offset of a register operand; AH CH DH BH are byte 1 of their registers. */
function registerOffset(o: OperandDef, insn: Insn): number {
  let number: number;
  switch (o.addressing) {
    case 'G':
    case 'V':
    case 'P':
    case 'S':
      number = insn.reg;
      break;
    case 'B':
    case 'H':
      number = insn.vvvv;
      break;
    case 'Z':
      number = insn.opcodeReg;
      break;
    case 'E':
    case 'R':
    case 'W':
    case 'U':
    case 'Q':
    case 'N':
      if (insn.mod !== 3) return st.zero.offset;
      number = insn.rm;
      break;
    case 'STi':
      return insn.rm & 7;
    default:
      return st.zero.offset;
  }
  if ('VWUH'.includes(o.addressing)) return st.xmmOffset(number);
  if ('PQN'.includes(o.addressing)) return st.fprOffset(number & 7);
  if (o.addressing === 'S') return number & 7;
  if (o.size === 'b' && !insn.hasRex && number >= 4) return st.gprOffset(number - 4) + 1;
  return st.gprOffset(number);
}

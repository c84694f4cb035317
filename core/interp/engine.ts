/**
 * Tier 0: runs guest code through the op cache. `run` enters emitted code, which comes back with an exit reason; look-ups
 * of addresses that are not decoded yet are answered here. Runs on the vCPU's thread.
 */
import type { Cache } from '../dev/cache.ts';
import { OP_COUNT, OP_HANDLER, OP_IP, OP_LINK, OP_SIZE } from '../ir/op-record.ts';
import type { AddressSpace, FaultCause } from '../mem/address-space.ts';
import { GUEST_BASE, GUEST_TOP, PAGE_SIZE, PERM_EXEC, PERM_TABLE } from '../mem/layout.ts';
import type { Engine, EngineStatistics } from '../vcpu/engine.ts';
import { EXIT_BUDGET, EXIT_INTERPRET, EXIT_LOOKUP, VEC_AC, VEC_DB, VEC_GP, VEC_SS, VEC_UD } from '../vcpu/exits.ts';
import * as st from '../vcpu/state.ts';
import { FLAG_AC, FLAG_TF, MODE_FLAGS } from '../vcpu/vcpu.ts';
import { type DecodeFailure, Decoder, type DecodeTable, type Insn } from '../x86/decoder.ts';
import { Exceptions, isCanonical, PF_FETCH, PF_WRITE } from './exceptions.ts';
import { Handlers, type HelperFunction } from './handlers.ts';
import { KeptRuns } from './kept-runs.ts';
import { OpCache, pageOf } from './op-cache.ts';
import { beginRepeated, endRepeated } from './single-step.ts';
import { writeRecord } from './write-record.ts';

/** Instructions in one decoded run at most. */
const RUN_LIMIT = 64;

/** Instructions between two samples of a profile, at most. */
const PROFILE_PERIOD = 50_000;

/** What is kept of a program in the store. */
const RUNS_OF = 'decoded runs of';
const TRANSLATIONS_OF = 'translations of';

/** Places of state fields in the 32-bit views. */
const RIP = st.rip.offset >> 2;
const EXIT_REASON = st.exitReason.offset >> 2;
const LINK_SLOT = st.linkSlot.offset >> 2;
const BRANCH_RECORD = st.branchRecord.offset >> 2;
const EXPECTED_RETURN = st.expectedReturn.offset >> 2;
const NESTING = st.nesting.offset >> 2;
const SYSTEM_FLAGS = st.systemFlags.offset >> 2;

/** What the interpreter tells the translator (core/jit), and asks of it. */
export interface Tier1 {
  /** Instructions until the next sample. */
  readonly period: number;
  /** Control was at this address, behind a branch, when a share of the budget ended. */
  sample(ip: number): void;
  /** The run of code in [ip, end) has just been decoded. */
  decoded(ip: number, end: number): void;
  /** A translation gave up at this address. */
  interpreted(ip: number): void;
  /** Code in these pages changed or went away. */
  invalidate(firstPage: number, pageCount: number): void;
  /** All records are about to go. */
  dropAll(): void;
  /** A program begins, with what an earlier run of it has kept; and has ended: what to keep, if that is worth it. */
  begin(kept: Uint8Array<ArrayBuffer> | undefined): void;
  end(): Uint8Array | undefined;
}

export class InterpreterEngine implements Engine {
  readonly statistics: EngineStatistics = {
    instructions: 0,
    decodedInstructions: 0,
    keptInstructions: 0,
    decodedBlocks: 0,
    handlers: 0,
    flushes: 0,
  };
  readonly handlers: Handlers;
  readonly space: AddressSpace;
  /** The translator, when there is one. */
  tier1: Tier1 | undefined = undefined;
  private readonly decoder: Decoder;
  private readonly exceptions: Exceptions;
  private readonly cache: OpCache;
  /** Where runs are kept for the next time, and those of this program. */
  private readonly store: Cache | undefined;
  private program = '';
  private kept: KeptRuns | undefined = undefined;

  constructor(
    space: AddressSpace,
    table: DecodeTable,
    helpers: ReadonlyMap<string, HelperFunction>,
    common?: WebAssembly.Module,
    store?: Cache,
  ) {
    this.store = store;
    this.space = space;
    this.decoder = new Decoder(table);
    this.exceptions = new Exceptions(space);
    this.cache = new OpCache(space);
    this.handlers = new Handlers(
      space,
      table,
      helpers,
      (low, high, sizeAndAccess, record) => this.slowAccess(low, high, sizeAndAccess, record),
      common,
    );
    space.onCodeChanged = (first, count) => {
      // A call that waits must not go on in code that changed.
      this.forbidReturns();
      this.cache.invalidate(first, count, this.handlers.goto);
      this.kept?.changed(first, count);
      this.tier1?.invalidate(first, count);
    };
  }

  begin(program: string): void {
    if (this.store === undefined) return;
    this.program = program;
    this.kept = new KeptRuns(this.space, this.handlers, this.store.read(`${RUNS_OF} ${program}`));
    this.tier1?.begin(this.store.read(`${TRANSLATIONS_OF} ${program}`));
  }

  end(): void {
    this.keep(RUNS_OF, this.kept?.serialize());
    if (this.store !== undefined) this.keep(TRANSLATIONS_OF, this.tier1?.end());
  }
  private keep(what: string, bytes: Uint8Array | undefined): void {
    if (bytes !== undefined) this.store!.write(`${what} ${this.program}`, bytes);
  }

  /** No call of translated code waits for a return. */
  private forbidReturns(): void {
    this.space.u32[EXPECTED_RETURN] = Number(st.RETURN_NEVER);
    this.space.u32[EXPECTED_RETURN + 1] = 0;
  }

  /** The one way into emitted code: nothing is nested then. */
  private enter(record: number, budget: number): number {
    this.forbidReturns();
    this.space.i32[NESTING] = 0;
    return this.handlers.enter(record, budget);
  }

  run(budget: number): number {
    const { tier1, onSample } = this;
    let left = budget;
    for (;;) {
      const period = Math.min(tier1?.period ?? left, onSample === undefined ? left : PROFILE_PERIOD);
      const ran = this.runShare(Math.min(left, period));
      left -= ran;
      this.sinceSample += ran;
      const isBetween = this.exitReason === EXIT_BUDGET && this.space.u32[RIP + 1] === 0;
      if (isBetween && onSample) this.sampleProfile(onSample);
      if (this.exitReason !== EXIT_BUDGET || (tier1 ?? onSample) === undefined) break;
      if (isBetween) tier1?.sample(this.space.u32[RIP]!);
      if (left <= 0) break;
    }
    this.statistics.instructions += budget - left;
    return budget - left;
  }
  onSample: Engine['onSample'] = undefined;
  private sinceSample = 0;
  private sampleProfile(onSample: NonNullable<Engine['onSample']>): void {
    onSample(this.space.u32[RIP]!, this.sinceSample);
    this.sinceSample = 0;
  }

  private runShare(budget: number): number {
    const { i32 } = this.space;
    i32[BRANCH_RECORD] = 0;
    let left = budget;
    do {
      const mode = i32[SYSTEM_FLAGS]! & MODE_FLAGS;
      this.setStrict((mode & FLAG_AC) !== 0);
      if (mode & FLAG_TF) left -= this.step();
      else if (this.exitReason === EXIT_INTERPRET) left = this.interpretOne(left);
      else left = this.runUntilModeChange(left, mode);
    } while (this.exitReason === EXIT_LOOKUP || this.exitReason === EXIT_INTERPRET);
    return budget - left;
  }

  /** Runs the instruction at RIP in tier 0, from a record that no translation has taken over. */
  private interpretOne(budget: number): number {
    const { space, handlers, decoder, cache } = this;
    this.exitReason = EXIT_LOOKUP;
    const ip = this.fetchAddress();
    if (ip < 0) return budget;
    const failure = this.decode(ip, true);
    if (failure !== undefined) {
      this.raiseDecodeFailure(ip, failure);
      return budget;
    }
    if (!handlers.hasRoom(1)) this.flush();
    const { insn } = decoder;
    const record = cache.stepRecord;
    writeRecord(space, record, handlers.slotFor(insn), ip, insn);
    this.writeStale(record + OP_SIZE, ip + insn.length);
    handlers.compilePending();
    this.tier1?.interpreted(ip);
    const left = this.enter(record, budget);
    if (this.exitReason === EXIT_LOOKUP) space.u32[LINK_SLOT] = 0;
    if (this.exitReason === EXIT_BUDGET || this.exitReason === EXIT_LOOKUP) this.refuseTarget();
    return left;
  }

  /** The record for an address as tier 1 finds it; 0 when nothing there is decoded. */
  findRecord(ip: number): number {
    return this.cache.find(ip);
  }
  /** Room for exit records of a region; undefined when the op cache is nearly full. */
  allocateExits(targets: readonly number[]): number | undefined {
    const { cache } = this;
    if (!cache.hasRoom(targets.length + RUN_LIMIT)) return undefined;
    let first = 0;
    for (const ip of targets) {
      const at = this.writeGoto(ip, 0);
      first ||= at;
    }
    return first;
  }
  /** Decodes one instruction that can be fetched without a fault; the answer is reused by the next call. */
  decodeAt(ip: number): Insn | undefined {
    if (ip >= GUEST_TOP || !this.isExecutable(ip)) return undefined;
    return this.decode(ip, false) === undefined ? this.decoder.insn : undefined;
  }

  private get exitReason(): number {
    return this.space.i32[EXIT_REASON]!;
  }
  private set exitReason(reason: number) {
    this.space.i32[EXIT_REASON] = reason;
  }

  /** Runs until an exit; EXIT_LOOKUP remains only when TF or AC changed. Returns the budget left. */
  private runUntilModeChange(budget: number, mode: number): number {
    const { space } = this;
    let left = budget;
    let record = this.lookup();
    while (record !== 0) {
      left = this.enter(record, left);
      if (this.exitReason !== EXIT_LOOKUP) break;
      if ((space.i32[SYSTEM_FLAGS]! & MODE_FLAGS) !== mode) return left;
      const link = space.u32[LINK_SLOT]!;
      space.u32[LINK_SLOT] = 0;
      const { generation } = this.cache;
      if (left <= 0) {
        // Code that changes itself may come to a look-up after every instruction.
        this.exitReason = EXIT_BUDGET;
        break;
      }
      record = this.lookup();
      // A flush in between has given the link's record away.
      if (link !== 0 && record !== 0 && generation === this.cache.generation) space.u32[link >> 2] = record;
    }
    if (this.exitReason === EXIT_BUDGET) this.refuseTarget();
    return left;
  }

  /** Strict handlers send every access through `slowAccess`, which checks its alignment. */
  private setStrict(isStrict: boolean): void {
    if (this.handlers.isStrict === isStrict) return;
    this.handlers.isStrict = isStrict;
    this.tier1?.dropAll();
    this.cache.flush();
  }

  /**
   * Runs one instruction and traps behind it, unless it left for a reason of its own: TF (SDM vol. 3, 17.3.1.4). An
   * iteration of a repeated string instruction counts as one.
   */
  private step(): number {
    const { space, handlers, decoder, cache } = this;
    const ip = this.fetchAddress();
    if (ip < 0) return 0;
    const failure = this.decode(ip, true);
    if (failure !== undefined) {
      this.raiseDecodeFailure(ip, failure);
      return 0;
    }
    const { insn } = decoder;
    if (!handlers.hasRoom(1)) this.flush();
    const repeat = beginRepeated(space, insn);
    if (repeat !== 'done') {
      const record = cache.stepRecord;
      writeRecord(space, record, handlers.slotFor(insn), ip, insn);
      this.writeStale(record + OP_SIZE, ip + insn.length);
      handlers.compilePending();
      // Without budget, indirect branches leave too.
      const left = this.enter(record, 0);
      const hasLeft = this.exitReason !== EXIT_LOOKUP && this.exitReason !== EXIT_BUDGET;
      if (hasLeft || this.refuseTarget()) return -left;
    } else space.u32[RIP] = ip + insn.length;
    space.u32[LINK_SLOT] = 0;
    if (repeat !== 'none' && endRepeated(space, insn, repeat)) space.u32[RIP] = ip;
    this.exceptions.raise(VEC_DB, 0);
    return 1;
  }

  /** RIP when its page can be fetched from, else -1 with the exception set up. */
  private fetchAddress(): number {
    const ip = this.space.u32[RIP]!;
    const high = this.space.u32[RIP + 1]!;
    const cause = high !== 0 || ip >= GUEST_TOP ? 'maperr' : this.space.resolve(pageOf(ip), 'x');
    if (cause === 'ok') return ip;
    if (!this.refuseTarget()) this.exceptions.pageFault(ip, high, cause, PF_FETCH);
    return -1;
  }

  /**
   * A branch to an address that is not canonical faults itself: takes back what it did to RSP and raises #GP at it. Only
   * the return address that a CALL has stored remains, below the stack. False when RIP is no such target.
   */
  private refuseTarget(): boolean {
    const { space } = this;
    const record = space.u32[BRANCH_RECORD]!;
    if (record === 0 || isCanonical(space.u32[RIP + 1]!)) return false;
    space.u32[BRANCH_RECORD] = 0;
    const ip = space.u32[(record + OP_IP) >> 2]!;
    this.decode(ip, false);
    const { insn } = this.decoder;
    const { stack } = insn.enc.insn;
    const moved = stack === undefined ? 0 : stack === 'w' ? -8 : 8 + (insn.immLow & 0xffff);
    const sp = st.gprOffset(st.RSP);
    space.dv.setBigUint64(sp, space.dv.getBigUint64(sp, true) - BigInt(moved), true);
    this.setRip(ip);
    this.exceptions.raise(VEC_GP, 0);
    return true;
  }

  /** The record for RIP, or 0 with a page fault set up. */
  private lookup(): number {
    const { u32 } = this.space;
    const ip = u32[RIP]!;
    const known = u32[RIP + 1] === 0 && ip < GUEST_TOP ? this.cache.find(ip) : 0;
    const record = known || this.decodeRun();
    if (record !== 0) this.cache.cacheJump(ip, record);
    if (known === 0 && record !== 0) this.tier1?.decoded(ip, this.runEnd);
    return record;
  }

  /** Decodes from RIP to the end of the run and returns its first record; 0 with the exception set up. */
  private decodeRun(): number {
    const ip = this.fetchAddress();
    if (ip < 0) return 0;
    if (!this.cache.hasRoom(RUN_LIMIT + 2) || !this.handlers.hasRoom(RUN_LIMIT)) this.flush();
    const { cache, decoder } = this;
    const restored = this.restoreRun(ip);
    if (restored !== 0) return restored;
    const { insn } = decoder;
    let first = 0;
    let at = ip;
    for (let count = 0; ; count++) {
      const known = count > 0 ? cache.find(at) : 0;
      if (count === RUN_LIMIT || known !== 0 || (count > 0 && !this.isExecutable(at))) {
        this.writeGoto(at, known);
        break;
      }
      const failure = this.decode(at, count === 0);
      if (failure !== undefined) {
        if (count > 0) this.writeGoto(at, 0);
        else {
          first = this.decodeFailure(at, failure);
          at += insn.length;
        }
        break;
      }
      const record = cache.allocate();
      first ||= record;
      writeRecord(this.space, record, this.handlers.slotFor(insn), at, insn);
      cache.insert(at, record);
      at += insn.length;
      if (insn.enc.insn.endsBlock) break;
    }
    if (first !== 0 && !this.handlers.isStrict) this.kept?.note(ip, at, first, cache.countFrom(first));
    this.finishRun(first, ip, at);
    return first;
  }

  /** The first record of a run that was decoded in an earlier run of the program; 0 when there is none. */
  private restoreRun(ip: number): number {
    const { kept, cache, handlers, space } = this;
    const run = handlers.isStrict ? undefined : kept?.find(ip);
    if (run === undefined || !cache.hasRoom(run.count + 1)) return 0;
    const first = cache.allocate(run.count);
    kept!.restore(first);
    let { end } = run;
    for (let record = first; record < first + run.count * OP_SIZE; record += OP_SIZE) {
      const at = space.u32[(record + OP_IP) >> 2]!;
      if (!handlers.isOfForm(space.u16[(record + OP_HANDLER) >> 1]!)) continue;
      const known = record === first ? 0 : cache.find(at);
      if (known !== 0) {
        // As when it is decoded: there is one record for an instruction.
        cache.releaseFrom(record);
        this.writeGoto(at, known);
        end = at;
        break;
      }
      cache.insert(at, record);
    }
    this.statistics.keptInstructions += cache.countFrom(first);
    this.finishRun(first, ip, end);
    return first;
  }

  /** Drops all records, and all handlers when their slots run out. */
  private flush(): void {
    this.tier1?.dropAll();
    this.cache.flush();
    this.kept?.stop();
    this.statistics.flushes++;
    if (!this.handlers.hasRoom(RUN_LIMIT)) this.handlers.forget();
  }

  /** Where the run that was decoded last ends. */
  private runEnd = 0;
  private finishRun(first: number, ip: number, end: number): void {
    this.runEnd = end;
    this.handlers.compilePending();
    this.statistics.handlers = this.handlers.count;
    if (first === 0) return;
    // Separates runs: a handler that falls through the end of a run must find a record.
    const last = this.cache.allocate();
    this.writeStale(last, end);
    for (let page = pageOf(ip); page <= pageOf(Math.max(ip, end - 1)); page++)
      this.cache.registerRun(page, first, last);
    this.statistics.decodedBlocks++;
    this.statistics.decodedInstructions += (last - first) / OP_SIZE;
  }

  /** Decodes the instruction at `ip`, whose page can be fetched from; `touches`: so that it runs next. */
  private decode(ip: number, touches: boolean): DecodeFailure | undefined {
    const { decoder, space } = this;
    const limit = this.fetchLimit(ip);
    const failure = decoder.decode(space.u8, GUEST_BASE + ip, GUEST_BASE + limit);
    // The rest may lie on a page that is read on demand.
    if (failure !== 'truncated' || !touches || space.resolve(pageOf(limit), 'x') !== 'ok') return failure;
    return decoder.decode(space.u8, GUEST_BASE + ip, GUEST_BASE + limit + PAGE_SIZE);
  }

  /** How far bytes can be fetched from `ip`: at most two pages. */
  private fetchLimit(ip: number): number {
    const nextPage = (pageOf(ip) + 1) * PAGE_SIZE;
    if (nextPage - ip >= 16) return nextPage;
    return this.isExecutable(nextPage) ? nextPage + PAGE_SIZE : nextPage;
  }

  private isExecutable(gva: number): boolean {
    return (this.space.u8[PERM_TABLE + pageOf(gva)]! & PERM_EXEC) !== 0;
  }

  /** The first instruction of a run can't be decoded: raises, or makes a record that does. */
  private decodeFailure(ip: number, failure: DecodeFailure): number {
    if (failure !== 'unknown') {
      this.raiseDecodeFailure(ip, failure);
      return 0;
    }
    const record = this.cache.allocate();
    this.space.u8.fill(0, record, record + OP_SIZE);
    this.space.u16[(record + OP_HANDLER) >> 1] = this.handlers.undefined;
    this.space.u32[(record + OP_IP) >> 2] = ip;
    return record;
  }

  private raiseDecodeFailure(ip: number, failure: DecodeFailure): void {
    if (failure === 'unknown') this.exceptions.raise(VEC_UD, 0);
    else if (failure === 'too-long') this.exceptions.raise(VEC_GP, 0);
    else {
      const limit = this.fetchLimit(ip);
      this.exceptions.pageFault(limit, 0, this.space.resolve(pageOf(limit), 'x'), PF_FETCH);
    }
  }

  /** Leaves room for so many records and handlers only, for tests; drops what is decoded. */
  limitCaches(records: number, handlers: number): void {
    this.cache.limit(records);
    this.handlers.limit(handlers);
  }

  /** A record whose handler leaves for a look-up of `ip`. */
  private writeStale(record: number, ip: number): void {
    this.space.u16[(record + OP_HANDLER) >> 1] = this.handlers.stale;
    this.space.u32[(record + OP_IP) >> 2] = ip;
  }

  private writeGoto(ip: number, record: number): number {
    const at = this.cache.allocate();
    this.space.u16[(at + OP_HANDLER) >> 1] = this.handlers.goto;
    this.space.u32[(at + OP_IP) >> 2] = ip;
    this.space.u32[(at + OP_LINK) >> 2] = record;
    this.space.u32[(at + OP_COUNT) >> 2] = 0;
    return at;
  }

  private setRip(ip: number): void {
    this.space.u32[RIP] = ip;
    this.space.u32[RIP + 1] = 0;
  }

  /** The slow path of emitted memory checks: first touch, code pages, accesses across pages, faults. */
  private slowAccess(low: number, high: number, sizeAndAccess: number, record: number): number {
    const isWrite = sizeAndAccess >= 0x10000;
    const before = this.space.u16[(record + OP_HANDLER) >> 1]!;
    const link = this.space.u32[(record + OP_LINK) >> 2]!;
    if (this.prepareAccess(low >>> 0, high, sizeAndAccess & 0xffff, isWrite)) {
      this.keepImmediate(record, before, link);
      return 0;
    }
    const ip = this.space.u32[(record + OP_IP) >> 2]!;
    this.setRip(ip);
    if (this.space.i32[st.excVector.offset >> 2] === VEC_GP && this.isStackAccess(ip, isWrite))
      this.exceptions.raise(VEC_SS, 0);
    return 1;
  }

  /** An instruction that has just dropped its own record still needs the immediate in it, which is where links are. */
  private keepImmediate(record: number, handler: number, link: number): void {
    const { u16, u32 } = this.space;
    if (u16[(record + OP_HANDLER) >> 1] === handler) return;
    u16[(record + OP_HANDLER) >> 1] = this.handlers.stale;
    u32[(record + OP_LINK) >> 2] = link;
  }

  /** True when the instruction's access counts as one to the stack segment: implied, or by an RSP or RBP base. */
  private isStackAccess(ip: number, isWrite: boolean): boolean {
    const { insn } = this.decoder;
    this.decode(ip, false);
    if (insn.enc.insn.stack?.includes(isWrite ? 'w' : 'r')) return true;
    return insn.mod !== 3 && insn.segment === 'none' && (insn.base === st.RSP || insn.base === st.RBP);
  }

  /** Makes `size` bytes ready for an access; false with the exception set up (all but RIP) when they don't allow it. */
  prepareAccess(low: number, high: number, size: number, isWrite: boolean): boolean {
    let failure: FaultCause = 'maperr';
    let address = low;
    if (high === 0) {
      if (this.handlers.isStrict && low & (alignmentOf(size) - 1)) {
        this.exceptions.raise(VEC_AC, 0);
        return false;
      }
      failure = 'ok';
      for (let page = pageOf(low); page <= Math.floor((low + size - 1) / PAGE_SIZE) && failure === 'ok'; page++) {
        failure = this.space.resolve(page, isWrite ? 'w' : 'r');
        address = Math.max(low, page * PAGE_SIZE);
      }
      if (failure === 'ok') return true;
    }
    // An access may begin at a canonical address and end behind the last one.
    const lastHigh = low + size > 0x1_0000_0000 ? high + 1 : high;
    this.exceptions.pageFault(address, isCanonical(lastHigh) ? high : lastHigh, failure, isWrite ? PF_WRITE : 0);
    return false;
  }
}

/** What #AC asks of an operand (SDM vol. 3, table 6-7): its size; 8 for 80-bit values, less for saved x87 state. */
function alignmentOf(size: number): number {
  return size === 10 ? 8 : Math.min(16, size & -size);
}

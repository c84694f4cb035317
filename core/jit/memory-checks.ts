/**
 * Checks and addresses of guest memory accesses. A check is exact: both pages that an access may touch must allow it, the
 * address must be below 4 GiB. What has been checked is remembered for its base value, so that accesses near it need no
 * check of their own, and the first check of a base in a block covers all that the block does with it.
 *
 *     if ((address & 0xffffffff00000fff) >u 4096 - size)         -- crosses a page, or is no guest address
 *       if (address >> 32 || !(perm[last page] & bit)) leave
 *     if (!(perm[first page] & bit)) leave
 */
import type { Access, Node } from '../ir/ir.ts';
import { GUEST_BASE, GUEST_TOP, PAGE_SIZE, PERM_READ, PERM_TABLE, PERM_WRITE } from '../mem/layout.ts';
import { loads } from '../wasm/opcodes.ts';
import { constant, nameOf } from './fold.ts';
import type { RegionCode } from './region-code.ts';
import type { JitStatement } from './statements.ts';

/** How far an offset may be from a checked base for the base itself to be a guest address for certain. */
const NEAR = 0x8000;
/** Span of accesses that one check may cover. */
const MAX_SPAN = 2048;

/** What is known of a base: bytes [low, high) from it can be read, or written. */
interface Fact {
  base: Node;
  low: number;
  high: number;
  access: Access;
}

interface Window {
  low: number;
  high: number;
  access: Access;
}

/** An address as a base and an offset; the base is undefined when all of it is known. */
export function splitAddress(address: Node): { base: Node | undefined; offset: number } {
  const value = constant(address);
  if (value !== undefined) return { base: undefined, offset: Number(BigInt.asUintN(64, BigInt(value))) };
  if (nameOf(address) === 'i64.add') {
    const offset = constant(address.args[1]!);
    if (offset !== undefined && offset > -0x8000_0000n && offset < 0x8000_0000n) {
      return { base: address.args[0]!, offset: Number(offset) };
    }
  }
  return { base: address, offset: 0 };
}

export class MemoryChecks {
  private readonly code: RegionCode;
  /** Canonical value of a base: live-ins that stand for a value known elsewhere. */
  resolve: (node: Node) => Node = (node) => node;
  private facts: Fact[] = [];
  private windows = new Map<Node, Window>();

  constructor(code: RegionCode) {
    this.code = code;
    code.loadFrom = (node) => this.load(node);
  }

  /** Facts learnt behind a mark hold only within its branch. */
  mark(): number {
    return this.facts.length;
  }
  reset(mark: number): void {
    this.facts.length = mark;
  }

  /** Looks through the statements of a block for the accesses that one check per base can cover. */
  planBlock(statements: readonly JitStatement[]): void {
    this.windows = new Map();
    for (const s of statements) {
      if (s.kind !== 'check') continue;
      const { base, offset } = splitAddress(s.address);
      if (base === undefined || Math.abs(offset) >= NEAR) continue;
      const key = this.resolve(base);
      const w = this.windows.get(key);
      const low = Math.min(offset, w?.low ?? offset);
      const high = Math.max(offset + s.size, w?.high ?? offset);
      if (high - low > MAX_SPAN) continue;
      this.windows.set(key, { low, high, access: s.access === 'w' ? 'w' : (w?.access ?? 'r') });
    }
  }

  private isKnown(base: Node, low: number, high: number, access: Access): boolean {
    return this.facts.some(
      (f) => f.base === base && f.low <= low && f.high >= high && (f.access === 'w' || access === 'r'),
    );
  }

  /** Emits the check; `leave` emits a branch to the exit that is taken when the i32 on the stack is not 0. */
  check(address: Node, size: number, access: Access, leave: () => void): void {
    const { base, offset } = splitAddress(address);
    if (base === undefined) {
      this.checkKnownAddress(offset, size, access, leave);
      return;
    }
    const key = this.resolve(base);
    if (this.isKnown(key, offset, offset + size, access)) return;
    const window = this.windows.get(key);
    const isInside = window !== undefined && window.low <= offset && window.high >= offset + size;
    const w = isInside ? window : { low: offset, high: offset + size, access };
    this.checkRange(base, w, leave);
    this.facts.push({ base: key, ...w });
  }

  private checkKnownAddress(address: number, size: number, access: Access, leave: () => void): void {
    const { code } = this;
    if (address + size > GUEST_TOP) {
      code.i32Const(1);
      leave();
      return;
    }
    const first = Math.floor(address / PAGE_SIZE);
    const last = Math.floor((address + size - 1) / PAGE_SIZE);
    for (let page = first; page <= last; page++) {
      code.i32Const(page);
      this.testPage(access, leave);
    }
  }

  /** Page number on the stack → leaves unless the page allows the access. */
  private testPage(access: Access, leave: () => void): void {
    const { code } = this;
    code.load('i32.load8_u', PERM_TABLE);
    code.i32Const(access === 'w' ? PERM_WRITE : PERM_READ);
    code.op('i32.and');
    code.op('i32.eqz');
    leave();
  }

  private checkRange(base: Node, { low, high, access }: Window, leave: () => void): void {
    const { code } = this;
    const size = high - low;
    const at = code.temporary('i64');
    code.value(base);
    if (low !== 0) {
      code.i64Const(BigInt(low));
      code.op('i64.add');
    }
    code.localTee(at);
    code.i64Const(BigInt.asIntN(64, 0xffff_ffff_0000_0fffn));
    code.op('i64.and');
    code.i64Const(BigInt(PAGE_SIZE - size));
    code.op('i64.gt_u');
    code.hint(false);
    code.if();
    code.localGet(at);
    code.i64Const(32n);
    code.op('i64.shr_u');
    code.op('i32.wrap_i64');
    this.nested(leave);
    code.localGet(at);
    code.op('i32.wrap_i64');
    code.i32Const(size - 1);
    code.op('i32.add');
    code.i32Const(12);
    code.op('i32.shr_u');
    this.testPage(access, () => this.nested(leave));
    code.end();
    code.localGet(at);
    code.op('i32.wrap_i64');
    code.i32Const(12);
    code.op('i32.shr_u');
    this.testPage(access, leave);
  }
  /** Leaves from inside one more block. */
  private nested(leave: () => void): void {
    this.extraDepth++;
    leave();
    this.extraDepth--;
  }
  /** How many blocks of ours the branch to an exit must go through. */
  extraDepth = 0;

  /** Pushes the address for an access and returns the offset for its memarg. */
  address(address: Node): number {
    const { code } = this;
    const { base, offset } = splitAddress(address);
    if (base === undefined) {
      code.i32Const(offset | 0);
      return GUEST_BASE;
    }
    // A base near what was checked is a guest address itself, so that the sum does not wrap.
    if (Math.abs(offset) < NEAR && this.isNearFact(this.resolve(base))) {
      code.value(base);
      code.op('i32.wrap_i64');
      return GUEST_BASE + offset;
    }
    code.value(address);
    code.op('i32.wrap_i64');
    return GUEST_BASE;
  }
  private isNearFact(base: Node): boolean {
    return this.facts.some((f) => f.base === base && Math.abs(f.low) < NEAR);
  }

  private load(node: Node): void {
    if (node.kind.op !== 'load') throw new Error('no load');
    const offset = this.address(node.args[0]!);
    this.code.load(node.kind.load, offset);
    if (loads[node.kind.load].type !== node.type) throw new Error('load of another type');
  }
}

/**
 * The builder that rows and `lift` build against in tier 1. Operands are known, so it does at once what tier 0 leaves to
 * run time: reads of cached places give the value they hold, writes change what they hold, constants fold. Only what has
 * an effect or an order becomes a statement; pure values are placed by the emitter where they are needed.
 *
 * Exits: all checks since the last effect share one exit point (`resume`), since what came after it can be done again by
 * tier 0. An instruction's checks come before its effects (core/ir/verify.ts), repeated string instructions are complete
 * after each element.
 */
import { Builder } from '../ir/builder.ts';
import type { Helper } from '../ir/helpers.ts';
import type { Access, JumpTarget, Node, NodeKind, Place, Variable } from '../ir/ir.ts';
import { type LoadName, loads, type StoreName, stores, type ValueType } from '../wasm/opcodes.ts';
import { writtenBy } from './effects.ts';
import { constant, fold } from './fold.ts';
import { foldVector } from './fold-vector.ts';
import { extractPart, insertPart, pair } from './parts.ts';
import { IN_MEMORY, type PlaceValue, type PlaceValues } from './place-values.ts';
import {
  FLAG_PLACES,
  highPlace,
  locate,
  lowPlace,
  PLACE_COUNT,
  places,
  xmmPlace,
  xmmRegisterOf,
  ymmHighPlace,
} from './places.ts';
import type { ExitPoint, JitStatement } from './statements.ts';

/** How a region keeps an XMM register: as one vector, or as two 64-bit halves. */
export type XmmMode = 'vector' | 'halves';

/** The instruction at `ip` asks for something that tier 1 does not translate: it is left to tier 0. */
export class NotTranslatable extends Error {
  readonly ip: number;
  constructor(message: string, ip: number) {
    super(message);
    this.ip = ip;
  }
}

type Ending = 'open' | 'left' | 'jumped';

/** One way through an `if`. */
interface Arm {
  list: JitStatement[];
  values: PlaceValues;
  ending: Ending;
}

/** True when a helper with a status is called, on some way. */
function callsHelper(list: readonly JitStatement[]): boolean {
  return list.some(
    (s) => s.kind === 'callChecked' || (s.kind === 'if' && (callsHelper(s.whenTrue) || callsHelper(s.whenFalse))),
  );
}

export class RegionBuilder extends Builder {
  out: JitStatement[] = [];
  values: PlaceValues;
  resume: ExitPoint;
  /** Address of the instruction being lifted and how many of the block came before it. */
  ip = 0;
  executed = 0;
  /** Set by a jump: the instruction's terminator. */
  jumpTarget: number | undefined;
  branchCondition: Node | undefined;
  indirectTarget: Node | undefined;
  exitReason: number | undefined;
  /** Exit points that some check or rare case goes to. */
  readonly exits = new Set<ExitPoint>();
  private hasEffect = false;
  private depth = 0;
  private ending: Ending = 'open';
  private readonly modes: readonly XmmMode[];
  private readonly exactSites: ReadonlySet<number>;
  /** The narrow value last written into a general register's low bits, to read it back without a merge. */
  private readonly narrow = new Map<number, { at: number; bits: number; value: Node; whole: Node }>();

  constructor(values: PlaceValues, modes: readonly XmmMode[], ip: number, exactSites: ReadonlySet<number>) {
    super();
    this.exactSites = exactSites;
    this.values = values;
    this.modes = modes;
    this.ip = ip;
    this.resume = this.exitPoint();
  }

  private exitPoint(): ExitPoint {
    return { ip: this.ip, values: this.values.copy(), executed: this.executed };
  }

  /** Where to go on in tier 0 from here: something goes there. */
  private takenExit(): ExitPoint {
    this.exits.add(this.resume);
    return this.resume;
  }

  /** Begins the next instruction. */
  beginInsn(ip: number, executed: number): void {
    this.ip = ip;
    this.executed = executed;
    if (this.hasEffect) {
      this.resume = this.exitPoint();
      this.hasEffect = false;
    }
  }
  get hasLeft(): boolean {
    return this.ending === 'left';
  }

  // Nodes.

  protected override node(kind: NodeKind, type: ValueType, args: readonly Node[] = []): Node {
    const node: Node = { kind, type, args, uses: 0, local: -1, exitUses: 0 };
    const { op } = kind;
    if (op !== 'const' && op !== 'pure' && op !== 'shuffle' && op !== 'select' && op !== 'ordinary')
      this.out.push({ kind: 'let', node });
    return node;
  }
  /** Low halves are asked for all the time: one node each, so that they compare equal. */
  private readonly wrapped = new Map<Node, Node>();
  override lane(name: string, lane: number, ...args: Node[]): Node {
    if (name === 'i32.wrap_i64') {
      let node = this.wrapped.get(args[0]!);
      if (node === undefined) {
        node = fold(this, name, args) ?? super.lane(name, lane, ...args);
        this.wrapped.set(args[0]!, node);
      }
      return node;
    }
    return foldVector(this, name, lane, args) ?? fold(this, name, args) ?? super.lane(name, lane, ...args);
  }
  override select(condition: Node, ifTrue: Node, ifFalse: Node): Node {
    const known = constant(condition);
    if (known !== undefined) return known ? ifTrue : ifFalse;
    return ifTrue === ifFalse ? ifTrue : super.select(condition, ifTrue, ifFalse);
  }

  // State.

  override state(load: LoadName, place: Place): Node {
    const offset = fixedOffset(place);
    const found = locate(offset);
    switch (found.kind) {
      case 'place':
        return this.readPlace(found.index, found.at, load);
      case 'xmm':
        return this.readXmm(found.register, found.at, load);
      default:
        return this.node({ op: 'state', load, place }, loads[load].type);
    }
  }
  override put(store: StoreName, place: Place, value: Node): void {
    const offset = fixedOffset(place);
    const found = locate(offset);
    switch (found.kind) {
      case 'place':
        this.writePlace(found.index, found.at, store, value);
        return;
      case 'xmm':
        this.writeXmm(found.register, found.at, store, value);
        return;
      default:
        this.out.push({ kind: 'put', store, offset, value });
        this.hasEffect = true;
    }
  }

  /** The value of a whole place. */
  current(index: number): Node {
    let value = this.values.get(index);
    if (value === undefined) value = this.values.root.in(index);
    else if (value === IN_MEMORY) {
      const { load, offset, type } = places[index]!;
      value = this.node({ op: 'state', load, place: { kind: 'fixed', offset } }, type);
    }
    this.values.note(index, value);
    return value;
  }

  private readPlace(index: number, at: number, load: LoadName): Node {
    const whole = this.current(index);
    if (places[index]!.load === load && at === 0) return whole;
    const narrow = this.narrow.get(index);
    if (narrow !== undefined && narrow.whole === whole && narrow.at === at && load === `i32.load${narrow.bits}_u`) {
      return narrow.value;
    }
    return extractPart(this, whole, at, load);
  }
  private writePlace(index: number, at: number, store: StoreName, value: Node): void {
    if (places[index]!.store === store && at === 0) {
      this.values.set(index, value);
      return;
    }
    const whole = insertPart(this, this.current(index), at, store, value);
    this.values.set(index, whole);
    const bits = /^i32\.store(8|16)$/.exec(store)?.[1];
    if (bits !== undefined) {
      const mask = bits === '8' ? 0xff : 0xffff;
      this.narrow.set(index, { at, bits: Number(bits), value: this.and(value, this.i32(mask)), whole });
    }
  }

  private readXmm(register: number, at: number, load: LoadName): Node {
    if (at >= 16) return extractPart(this, this.current(ymmHighPlace(register)), at - 16, load);
    if (this.modes[register] === 'vector') return extractPart(this, this.current(xmmPlace(register)), at, load);
    if (load === 'v128.load') {
      return pair(this, this.current(lowPlace(register)), this.current(highPlace(register)));
    }
    const half = this.current(at < 8 ? lowPlace(register) : highPlace(register));
    return extractPart(this, half, at & 7, load);
  }
  private writeXmm(register: number, at: number, store: StoreName, value: Node): void {
    if (at >= 16) this.writeInto(ymmHighPlace(register), at - 16, store, value);
    else if (this.modes[register] === 'vector') this.writeInto(xmmPlace(register), at, store, value);
    else if (store === 'v128.store') {
      this.values.set(lowPlace(register), this.lane('f64x2.extract_lane', 0, value));
      this.values.set(highPlace(register), this.lane('i64x2.extract_lane', 1, value));
    } else this.writeInto(at < 8 ? lowPlace(register) : highPlace(register), at & 7, store, value);
  }
  private writeInto(index: number, at: number, store: StoreName, value: Node): void {
    const { type } = places[index]!;
    const isWhole = at === 0 && widthOf(store) === (type === 'v128' ? 16 : 8);
    const whole = isWhole ? this.convert(value, type) : insertPart(this, this.current(index), at, store, value);
    this.values.set(index, whole);
  }
  /** A 64-bit value as another type of the same bits. */
  private convert(value: Node, type: ValueType): Node {
    if (value.type === type) return value;
    return type === 'f64' ? this.op('f64.reinterpret_i64', value) : this.op('i64.reinterpret_f64', value);
  }

  // Memory.

  override check(address: Node, size: number, access: Access): void {
    this.out.push({ kind: 'check', address, size, access, exit: this.takenExit() });
  }
  override store(store: StoreName, address: Node, value: Node): void {
    this.out.push({ kind: 'store', store, address, value });
    this.hasEffect = true;
  }

  // Control flow inside an instruction.

  override assign(variable: Variable, value: Node): void {
    this.out.push({ kind: 'assign', variable, value });
  }

  /** Runs `build` with a list, and a copy of the values, of its own. */
  private arm(build: () => void): Arm {
    const { out, values, ending } = this;
    this.out = [];
    this.values = values.copy();
    this.ending = 'open';
    this.depth++;
    build();
    this.depth--;
    const result = { list: this.out, values: this.values, ending: this.ending };
    this.out = out;
    this.values = values;
    this.ending = ending;
    return result;
  }

  override if(condition: Node, then: () => void, otherwise: () => void = () => {}): void {
    const known = constant(condition);
    if (known !== undefined) {
      if (known) then();
      else otherwise();
      return;
    }
    const a = this.arm(then);
    const b = this.otherArm(a, otherwise);
    if (a.ending === 'jumped') {
      if (a.list.length > 0 || b.list.length > 0 || b.ending !== 'open')
        throw new NotTranslatable('branch with effects', this.ip);
      this.branchCondition = condition;
      this.ending = 'jumped';
      return;
    }
    if (b.ending === 'jumped') throw new NotTranslatable('branch with effects', this.ip);
    if (a.ending === 'open' && b.ending === 'open') this.join(a, b);
    else this.values = a.ending === 'open' ? a.values : b.values;
    if (a.ending === 'left' && b.ending === 'left') this.ending = 'left';
    this.out.push({ kind: 'if', condition, whenTrue: a.list, whenFalse: b.list });
    this.out.push(...this.joined);
    this.joined = [];
  }

  /**
   * The other arm of an `if`. Where it calls a helper and the first does not, it is the exact way of a rare case: tier 0 does
   * the instruction then, so that the code around keeps its values, unless that has turned out to happen often here.
   */
  private otherArm(first: Arm, otherwise: () => void): Arm {
    const arm = this.arm(otherwise);
    const isRare = callsHelper(arm.list) && !callsHelper(first.list) && first.ending === 'open';
    if (!isRare || this.exactSites.has(this.ip)) return arm;
    return { list: [{ kind: 'leave', exit: this.takenExit() }], values: arm.values, ending: 'left' };
  }

  /** Reads of the variables that carry joined values, which come behind the `if`. */
  private joined: JitStatement[] = [];

  private join(a: Arm, b: Arm): void {
    const merged = a.values.copy();
    merged.isRootFlushed = a.values.isRootFlushed && b.values.isRootFlushed;
    merged.dirty.addAll(b.values.dirty);
    merged.written.addAll(b.values.written);
    const joined: JitStatement[] = [];
    for (let p = 0; p < PLACE_COUNT; p++) {
      const x = a.values.get(p);
      const y = b.values.get(p);
      if (x === y) continue;
      const [isRootA, isRootB] = [a.values.isAsAtRoot(p), b.values.isAsAtRoot(p)];
      // One arm has only read it: what the root must still write back remains so.
      if (isRootA && isRootB) {
        merged.note(p, x ?? y);
        continue;
      }
      const isStored = (isRoot: boolean, values: PlaceValues): boolean => !isRoot || values.isRootFlushed;
      const areStored = isStored(isRootA, a.values) && isStored(isRootB, b.values);
      if (areStored && !merged.dirty.has(p) && (x === IN_MEMORY || y === IN_MEMORY)) {
        merged.note(p, IN_MEMORY);
        continue;
      }
      merged.dirty.add(p);
      merged.written.add(p);
      const variable: Variable = { type: places[p]!.type, local: -1 };
      a.list.push(...this.assignment(variable, p, x, a.values));
      b.list.push(...this.assignment(variable, p, y, b.values));
      const node: Node = {
        kind: { op: 'variable', variable },
        type: variable.type,
        args: [],
        uses: 0,
        local: -1,
        exitUses: 0,
      };
      joined.push({ kind: 'let', node });
      merged.note(p, node);
    }
    this.values = merged;
    this.joined = joined;
  }
  private assignment(variable: Variable, place: number, value: PlaceValue, values: PlaceValues): JitStatement[] {
    if (value !== IN_MEMORY) return [{ kind: 'assign', variable, value: value ?? values.root.in(place) }];
    const { load, offset, type } = places[place]!;
    const node: Node = {
      kind: { op: 'state', load, place: { kind: 'fixed', offset } },
      type,
      args: [],
      uses: 0,
      local: -1,
      exitUses: 0,
    };
    return [
      { kind: 'let', node },
      { kind: 'assign', variable, value: node },
    ];
  }

  override loop(body: () => Node): void {
    // A first run tells which places the body writes; they live in variables while it repeats.
    const before = this.values.copy();
    const { resume } = this;
    const trial = this.arm(() => {
      body();
    });
    if (trial.ending !== 'open') throw new NotTranslatable('loop that leaves', this.ip);
    this.values = before;
    this.resume = resume;
    const carried: { place: number; variable: Variable }[] = [];
    for (let p = 0; p < PLACE_COUNT; p++) {
      const after = trial.values.get(p);
      if (after === IN_MEMORY) throw new NotTranslatable('loop with a call', this.ip);
      if (!trial.values.dirty.has(p) || after === before.get(p)) continue;
      carried.push({ place: p, variable: this.variable(this.current(p)) });
    }
    const readAll = (): void => {
      for (const { place, variable } of carried) {
        this.values.note(place, this.get(variable));
        this.values.dirty.add(place);
        this.values.written.add(place);
      }
    };
    let condition: Node | undefined;
    const run = this.arm(() => {
      readAll();
      this.resume = this.exitPoint();
      condition = body();
      for (const { place, variable } of carried) this.assign(variable, this.current(place));
    });
    this.out.push({ kind: 'loop', body: run.list, condition: condition! });
    readAll();
    this.hasEffect = true;
    this.resume = resume;
  }

  // Helpers.

  override call(helper: Helper, ...args: Node[]): Node {
    if (helper.body) {
      // A routine touches no cached place.
      const node = super.call(helper, ...args);
      node.uses = 1;
      this.hasEffect = true;
      return node;
    }
    this.flush();
    const node = super.call(helper, ...args);
    node.uses = 1;
    this.forgetWritten(helper, args);
    return node;
  }
  override callChecked(helper: Helper, ...args: Node[]): void {
    this.flush();
    this.out.push({ kind: 'callChecked', helper, args, ip: this.ip, executed: this.executed });
    this.forgetWritten(helper, args);
  }
  private flush(): void {
    const { values } = this;
    for (const p of FLAG_PLACES) {
      if (!values.isRootFlushed && values.isAsAtRoot(p)) values.root.flushedFlags.add(p);
    }
    this.out.push({ kind: 'flush', values: values.copy() });
    this.values.markFlushed();
  }
  private forgetWritten(helper: Helper, args: readonly Node[]): void {
    for (const place of writtenBy(helper.name, args)) if (this.isKept(place)) this.values.forget(place);
    this.hasEffect = true;
  }
  /** An XMM register is one place or two: the others, which lie over the same bytes, must never count as written. */
  private isKept(place: number): boolean {
    const register = xmmRegisterOf(place);
    if (register < 0 || place === ymmHighPlace(register)) return true;
    return (place === xmmPlace(register)) === (this.modes[register] === 'vector');
  }

  // Ends.

  override raise(): void {
    this.out.push({ kind: 'leave', exit: this.takenExit() });
    this.ending = 'left';
  }
  override trap(): void {
    this.raise();
  }
  override jump(target: JumpTarget): void {
    if (target.kind !== 'address') throw new NotTranslatable('jump without an address', this.ip);
    this.jumpTarget = target.address;
    this.ending = 'jumped';
  }
  override jumpIndirect(target: Node, _isReturn: boolean): void {
    if (this.depth > 0) throw new NotTranslatable('indirect branch on a condition', this.ip);
    this.indirectTarget = target;
    this.ending = 'jumped';
  }
  override exit(reason: number): void {
    if (this.depth > 0) throw new NotTranslatable('exit on a condition', this.ip);
    this.exitReason = reason;
    this.ending = 'jumped';
  }
}

function fixedOffset(place: Place): number {
  if (place.kind !== 'fixed') throw new Error('tier 1 knows all places');
  return place.offset;
}

/** Bytes that a store writes. */
export function widthOf(store: StoreName): number {
  const narrow = /store(8|16|32)$/.exec(store)?.[1];
  if (narrow !== undefined) return Number(narrow) / 8;
  const { type } = stores[store];
  return type === 'v128' ? 16 : type === 'i64' || type === 'f64' ? 8 : 4;
}

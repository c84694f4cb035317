/**
 * The wasm function of a region under construction: values in locals, with scopes. A value is computed where it is first
 * needed; its local serves until the scope (a branch, a dominator subtree) ends, then it is free for others.
 */
import { BUDGET } from '../interp/handler-code.ts';
import { emitOperation } from '../interp/value-code.ts';
import type { Helper } from '../ir/helpers.ts';
import type { Node, Variable } from '../ir/ir.ts';
import * as st from '../vcpu/state.ts';
import { CodeWriter } from '../wasm/module.ts';
import type { ValueType } from '../wasm/opcodes.ts';
import { places } from './places.ts';

/** Local: address of the first exit record. */
export const EXITS = 2;

interface Scope {
  nodes: Node[];
  variables: Variable[];
  locals: number[];
}

export class RegionCode extends CodeWriter {
  private readonly free: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  private readonly scopes: Scope[] = [];
  private readonly homes: number[] = [];
  private readonly types = new Map<number, ValueType>();
  private readonly helpers: (helper: Helper) => number;
  /** Called when a guest load must be emitted. */
  loadFrom: (node: Node) => void = () => {};
  /** While an exit is emitted, values that several of its places need get a local too. */
  isInExit = false;

  constructor(helpers: (helper: Helper) => number) {
    super(2);
    this.helpers = helpers;
    this.newLocal('i32');
    this.openScope();
  }

  // Scopes and locals.

  openScope(): void {
    this.scopes.push({ nodes: [], variables: [], locals: [] });
  }
  closeScope(): void {
    const scope = this.scopes.pop()!;
    for (const node of scope.nodes) node.local = -1;
    for (const variable of scope.variables) variable.local = -1;
    for (const local of scope.locals) this.free[this.types.get(local)!].push(local);
  }
  /** A local that is free again when the scope ends. */
  temporary(type: ValueType): number {
    let local = this.free[type].pop();
    if (local === undefined) {
      local = this.newLocal(type);
      this.types.set(local, type);
    }
    this.scopes.at(-1)!.locals.push(local);
    return local;
  }
  /** The local that a place lives in where ways join. */
  home(place: number): number {
    this.homes[place] ??= this.newLocal(places[place]!.type);
    return this.homes[place]!;
  }
  /** The value is in `local` until the scope ends. */
  bind(node: Node, local: number): void {
    node.local = local;
    this.scopes.at(-1)!.nodes.push(node);
  }
  /** Stores what is on the stack as the node's value. */
  define(node: Node): void {
    const local = this.temporary(node.type);
    this.localSet(local);
    this.bind(node, local);
  }
  /** Values bound in the innermost scope so far, for `without`. */
  bindings(): number {
    return this.scopes.at(-1)!.nodes.length;
  }
  /** Emits what can't rely on values bound since `mark`. */
  without(mark: number, emit: () => void): void {
    const hidden = this.scopes
      .at(-1)!
      .nodes.slice(mark)
      .map((node) => ({ node, local: node.local }));
    for (const { node } of hidden) node.local = -1;
    emit();
    for (const { node, local } of hidden) node.local = local;
  }
  variableLocal(variable: Variable): number {
    if (variable.local < 0) {
      variable.local = this.temporary(variable.type);
      this.scopes.at(-1)!.variables.push(variable);
    }
    return variable.local;
  }

  // Values.

  /** Leaves the value on the stack. */
  value(node: Node): void {
    if (node.local >= 0) {
      this.localGet(node.local);
      return;
    }
    this.compute(node);
    if (!this.isShared(node)) return;
    const local = this.temporary(node.type);
    this.localTee(local);
    this.bind(node, local);
  }
  private isShared(node: Node): boolean {
    if (node.kind.op === 'const') return false;
    return node.uses > 1 || (this.isInExit && node.exitUses > 1);
  }
  /** Makes sure that the value has a local. */
  materialise(node: Node): void {
    if (node.local >= 0) return;
    this.compute(node);
    this.define(node);
  }

  compute(node: Node): void {
    const { kind } = node;
    if (emitOperation(node, this, (arg) => this.value(arg))) return;
    switch (kind.op) {
      case 'state':
        if (kind.place.kind !== 'fixed') throw new Error('tier 1 knows all places');
        this.i32Const(0);
        this.load(kind.load, kind.place.offset);
        return;
      case 'load':
        this.loadFrom(node);
        return;
      case 'variable':
        this.localGet(kind.variable.local);
        return;
      case 'call':
        for (const arg of node.args) this.value(arg);
        this.call(this.helpers(kind.helper));
        return;
      case 'in':
        throw new Error(`live-in ${places[kind.place]!.name} has no value here`);
      case 'record':
        throw new Error('a region has no record');
    }
  }
  callHelper(helper: Helper): void {
    this.call(this.helpers(helper));
  }

  // State.

  putI32(field: st.Field, emit: () => void): void {
    this.i32Const(0);
    emit();
    this.store('i32.store', field.offset);
  }
  putRip(ip: number): void {
    this.i32Const(0);
    this.i64Const(BigInt(ip));
    this.store('i64.store', st.rip.offset);
  }
  /** Stores what `emit` leaves on the stack as a place's value. */
  putPlace(place: number, emit: () => void): void {
    const { store, offset } = places[place]!;
    this.i32Const(0);
    emit();
    this.store(store, offset);
  }
  loadPlace(place: number): void {
    const { load, offset } = places[place]!;
    this.i32Const(0);
    this.load(load, offset);
  }
  addToBudget(count: number): void {
    if (count === 0) return;
    this.localGet(BUDGET);
    this.i32Const(count);
    this.op('i32.add');
    this.localSet(BUDGET);
  }
}

/** Turns a program's tree into an image: code with its labels, jump tables, and what follows each exception. */
import { CONDITIONS } from '../../../core/x86/insn/mov.ts';
import { emitLoop, type LoopScope } from './emit-loops.ts';
import { type Emitted, Emitter } from './emitter.ts';
import {
  ACTION_NONE,
  CODE_PAGES,
  EXEC,
  type Image,
  type Layout,
  PAGE,
  PATCH_PAGES,
  READ,
  type Region,
  type Resume,
  TABLE_PAGES,
  WRITE,
} from './layout.ts';
import { ALL_FLAGS, ANY_ADDRESS, type Label, namesAnyAddress, type Op } from './ops.ts';
import type { Rows } from './rows.ts';
import { absolute, based, jump, loadAddress, op } from './shapes.ts';
import type { Call, Catch, Func, If, Node, Probe, Program, Switch, Tangle, Throw } from './tree.ts';

const RSP = 4;
const RBP = 5;
const FRAME = 96;

/** Cells at the start of the control page. */
export const LANDING_CELL = 0;
export const RECURSION_CELL = 8;
export const FIRST_CELL = 64;
/** Recursive calls that a program may do. */
export const RECURSION_LIMIT = 24;

export interface Assembled {
  readonly image: Image;
  readonly list: readonly Emitted[];
  /** Flags that are defined when the program stops at an address, and ANY_ADDRESS. */
  readonly definedAt: ReadonlyMap<number, number>;
  readonly bytesOf: (emitted: Emitted) => Uint8Array;
}

const label = (name: string): Label => ({ name });
const NEAR_JUMP = (condition: number): string => `j${CONDITIONS[condition]} Jz`;

/** False for instructions that only touch the stack, the cells or the tables, which stay as they are. */
function touchesData({ row, assembly, hasGs }: Op, layout: Layout): boolean {
  const m = assembly.memory;
  if (m === undefined) {
    const isImplied = row.rep !== undefined || /^(xlat|v?maskmov)/.test(row.insn.mnemonic);
    return isImplied || row.operands.some((o) => o.addressing === 'O');
  }
  if (m.base === RSP || m.base === RBP) return false;
  const isLow = m.base < 0 && m.ripTarget === undefined && !hasGs;
  return !(isLow && m.displacement >= layout.control && m.displacement < layout.tables + TABLE_PAGES * PAGE);
}

class ProgramEmitter {
  readonly program: Program;
  readonly e: Emitter;
  readonly loops: LoopScope[] = [];
  private readonly functions: Label[];
  private readonly wanted: number[] = [0];
  /** Addresses of labels, or numbers, for the tables region. */
  private readonly table: { value: Label | number; size: 4 | 8; at: number }[] = [];
  private tableEnd: number;
  private codeEnd = 0;
  readonly resumes: Resume[] = [];
  readonly definedAt = new Map<number, number>();
  private readonly end = label('end');

  constructor(program: Program, rows: Rows) {
    this.program = program;
    const canFault = program.losesData ? (o: Op) => touchesData(o, program.layout) : () => false;
    this.e = new Emitter(rows, program.layout.code, canFault);
    this.functions = program.functions.map((_, i) => label(`function ${i}`));
    this.tableEnd = (program.templates.length + 15) & ~15;
  }

  emit(): Assembled {
    for (let i = 0; i < this.wanted.length; i++) this.function(this.wanted[i]!);
    this.codeEnd = this.e.here;
    if (this.codeEnd > this.program.layout.code + CODE_PAGES * PAGE) throw new Error('program too long');
    for (const f of this.program.patchFunctions) {
      this.e.moveTo(f.address);
      this.e.defined = 0;
      for (const o of f.ops) this.e.op(o);
      this.e.op(op(this.e.rows, 'ret', 64));
    }
    for (const { ip, defined, op: o } of this.e.list) {
      const flags = (this.definedAt.get(ip) ?? ALL_FLAGS) & defined;
      this.definedAt.set(ip, namesAnyAddress(o) ? flags | ANY_ADDRESS : flags);
    }
    return { image: this.image(), list: this.e.list, definedAt: this.definedAt, bytesOf: (x) => this.e.bytesOf(x) };
  }

  /** A slot in the tables; returns its address. */
  private slot(value: Label | number, size: 4 | 8 = 8): number {
    const at = this.tableEnd;
    this.tableEnd += size;
    this.table.push({ value, size, at });
    return this.program.layout.tables + at;
  }

  private o(name: string, size: 16 | 32 | 64, fields: Parameters<typeof op>[3] = {}): void {
    this.e.op(op(this.e.rows, name, size, fields));
  }
  private cell(at: number): number {
    return this.program.layout.control + at;
  }

  private function(number: number): void {
    const { e } = this;
    const f = this.program.functions[number]!;
    const isMain = number === 0;
    e.isReachable = false;
    e.placeHead(this.functions[number]!, f.takesFlags || isMain ? ALL_FLAGS : 0);
    e.stackBytes = 0;
    for (const register of f.saves) this.o('push Zv', 64, { rm: register });
    if (f.hasFrame) this.enterFrame(f);
    this.node(f.body);
    if (isMain) {
      e.place(this.end);
      this.o('ud2', 64);
      return;
    }
    if (f.givesFlags) e.needAllFlags();
    if (f.hasFrame) this.o('leave', 64);
    for (const register of f.saves.toReversed()) this.o('pop Zv', 64, { rm: register });
    if (f.tail !== undefined && f.argumentWords === 0 && this.canFollow(f, f.tail)) {
      if (this.program.functions[f.tail]!.takesFlags) e.needAllFlags();
      e.op(jump(e.rows, 'jmp Jz', this.want(f.tail)));
    } else if (f.argumentWords > 0) this.o('ret Iw', 64, { immediate: 8 * f.argumentWords });
    else this.o('ret', 64);
    e.isReachable = false;
  }

  /** The callee of a tail call gives the flags that the caller counts on, and takes no arguments. */
  private canFollow(f: Func, tail: number): boolean {
    const callee = this.program.functions[tail]!;
    return callee.argumentWords === 0 && (callee.givesFlags || !f.givesFlags);
  }

  private enterFrame(f: Func): void {
    if (f.saves.length % 2 === 0) this.o('enter Iw Ib', 64, { immediate: FRAME });
    else {
      this.o('push Zv', 64, { rm: RBP });
      this.o('mov Ev Gv', 64, { rm: RBP, reg: RSP });
      this.o('lea Gv M', 64, { reg: RSP, memory: based(RSP, -FRAME) });
    }
  }

  private want(number: number): Label {
    if (!this.wanted.includes(number)) this.wanted.push(number);
    return this.functions[number]!;
  }

  node(node: Node): void {
    const { e } = this;
    switch (node.kind) {
      case 'unit':
        for (const o of node.ops) e.op(o);
        return;
      case 'sequence':
        for (const child of node.body) this.node(child);
        return;
      case 'if':
        this.if(node);
        return;
      case 'loop':
        emitLoop(
          e,
          node,
          this.loops,
          (at) => this.cell(at),
          () => this.node(node.body),
        );
        return;
      case 'leave':
        this.leave(node.condition, node.depth, node.isContinue);
        return;
      case 'switch':
        this.switch(node);
        return;
      case 'call':
        this.call(node);
        return;
      case 'tangle':
        this.tangle(node);
        return;
      case 'saved':
        this.saved(node.pushes, node.body, node.pops);
        return;
      case 'catch':
        this.catch(node);
        return;
      case 'throw':
        this.throw(node);
        return;
      case 'probe':
        this.probe(node);
        return;
      case 'patchCall':
        this.o('mov Zv Iv', 64, { rm: node.register, immediate: node.address });
        this.o('call Eq', 64, { rm: node.register });
        e.defined = 0;
        return;
      case 'nearPatch': {
        const target = label('patched');
        for (const o of node.before) e.op(o);
        e.op({ ...node.store, fix: { field: 'ripTarget', label: target, plus: node.plus } });
        if (node.hasJump) e.branch('jmp Jz', target);
        e.place(target);
        e.op(node.target);
        return;
      }
    }
  }

  private if({ condition, body, otherwise }: If): void {
    const { e } = this;
    const [skip, end] = [label('otherwise'), label('end if')];
    e.branch(NEAR_JUMP(condition), skip);
    this.node(body);
    if (otherwise !== undefined) {
      e.branch('jmp Jz', end);
      e.place(skip);
      this.node(otherwise);
      e.place(end);
    } else e.place(skip);
  }

  private leave(condition: number, depth: number, isContinue: boolean): void {
    const { e, loops } = this;
    const scope = loops.at(-1 - Math.min(depth, loops.length - 1));
    if (scope === undefined) return;
    const target = isContinue ? scope.next : scope.end;
    const extra = e.stackBytes - scope.stackBytes;
    if (extra === 0) {
      e.branch(NEAR_JUMP(condition), target);
      return;
    }
    const stay = label('stay');
    e.branch(NEAR_JUMP(condition), stay);
    this.o('lea Gv M', 64, { reg: RSP, memory: based(RSP, extra) });
    e.branch('jmp Jz', target);
    e.place(stay);
  }

  private switch(node: Switch): void {
    const { e } = this;
    const { selector, index, how, cases } = node;
    const [labels, end] = [cases.map((_, i) => label(`case ${i}`)), label('end switch')];
    const base = how === 'relative' ? this.slot(this.program.layout.code) : 0;
    const slots = labels.map((l) => this.slot(l, how === 'relative' ? 4 : 8));
    this.o('mov Ev Gv', 32, { rm: index, reg: selector });
    this.o('and Ev sIb', 32, { rm: index, immediate: cases.length - 1 });
    const at = (scale: number) => ({ base: -1, index, scale, displacement: slots[0]! });
    if (how === 'relative') {
      this.o('mov Gv Ev', 32, { reg: index, memory: at(2) });
      this.o('add Gv Ev', 64, { reg: index, memory: absolute(base) });
    } else if (how === 'register') this.o('mov Gv Ev', 64, { reg: index, memory: at(3) });
    for (const l of labels) e.joins(l);
    if (how === 'memory') this.o('jmp Eq', 64, { memory: at(3) });
    else this.o('jmp Eq', 64, { rm: index });
    e.isReachable = false;
    cases.forEach((body, i) => {
      e.place(labels[i]!);
      this.node(body);
      e.branch('jmp Jz', end);
    });
    e.place(end);
  }

  private call(node: Call): void {
    const { e } = this;
    const { callee, how, register } = node;
    const f = this.program.functions[callee]!;
    const target = this.want(callee);
    const [skip, back] = [label('skip call'), label('return')];
    if (node.isLimited) {
      this.o('dec Ev', 32, { memory: absolute(this.cell(RECURSION_CELL)) });
      e.branch('js Jz', skip);
    }
    for (let i = 0; i < f.argumentWords; i++) this.o('push Zv', 64, { rm: (register + 5 * i) & 15 });
    if (f.takesFlags) e.needAllFlags();
    if (how === 'direct') e.op(jump(e.rows, 'call Jz', target));
    else if (how === 'memory') this.o('call Eq', 64, { memory: absolute(this.slot(target)) });
    else if (how === 'register' || how === 'table') {
      if (how === 'register')
        e.op({ ...op(e.rows, 'mov Zv Iv', 64, { rm: register }), fix: { field: 'immediate', label: target } });
      else this.o('mov Gv Ev', 64, { reg: register, memory: absolute(this.slot(target)) });
      this.o('call Eq', 64, { rm: register });
    } else {
      e.op(loadAddress(e.rows, register, back));
      this.o('push Zv', 64, { rm: register });
      e.op(jump(e.rows, 'jmp Jz', target));
    }
    e.defined = f.givesFlags ? ALL_FLAGS : 0;
    e.place(back);
    e.place(skip);
  }

  private tangle(node: Tangle): void {
    const { e } = this;
    const labels = node.blocks.map((_, i) => label(`block ${i}`));
    const end = label('end tangle');
    const memory = absolute(this.cell(node.cell));
    this.o('mov Ev sIz', 32, { memory, immediate: node.count });
    e.branch(NEAR_JUMP(node.entryCondition), labels.at(-1)!);
    node.blocks.forEach(({ body, condition, to, next }, i) => {
      e.placeHead(labels[i]!, 0);
      this.node(body);
      this.o('dec Ev', 32, { memory });
      e.branch('js Jz', end);
      e.branch(NEAR_JUMP(condition), labels[to]!);
      e.branch('jmp Jz', labels[next]!);
    });
    e.place(end);
  }

  private saved(pushes: readonly Op[], body: Node, pops: readonly Op[]): void {
    const { e } = this;
    for (const o of pushes) {
      e.op(o);
      e.stackBytes += o.assembly.operandSize / 8;
    }
    this.node(body);
    for (const o of pops) {
      e.op(o);
      e.stackBytes -= o.assembly.operandSize / 8;
    }
  }

  private catch({ cell, register, body }: Catch): void {
    const { e } = this;
    const landing = label('landing');
    const at = (plus: number) => absolute(this.cell(cell + plus));
    e.op(loadAddress(e.rows, register, landing));
    this.o('mov Ev Gv', 64, { reg: register, memory: at(8) });
    this.o('mov Ev Gv', 64, { reg: RSP, memory: at(0) });
    this.o('mov Ev Gv', 64, { reg: RBP, memory: at(16) });
    const loops = this.loops.splice(0);
    this.node(body);
    this.loops.push(...loops);
    e.placeHead(landing, 0);
    this.o('mov Ev sIz', 64, { memory: at(0), immediate: 0 });
  }

  private throw({ cell, condition }: Throw): void {
    const { e } = this;
    const skip = label('no throw');
    e.branch(NEAR_JUMP(condition), skip);
    this.o('cmp Ev sIb', 64, { memory: absolute(this.cell(cell)), immediate: 0 });
    e.branch('je Jz', skip);
    for (const other of this.program.catchCells) {
      if (other !== cell) this.o('mov Ev sIz', 64, { memory: absolute(this.cell(other)), immediate: 0 });
    }
    this.o('mov Gv Ev', 64, { reg: RSP, memory: absolute(this.cell(cell)) });
    this.o('mov Gv Ev', 64, { reg: RBP, memory: absolute(this.cell(cell + 16)) });
    this.o('jmp Eq', 64, { memory: absolute(this.cell(cell + 8)) });
    e.isReachable = false;
    e.place(skip);
  }

  private probe(node: Probe): void {
    const { e } = this;
    const { action, address, value } = node;
    if (node.how === 'syscall') {
      this.o('mov Zv Iv', 32, { rm: 0, immediate: 0x7ffffff0 });
      e.needAllFlags();
      this.o('syscall', 64);
      return;
    }
    if (node.how === 'fetch') {
      const landing = label('landing');
      const cell = this.cell(LANDING_CELL);
      e.op({
        ...op(e.rows, 'mov Ev sIz', 32, { memory: absolute(cell), immediate: 0 }),
        fix: { field: 'immediate', label: landing },
      });
      this.definedAt.set(address, (this.definedAt.get(address) ?? ALL_FLAGS) & e.defined);
      this.o('jmp Eq', 64, { memory: absolute(this.slot(address)) });
      e.place(landing);
      return;
    }
    const start = e.here;
    this.o(node.how, 32);
    const next = e.here;
    // INT3 stops behind itself; a NOP there keeps that apart from a fault of the next instruction.
    if (node.how === 'int3') this.o('nop', 32);
    this.resumes.push({ ip: node.how === 'int3' ? next : start, next, action, address, value });
  }

  private image(): Image {
    const { program, e } = this;
    const { layout } = program;
    const end = e.addressOf(this.end);
    const probed = new Set(this.resumes.map((r) => r.ip));
    const others = e.list
      .filter(({ ip }) => !probed.has(ip) && ip !== end)
      .map(({ ip, length }): Resume => ({ ip, next: ip + length, action: ACTION_NONE, address: 0, value: 0 }));
    return {
      regions: [...this.codeRegions(), ...program.data],
      entry: layout.code,
      resumes: [...this.resumes, ...others].sort((a, b) => a.ip - b.ip),
      landingCell: this.cell(LANDING_CELL),
      end,
      registers: program.registers,
    };
  }

  private codeRegions(): Region[] {
    const { program, e } = this;
    const { layout } = program;
    const code = new Uint8Array(this.codeEnd - layout.code);
    const patch = new Uint8Array(PATCH_PAGES * PAGE);
    for (const emitted of e.list) {
      const isPatch = emitted.ip >= layout.patch && emitted.ip < layout.patch + patch.length;
      const [into, base] = isPatch ? [patch, layout.patch] : [code, layout.code];
      into.set(e.bytesOf(emitted), emitted.ip - base);
    }
    const tables = new Uint8Array(this.tableEnd);
    tables.set(program.templates);
    const dv = new DataView(tables.buffer);
    for (const { value, size, at } of this.table) {
      const address = typeof value === 'number' ? value : e.addressOf(value);
      if (size === 8) dv.setBigUint64(at, BigInt(address), true);
      else dv.setUint32(at, address - layout.code, true);
    }
    const codeProt = READ | EXEC | (program.isWritableCode ? WRITE : 0);
    return [
      { address: layout.code, pages: CODE_PAGES, prot: codeProt, content: code, isOutput: program.isWritableCode },
      { address: layout.patch, pages: PATCH_PAGES, prot: READ | WRITE | EXEC, content: patch, isOutput: true },
      { address: layout.tables, pages: TABLE_PAGES, prot: READ, content: tables, isOutput: false },
    ];
  }
}

/** The code of a program and all that goes with it. */
export const assembleProgram = (program: Program, rows: Rows): Assembled => new ProgramEmitter(program, rows).emit();

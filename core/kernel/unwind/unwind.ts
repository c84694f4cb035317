/**
 * Backtraces of guest tasks: by .eh_frame where a file has it, through signal frames, else by frame pointers. Reads guest
 * memory by checked accesses and stops at the first frame that makes no sense.
 */
import type { UserMemory } from '../../mem/user-memory.ts';
import * as st from '../../vcpu/state.ts';
import type { CodePlace, Symbolizer } from '../symbols.ts';
import type { Task } from '../task.ts';
import { type FrameRules, frameRules, type Rule } from './cfi.ts';
import { type ExpressionContext, evaluate } from './expression.ts';

export interface Frame {
  pc: number;
  place: CodePlace | undefined;
  /** How it was found; `start` is the task's own registers. */
  via: 'start' | 'eh_frame' | 'frame pointer' | 'signal frame' | 'return address';
}

/** DWARF numbers of x86-64 registers (psABI, figure 3.36) in terms of ours. */
const DWARF_TO_GPR = [st.RAX, st.RDX, st.RCX, st.RBX, st.RSI, st.RDI, st.RBP, st.RSP, 8, 9, 10, 11, 12, 13, 14, 15];
const DWARF_RBP = 6;
const DWARF_RSP = 7;
const DWARF_RIP = 16;
const REGISTER_COUNT = 17;
const PROT_EXEC = 4;

/** `mov $15, %rax; syscall` and `mov $15, %eax; syscall`: where C libraries' signal handlers return to. */
const SIGRETURN_CODE = ['48c7c00f0000000f05', 'b80f0000000f05'];
/** Places of the registers in the ucontext of a signal frame, by DWARF number. */
const SIGCONTEXT = 40;
const SIGCONTEXT_OFFSETS = [104, 96, 112, 88, 72, 64, 80, 120, 0, 8, 16, 24, 32, 40, 48, 56, 128];

/** At most `max` frames of the task, whose registers are on the vCPU; the innermost first. */
export function unwind(task: Task, symbolizer: Symbolizer, max = 64): Frame[] {
  return new Unwinder(task, symbolizer).run(max);
}

class Unwinder {
  private registers: number[];
  private readonly memory: UserMemory;
  private readonly task: Task;
  private readonly symbolizer: Symbolizer;
  /** The pc is that of an instruction, not of the one behind a call. */
  private isExact = true;

  constructor(task: Task, symbolizer: Symbolizer) {
    this.task = task;
    this.symbolizer = symbolizer;
    this.memory = task.memory;
    this.registers = DWARF_TO_GPR.map((register) => task.vcpu.gprNumber(register));
    this.registers[DWARF_RIP] = task.vcpu.rip;
  }

  run(max: number): Frame[] {
    const frames: Frame[] = [this.frame('start')];
    while (frames.length < max) {
      const sp = this.registers[DWARF_RSP]!;
      const via = this.step(frames.length === 1);
      if (via === undefined || this.registers[DWARF_RIP] === 0) break;
      // Frames only get older; a signal frame may lead back from the alternate stack.
      if (via !== 'signal frame' && this.registers[DWARF_RSP]! <= sp) break;
      frames.push(this.frame(via));
    }
    return frames;
  }

  private frame(via: Frame['via']): Frame {
    const pc = this.registers[DWARF_RIP]!;
    return { pc, place: this.symbolizer.place(this.isExact ? pc : pc - 1), via };
  }

  /** Goes to the caller; undefined when there is none. */
  private step(isFirst: boolean): Frame['via'] | undefined {
    const pc = this.registers[DWARF_RIP]!;
    if (this.isExecutable(pc)) {
      if (this.isSigreturn(pc)) return this.stepSignal() ? 'signal frame' : undefined;
      const rules = this.rulesAt(this.isExact ? pc : pc - 1);
      if (rules !== undefined) return this.stepByRules(rules) ? 'eh_frame' : undefined;
    } else if (isFirst) {
      // A call to where no code is: the return address is on top of the stack.
      return this.stepReturn(this.registers[DWARF_RSP]!) ? 'return address' : undefined;
    }
    return this.stepFramePointer() ? 'frame pointer' : undefined;
  }

  private isExecutable(pc: number): boolean {
    return ((this.task.process.mm.vmas.at(pc)?.prot ?? 0) & PROT_EXEC) !== 0;
  }

  private isSigreturn(pc: number): boolean {
    return SIGRETURN_CODE.some((code) => {
      const len = code.length / 2;
      if (this.memory.accessible(pc, len, 'r') < len) return false;
      return [...this.memory.readBytes(pc, len)].map((byte) => byte.toString(16).padStart(2, '0')).join('') === code;
    });
  }

  /** Behind the handler's return, RSP points to the ucontext. */
  private stepSignal(): boolean {
    const context = this.registers[DWARF_RSP]! + SIGCONTEXT;
    if (this.memory.accessible(context, 136, 'r') < 136) return false;
    this.registers = SIGCONTEXT_OFFSETS.map((offset) => this.load(context + offset, 8));
    this.isExact = true;
    return true;
  }

  private rulesAt(pc: number): FrameRules | undefined {
    const place = this.symbolizer.place(pc);
    if (place?.elf === undefined) return undefined;
    try {
      return frameRules(place.elf, place.address);
    } catch (error) {
      // A malformed table is as good as none.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  private stepByRules(rules: FrameRules): boolean {
    const old = this.registers;
    const context: ExpressionContext = {
      register: (index) => old[index] ?? 0,
      load: (address, size) => this.load(address, size),
    };
    try {
      const { cfa: cfaRule } = rules;
      const cfa =
        'register' in cfaRule ? (old[cfaRule.register] ?? 0) + cfaRule.offset : evaluate(cfaRule.expression(), context);
      const next = [...old];
      next[DWARF_RSP] = cfa;
      for (const [register, rule] of rules.registers) {
        if (register < REGISTER_COUNT) next[register] = this.apply(rule, cfa, context);
      }
      // Without a rule for the return address, or with "undefined", this is the outermost frame.
      if ((rules.registers.get(rules.returnRegister)?.kind ?? 'undefined') === 'undefined') return false;
      this.registers = next;
      this.isExact = rules.isSignalFrame;
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  private apply(rule: Rule, cfa: number, context: ExpressionContext): number {
    switch (rule.kind) {
      case 'offset':
        return this.load(cfa + rule.offset, 8);
      case 'value-offset':
        return cfa + rule.offset;
      case 'register':
        return context.register(rule.register);
      case 'expression':
        return this.load(evaluate(rule.expression(), context, cfa), 8);
      case 'value-expression':
        return evaluate(rule.expression(), context, cfa);
      case 'undefined':
        return 0;
    }
  }

  private stepReturn(sp: number): boolean {
    if (this.memory.accessible(sp, 8, 'r') < 8) return false;
    const pc = this.load(sp, 8);
    if (!this.isExecutable(pc)) return false;
    this.registers[DWARF_RIP] = pc;
    this.registers[DWARF_RSP] = sp + 8;
    this.isExact = false;
    return true;
  }

  private stepFramePointer(): boolean {
    const rbp = this.registers[DWARF_RBP]!;
    if (rbp % 8 !== 0 || rbp < this.registers[DWARF_RSP]! || this.memory.accessible(rbp, 16, 'r') < 16) return false;
    const caller = this.load(rbp, 8);
    if (!this.stepReturn(rbp + 8)) return false;
    this.registers[DWARF_RBP] = caller;
    return true;
  }

  /** RangeError when it is not readable. */
  private load(address: number, size: number): number {
    if (this.memory.accessible(address, size, 'r') < size) throw new RangeError('frame in unreadable memory');
    const bytes = this.memory.readBytes(address, size);
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + bytes[i]!;
    return value;
  }
}

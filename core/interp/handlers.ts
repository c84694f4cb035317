/**
 * Handlers of tier 0, made when first needed. A handler serves every instruction of one *form*: table row, operand size,
 * shape of the memory operand, address size, repeat prefix. Forms that programs commonly use come in one prebuilt module
 * (`common`); the others are generated, a module for each batch that a decoded block asks for.
 */
import { Builder } from '../ir/builder.ts';
import { declaredHelpers, type Helper } from '../ir/helpers.ts';
import { type InsnForm, liftInsn } from '../lift/lift.ts';
import { type AddressForm, addressForms, RecordOperands } from '../lift/operand-source.ts';
import type { AddressSpace } from '../mem/address-space.ts';
import type { CodeWriter } from '../wasm/module.ts';
import { ModuleWriter } from '../wasm/module.ts';
import type { DecodeTable, Insn } from '../x86/decoder.ts';
import { encodingName } from '../x86/notation.ts';
import {
  declareImports,
  HANDLER_SLOTS,
  HANDLER_TYPE,
  type HandlerImports,
  TABLE_SIZE,
  typeOf,
} from './handler-code.ts';
import { lowerHandler, lowerRoutine } from './lower.ts';
import { type PseudoHandler, pseudoHandler } from './pseudo-handlers.ts';

/** Implementation of one helper; gets i32 and f64 arguments as declared. */
export type HelperFunction = (...args: number[]) => number | undefined;

const REPEATS = ['none', 'rep', 'repne'] as const;
/** size (3) × address form (6) × repeat (3) */
const FORMS_PER_ENCODING = 54;

/** Dense number of a form: encoding, size, address form and repeat. */
function formNumber(encodingId: number, sizeIndex: number, addressIndex: number, repeatIndex: number): number {
  return encodingId * FORMS_PER_ENCODING + (sizeIndex * 6 + addressIndex) * 3 + repeatIndex;
}

const SLOTS: Record<Exclude<PseudoHandler, 'enter'>, number> = { stale: 1, goto: 2, undefined: 3 };
const FIRST_SLOT = 4;

export class Handlers {
  readonly table = new WebAssembly.Table({ initial: TABLE_SIZE, maximum: TABLE_SIZE, element: 'anyfunc' });
  readonly stale = SLOTS.stale;
  readonly goto = SLOTS.goto;
  readonly undefined = SLOTS.undefined;
  /** Runs from a record: (record, budget) → budget left. */
  readonly enter: (record: number, budget: number) => number;
  /** True while every memory access must go through the slow path: `slotFor` gives other handlers then. */
  isStrict = false;
  private readonly rows: DecodeTable;
  private readonly slots: Uint16Array;
  private readonly strictSlots: Uint16Array;
  private readonly imports: WebAssembly.Imports;
  /** Forms of the prebuilt module, in the order of their slots. */
  private readonly prebuilt: Uint32Array;
  private nextSlot = FIRST_SLOT;
  private slotLimit = HANDLER_SLOTS;
  private pending: { slot: number; form: InsnForm; address: AddressForm; isStrict: boolean }[] = [];

  constructor(
    space: AddressSpace,
    rows: DecodeTable,
    helpers: ReadonlyMap<string, HelperFunction>,
    slowAccess: (low: number, high: number, sizeAndAccess: number, record: number) => number,
    common: WebAssembly.Module | undefined,
  ) {
    this.rows = rows;
    this.slots = new Uint16Array(rows.size * FORMS_PER_ENCODING);
    this.strictSlots = new Uint16Array(this.slots.length);
    const helperImports: Record<string, HelperFunction> = {};
    for (const { name, body } of declaredHelpers()) {
      if (body) continue;
      const implementation = helpers.get(name);
      if (!implementation) throw new Error(`helper ${name} has no implementation`);
      helperImports[name] = implementation;
    }
    this.imports = { env: { memory: space.memory, handlers: this.table, slowAccess }, helpers: helperImports };
    const module = common ?? new WebAssembly.Module(buildModule(rows, []));
    const instance = new WebAssembly.Instance(module, this.imports);
    this.enter = instance.exports.enter as (record: number, budget: number) => number;
    for (const { name } of routines()) helperImports[name] = instance.exports[name] as HelperFunction;
    this.prebuilt = readForms(module);
    this.forget();
  }

  /** Room for `count` more handlers; false when `forget` must be called first. */
  hasRoom(count: number): boolean {
    return this.nextSlot + count <= this.slotLimit;
  }

  /** Gives all slots but those of prebuilt handlers to others; no record may name them any more. */
  forget(): void {
    this.slots.fill(0);
    this.strictSlots.fill(0);
    this.nextSlot = FIRST_SLOT;
    for (const form of this.prebuilt) this.slots[form] = this.nextSlot++;
  }

  /** Makes an instance of a module that imports what handlers do; its functions go to the table. */
  instantiate(module: WebAssembly.Module): WebAssembly.Instance {
    return new WebAssembly.Instance(module, this.imports);
  }

  /** Leaves room for so many handlers only, for tests. */
  limit(count: number): void {
    this.slotLimit = FIRST_SLOT + this.prebuilt.length + count;
  }

  get count(): number {
    return this.nextSlot - FIRST_SLOT;
  }

  /** Names of the forms that have a handler: what the list of common forms is recorded from. */
  usedForms(): string[] {
    return [...this.slots.keys()].filter((form) => this.slots[form] !== 0).map((form) => formName(this.rows, form));
  }

  /** The table slot for a decoded instruction. A new one works only after `compilePending`. */
  slotFor(insn: Insn): number {
    const { enc } = insn;
    const sizeIndex = normalSize(insn);
    const addressIndex = addressFormIndex(insn);
    const repeatIndex = enc.rep === undefined ? 0 : insn.repeat === 'none' ? 0 : insn.repeat === 'rep' ? 1 : 2;
    return this.slotOf(formNumber(enc.id, sizeIndex, addressIndex, repeatIndex));
  }

  /** The table slot for a form. A new one works only after `compilePending`. */
  slotOf(number: number): number {
    const slots = this.isStrict ? this.strictSlots : this.slots;
    let slot = slots[number]!;
    if (slot === 0) {
      slot = this.nextSlot++;
      slots[number] = slot;
      this.pending.push({ slot, ...describeForm(this.rows, number), isStrict: this.isStrict });
    }
    return slot;
  }

  /** True for a slot that serves instructions, not one of the pseudo handlers. */
  isOfForm(slot: number): boolean {
    return slot >= FIRST_SLOT;
  }

  /** The form that each slot serves while accesses are not strict; -1 where there is none. */
  formsBySlot(): Int32Array {
    const forms = new Int32Array(TABLE_SIZE).fill(-1);
    for (const [form, slot] of this.slots.entries()) if (slot !== 0) forms[slot] = form;
    return forms;
  }

  /** Generates the handlers asked for since the last call. */
  compilePending(): void {
    if (this.pending.length === 0) return;
    const module = new ModuleWriter();
    const imports = declareImports(module);
    const elements = this.pending.map(({ slot, form, address, isStrict }) => ({
      slot,
      func: module.func(HANDLER_TYPE, handlerCode(form, address, imports, isStrict)),
    }));
    this.pending = [];
    this.instantiate(new WebAssembly.Module(module.finish(elements)));
  }
}

/** Custom section with the form numbers of a module's handlers, in the order of their slots. */
const FORMS_SECTION = 'elfdeck.forms';

function readForms(module: WebAssembly.Module): Uint32Array {
  const [section] = WebAssembly.Module.customSections(module, FORMS_SECTION);
  return new Uint32Array(section ?? new ArrayBuffer(0));
}

/** `row | operand size | address form | repeat`: names a form across versions of the instruction table. */
function formName(rows: DecodeTable, number: number): string {
  const { form, address } = describeForm(rows, number);
  return [encodingName(form.encoding), form.size, address, form.repeat].join(' | ');
}

/** Numbers of the forms named; names of rows that are gone are left out. */
export function formNumbers(rows: DecodeTable, names: Iterable<string>): number[] {
  const ids = new Map(rows.encodings.map((e) => [encodingName(e), e.id]));
  const numbers: number[] = [];
  for (const name of names) {
    const [row, size, address, repeat] = name.split(' | ') as [string, string, AddressForm, (typeof REPEATS)[number]];
    const id = ids.get(row);
    if (id === undefined) continue;
    numbers.push(formNumber(id, Math.log2(Number(size)) - 4, addressForms.indexOf(address), REPEATS.indexOf(repeat)));
  }
  return numbers;
}

/** Bytes of a module with the pseudo handlers, `enter`, and handlers for `forms`. */
export function buildModule(rows: DecodeTable, forms: readonly number[]): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  module.custom(FORMS_SECTION, new Uint8Array(Uint32Array.from(forms).buffer));
  const imports = declareImports(module, routines());
  for (const routine of routines()) {
    imports.helpers.set(routine.name, module.func(typeOf(routine), routineCode(routine, imports), routine.name));
  }
  const elements: { slot: number; func: number }[] = [];
  for (const [name, slot] of Object.entries(SLOTS)) {
    elements.push({ slot, func: module.func(HANDLER_TYPE, pseudoHandler(name as PseudoHandler, imports)) });
  }
  module.func(HANDLER_TYPE, pseudoHandler('enter', imports), 'enter');
  forms.forEach((number, i) => {
    const { form, address } = describeForm(rows, number);
    elements.push({ slot: FIRST_SLOT + i, func: module.func(HANDLER_TYPE, handlerCode(form, address, imports)) });
  });
  return module.finish(elements);
}

const routines = (): readonly Helper[] => declaredHelpers().filter(({ body }) => body !== undefined);

function routineCode({ params, body }: Helper, imports: HandlerImports): CodeWriter {
  const b = new Builder();
  body!(b, ...params.map((type, i) => b.parameter(i, type)));
  return lowerRoutine(b.statements, imports, params.length);
}

function handlerCode(form: InsnForm, address: AddressForm, imports: HandlerImports, isStrict = false): CodeWriter {
  try {
    return lowerHandler(liftInsn(form, new RecordOperands(address)), imports, isStrict);
  } catch (cause) {
    throw new Error(`handler of ${form.encoding.insn.mnemonic} ${form.encoding.text}`, { cause });
  }
}

function describeForm(rows: DecodeTable, number: number): { form: InsnForm; address: AddressForm } {
  const id = Math.floor(number / FORMS_PER_ENCODING);
  const encoding = rows.encoding(id);
  const rest = number % FORMS_PER_ENCODING;
  const address = addressForms[Math.floor(rest / 3) % 6]!;
  const size = ([16, 32, 64] as const)[Math.floor(rest / 18)]!;
  const addressSize = address === 'full32' ? 32 : 64;
  return { form: { encoding, size, addressSize, repeat: REPEATS[rest % 3]! }, address };
}

/** Operand size as far as the row depends on it: 0, 1, 2 for 16, 32, 64. */
function normalSize(insn: Insn): number {
  const { enc } = insn;
  if (!enc.usesOperandSize && !enc.operands.some((o) => o.size === 'y')) {
    // Rows without sized operands may still look at it (string instructions, FSAVE, XSAVE64).
    if (enc.operands.length > 0) return 1;
  }
  return insn.operandSize === 16 ? 0 : insn.operandSize === 32 ? 1 : 2;
}

function addressFormIndex(insn: Insn): number {
  // String and other implicit memory operands have no ModRM but an address size and a segment.
  // Where a register stands in the place of a memory operand, a 67 prefix means nothing (compilers pad with it).
  if (insn.mod === 3) return insn.addressSize === 32 && !hasRegisterForMemory(insn) ? 5 : 0;
  if (insn.addressSize === 32) return 5;
  if (insn.segment !== 'none') return 4;
  if (insn.isRipRelative) return 3;
  return insn.index >= 0 || insn.base < 0 ? 2 : 1;
}

/** Shape of an instruction's memory operand. */
export const addressFormOf = (insn: Insn): AddressForm => addressForms[addressFormIndex(insn)]!;

const hasRegisterForMemory = ({ mod, enc }: Insn): boolean =>
  mod === 3 && enc.operands.some(({ addressing }) => 'EWQ'.includes(addressing));

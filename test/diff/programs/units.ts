/** Instructions that need a state of their own: divisions, strings, bit strings, flags, faults, and the FP control words. */
import type { MemoryOperand } from '../../../core/x86/assembler.ts';
import { BASE, type Context, freeRegister, lockAlso } from './context.ts';
import { DATA_MIDDLE, DATA_PAGES, PAGE } from './layout.ts';
import { scratchPlace } from './operands.ts';
import type { Op } from './ops.ts';
import { canUse, randomInsn, randomOf } from './plain.ts';
import { based, type Fields, op, type Size } from './shapes.ts';
import type { Unit } from './tree.ts';

const [RAX, RCX, RDX, RBX, RSI, RDI] = [0, 1, 2, 3, 6, 7] as const;

const unit = (ops: readonly Op[], isLoose = false): Unit => ({ kind: 'unit', ops, isLoose });
const isFree = (c: Context, ...registers: readonly number[]): boolean => registers.every((n) => !c.locked.has(n));
const sizes: readonly Size[] = [16, 32, 64];

/** One to eight plain instructions, some of them around the same place in memory. */
export function plainUnit(c: Context): Unit {
  const { r } = c;
  if (r.chance(12)) return samePlaceUnit(c);
  // A memory operand and what makes its address belong together, so each is a unit of its own.
  return unit(randomInsn(c));
}

const ACCESSES =
  'mov Ev Gv,mov Gv Ev,mov Eb Gb,mov Gb Eb,add Ev Gv,xor Gv Ev,movzx Gv Eb,movsx Gv Ew,inc Ev,mov Ev sIz,cmp Ev Gv'.split(
    ',',
  );
const VECTOR_ACCESSES = 'movups Vx Wx,movups Wx Vx,movdqu Vx Wx,movdqu Wx Vx,movq Vq Wq,movss Wd Vd,paddd Vx Wx'.split(
  ',',
);

/** Loads and stores of different sizes around one place. */
function samePlaceUnit(c: Context): Unit {
  const { r, rows, features } = c;
  const place = scratchPlace(c, 64, 16);
  const inner = lockAlso(c, ...place.registers);
  const names = features.has('sse') ? [...ACCESSES, ...VECTOR_ACCESSES.filter((name) => rows.has(name))] : ACCESSES;
  const ops = [...place.setUp];
  for (let i = 2 + r.below(6); i > 0; i--) {
    const name = r.pick(names);
    const isAligned = name.startsWith('paddd');
    const memory: MemoryOperand = { ...place.memory };
    const shift = isAligned ? 0 : r.below(32);
    if (memory.ripTarget !== undefined) memory.ripTarget += shift;
    else memory.displacement += shift;
    ops.push(...randomOf(inner, rows.get(name), { ...place, setUp: [], memory }).filter((o) => o.assembly.memory));
  }
  return unit(ops);
}

/** MUL's and DIV's registers with values for which most divisions work. */
export function divideUnit(c: Context): Unit {
  const { r, rows } = c;
  if (!isFree(c, RAX, RDX)) return plainUnit(c);
  const size = r.pick(sizes);
  const isSigned = r.chance(50);
  const isByte = r.chance(20);
  const name = `${isSigned ? 'idiv' : 'div'} ${isByte ? 'Eb' : 'Ev'}`;
  const divisor = freeRegister(c, RAX, RDX);
  const ops: Op[] = [];
  if (r.chance(80)) {
    if (isByte)
      ops.push(op(rows, isSigned ? 'movsx Gv Eb' : 'movzx Gv Eb', 32, { reg: RAX, rm: r.below(16), forceRex: true }));
    else if (isSigned) ops.push(op(rows, 'cqo rAX', size));
    else ops.push(op(rows, r.chance(50) ? 'xor Ev Gv' : 'sub Ev Gv', 32, { reg: RDX, rm: RDX }));
    if (r.chance(90)) ops.push(op(rows, 'or Ev sIb', 64, { rm: divisor, immediate: 1 + r.below(127) }));
  }
  ops.push({ ...op(rows, name, size, { rm: divisor, forceRex: true }), mayFault: true });
  return unit(ops);
}

/** MOVS STOS LODS SCAS CMPS, repeated or not, up or down. */
export function stringUnit(c: Context): Unit {
  const { r, rows, layout } = c;
  if (!isFree(c, RAX, RCX, RSI, RDI)) return plainUnit(c);
  const base = r.pick(['movs', 'stos', 'lods', 'scas', 'cmps']);
  const name = r.chance(50) ? `${base}b` : base;
  const repeat = r.chance(75) ? (r.chance(70) ? 'rep' : 'repne') : undefined;
  const isNarrow = r.chance(10);
  const isDown = r.chance(20);
  const limit = r.pick([4, 20, 200]);
  const pointer = (register: number): Op =>
    op(rows, 'mov Zv Iv', 64, {
      rm: register,
      // CPUs differ in whether a fault with 32-bit addresses has cut the registers: here they are short.
      immediate: layout.data + 0x800 + r.below(0x1000),
    });
  const ops: Op[] = [pointer(RSI), pointer(RDI)];
  if (repeat !== undefined) {
    if (r.chance(70)) ops.push(op(rows, 'mov Zv Iv', isNarrow ? 64 : 32, { rm: RCX, immediate: r.below(limit) }));
    else {
      ops.push(op(rows, 'and Ev sIb', 64, { rm: RCX, immediate: 63 }));
    }
  }
  if (isDown) ops.push(op(rows, 'std', 64));
  ops.push(
    op(rows, name, r.pick(sizes), { ...(repeat ? { repeat } : {}), ...(isNarrow ? { addressSize: 32 as const } : {}) }),
  );
  if (isDown) ops.push(op(rows, 'cld', 64));
  return unit(ops);
}

/** XLAT, MASKMOVDQU: with pointers of their own. */
export function pointerUnit(c: Context): Unit {
  const { r, rows, layout, features } = c;
  const at = (register: number): Op =>
    op(rows, 'mov Zv Iv', 64, { rm: register, immediate: layout.data + 0x400 + r.below(0x1000) });
  if (r.chance(50) && isFree(c, RAX, RBX)) return unit([at(RBX), op(rows, 'xlat', 64)]);
  if (features.has('sse') && isFree(c, RDI))
    return unit([at(RDI), op(rows, 'maskmovdqu Vx Ux', 64, { reg: r.below(16), rm: r.below(16) })]);
  return plainUnit(c);
}

/** BT BTS BTR BTC with an index that reaches beyond the operand, or with a register operand. */
export function bitsUnit(c: Context): Unit {
  const { r, rows } = c;
  const name = `${r.pick(['bt', 'bts', 'btr', 'btc'])} Ev Gv`;
  const size = r.pick(sizes);
  if (r.chance(40)) return unit(randomOf({ ...c }, rows.get(name)).filter((o) => o.assembly.memory === undefined));
  const index = freeRegister(c);
  const offset = 256 + r.below(DATA_PAGES * PAGE - 512);
  return unit([
    op(rows, 'movsx Gv Eb', 64, { reg: index, rm: r.below(16), forceRex: true }),
    op(rows, name, size, {
      reg: index,
      memory: based(BASE, offset - DATA_MIDDLE),
      ...(name.startsWith('bt ') || !c.features.has('lock') || r.chance(60) ? {} : { lock: true }),
    }),
  ]);
}

export function doubleShiftUnit(c: Context): Unit {
  const { r, rows } = c;
  const name = r.pick(['shld', 'shrd']);
  const size = r.pick(sizes);
  const fields: Fields = { reg: r.below(16), rm: freeRegister(c, RCX) };
  // A count above 16 leaves a 16-bit result undefined.
  const limit = size === 16 ? 17 : 256;
  if (r.chance(60)) return unit([op(rows, `${name} Ev Gv Ib`, size, { ...fields, immediate: r.below(limit) })]);
  if (size === 16) {
    if (!isFree(c, RCX)) return plainUnit(c);
    return unit([op(rows, 'and Ev sIb', 32, { rm: RCX, immediate: 15 }), op(rows, `${name} Ev Gv CL`, size, fields)]);
  }
  return unit([op(rows, `${name} Ev Gv CL`, size, fields)]);
}

/** PUSHF, LAHF and POPF. */
export function flagsUnit(c: Context): Unit {
  const { r, rows } = c;
  const kind = r.below(3);
  if (kind === 0) return unit([op(rows, 'pushf', 64), op(rows, 'pop Zv', 64, { rm: freeRegister(c) })]);
  if (kind === 1 && isFree(c, RAX)) return unit([op(rows, 'lahf', 64)]);
  const flags = (r.u32() & 0x8d5) | 0x202;
  return unit([op(rows, 'push sIz', 64, { immediate: flags }), op(rows, 'popf', 64)]);
}

/** MXCSR and the x87 control word: rounding, flushing, and, where the program may, exceptions that are not masked. */
export function controlUnit(c: Context): Unit {
  const { r, rows, features } = c;
  const at = scratchPlace(c, 4);
  const isUnmasked = features.has('unmasked') && r.chance(40);
  const store = (value: number): Op => op(rows, 'mov Ev sIz', 32, { memory: at.memory, immediate: value, ...narrow });
  const narrow = at.addressSize ? { addressSize: at.addressSize } : {};
  const withGs = (o: Op): Op => (at.hasGs ? { ...o, hasGs: true } : o);
  if (features.has('sse') && r.chance(60)) {
    const masks = isUnmasked ? r.below(64) : 0x3f;
    const value =
      (masks << 7) | (r.chance(60) ? 0 : (r.below(4) << 13) | (r.chance(25) ? 0x8000 : 0) | (r.chance(25) ? 0x40 : 0));
    return unit([
      ...at.setUp,
      withGs(store(value)),
      withGs(op(rows, 'ldmxcsr Md', 32, { memory: at.memory, ...narrow })),
    ]);
  }
  if (!features.has('x87')) return plainUnit(c);
  if (r.chance(40)) return unit([op(rows, 'fninit', 32)]);
  const masks = isUnmasked ? r.below(64) : 0x3f;
  const value = 0x40 | masks | (r.pick([0, 2, 3, 3, 3]) << 8) | (r.below(4) << 10);
  return unit([...at.setUp, withGs(store(value)), withGs(op(rows, 'fldcw Mw', 32, { memory: at.memory, ...narrow }))]);
}

const PRIVILEGED = ['hlt', 'cli', 'rdmsr', 'wbinvd', 'clts', 'ud2'];
const DESTINATIONS = [
  'mov Ev Gv',
  'add Ev Gv',
  'xchg Ev Gv',
  'inc Ev',
  'mov Gv Ev',
  'cmp Ev Gv',
  'cmpxchg Ev Gv',
  'xadd Ev Gv',
];

/** An instruction that raises an exception, mostly: a bad address, a page that doesn't allow it, a privileged instruction. */
export function faultUnit(c: Context): Unit {
  const { r, rows } = c;
  const kind = r.below(10);
  if (kind === 0) return unit([{ ...op(rows, r.pick(PRIVILEGED), 32), mayFault: true }]);
  if (kind === 1 && isFree(c, RAX, RCX, RSI, RDI)) return stringFault(c);
  const register = freeRegister(c);
  const { setUp, memory } = badPlace(c, register);
  const inner = lockAlso(c, register);
  const row = r.chance(60) ? rows.get(r.pick(DESTINATIONS)) : r.pick(r.pick(memoryRows(c)));
  if (!canUse(inner, row)) return plainUnit(c);
  const ops = randomOf(inner, row, { setUp, memory, registers: [register] });
  if (ops.at(-1)!.assembly.memory === undefined) return unit(ops.filter((o) => !setUp.includes(o)));
  return unit(ops.map((o, i) => (i === ops.length - 1 ? { ...o, mayFault: true } : o)));
}

function memoryRows(c: Context): ReturnType<Context['rows']['plain']> {
  const kinds = (['integer', 'sse', 'avx', 'x87', 'mmx'] as const).filter(
    (k) => k === 'integer' || (c.features.has(k) && c.rows.plain(k).length > 0),
  );
  return c.rows.plain(c.r.pick(kinds));
}

/** An operand that most accesses fault at. */
function badPlace(c: Context, register: number): { setUp: Op[]; memory: MemoryOperand } {
  const { r, rows, layout } = c;
  const end = layout.data + DATA_PAGES * PAGE;
  const address = r.pick<bigint>([
    BigInt(r.below(256)),
    BigInt(layout.readOnly + r.below(PAGE - 64)),
    BigInt(layout.readOnly + r.below(PAGE - 64)),
    BigInt(layout.none + r.below(PAGE)),
    BigInt(end - r.below(32)),
    BigInt(layout.data - r.below(32)),
    BigInt(layout.readOnly + PAGE - r.below(16)),
    (BigInt(r.u32()) << 16n) | 0x7000_0000_0000n,
    0x0001_0000_0000_0000n | BigInt(r.u32()),
    0xffff_8000_0000_0000n | BigInt(r.u32()),
    BigInt(layout.data + 0x800) | (BigInt(1 + r.below(0x7ffe)) << 32n),
    // Code that is writable would be written over.
    BigInt((c.features.has('nearPatch') ? layout.none : layout.code) + r.below(PAGE)),
  ]);
  const displacement = r.chance(50) ? 0 : r.below(1 << 16) - (1 << 15);
  return {
    setUp: [op(rows, 'mov Zv Iv', 64, { rm: register, immediate: BigInt.asUintN(64, address - BigInt(displacement)) })],
    memory: based(register, displacement),
  };
}

/** REP MOVS or STOS that runs into the end of the data. */
function stringFault(c: Context): Unit {
  const { r, rows, layout } = c;
  const end = layout.data + DATA_PAGES * PAGE;
  const name = r.pick(['movsb', 'movs', 'stosb', 'stos', 'lods']);
  return unit([
    op(rows, 'mov Zv Iv', 64, { rm: RSI, immediate: r.chance(50) ? end - r.below(100) : layout.data + 0x100 }),
    op(rows, 'mov Zv Iv', 64, { rm: RDI, immediate: r.chance(70) ? end - r.below(100) : layout.readOnly }),
    op(rows, 'mov Zv Iv', 32, { rm: RCX, immediate: r.below(200) }),
    { ...op(rows, name, r.pick(sizes), { repeat: 'rep' }), mayFault: true },
  ]);
}

/** A load or store at a place of its own, for addresses of any alignment at a page boundary. */
export function crossingUnit(c: Context): Unit {
  const { r, rows } = c;
  const offset = PAGE * (1 + r.below(DATA_PAGES - 1)) - 1 - r.below(8);
  const name = r.pick(ACCESSES);
  const place = { setUp: [], memory: based(BASE, offset - DATA_MIDDLE), registers: [BASE] };
  return unit(randomOf(c, rows.get(name), place));
}

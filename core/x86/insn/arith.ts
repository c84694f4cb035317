/** Binary arithmetic and logic with the classic encodings: SDM vol. 2, ADD OR ADC SBB AND SUB XOR CMP TEST INC DEC NEG NOT. */
import type { Node } from '../../ir/ir.ts';
import type { LiftContext, Width } from '../lift-context.ts';
import { type EncodingSpec, enc, type InsnDef } from '../notation.ts';

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

/** The nine encodings that the eight classic operations share; `number` is their place in the opcode and ModRM.reg. */
function classic(number: number, access: 'rw' | 'r'): EncodingSpec[] {
  const base = number * 8;
  return [
    enc(`${hex(base)} /r`, `${access}:Eb`, 'r:Gb'),
    enc(`${hex(base + 1)} /r`, `${access}:Ev`, 'r:Gv'),
    enc(`${hex(base + 2)} /r`, `${access}:Gb`, 'r:Eb'),
    enc(`${hex(base + 3)} /r`, `${access}:Gv`, 'r:Ev'),
    enc(`${hex(base + 4)}`, `${access}:AL`, 'r:Ib'),
    enc(`${hex(base + 5)}`, `${access}:rAX`, 'r:sIz'),
    enc(`80 /${number}`, `${access}:Eb`, 'r:Ib'),
    enc(`81 /${number}`, `${access}:Ev`, 'r:sIz'),
    enc(`83 /${number}`, `${access}:Ev`, 'r:sIb'),
  ];
}

const ARITHMETIC = { writes: 'oszapc' };
const LOGIC = { writes: 'oszapc', undefined: 'a' };

function widthOf(c: LiftContext): Width {
  return c.width(0) as Width;
}

function logic(mnemonic: string, number: number, combine: (c: LiftContext, a: Node, x: Node) => Node): InsnDef {
  return {
    mnemonic,
    encodings: classic(number, 'rw'),
    flags: LOGIC,
    lock: true,
    lift(c) {
      const value = combine(c, c.read(0), c.read(1));
      c.flagsLogic(widthOf(c), value);
      c.write(0, value);
    },
  };
}

/** A carry of 0 or 1 in the type of `like`. */
function carryAs(c: LiftContext, like: Node, carry: Node): Node {
  return like.type === 'i64' ? c.b.extendU(carry) : carry;
}

/** ADD, SUB, and with CF taken in, ADC and SBB. */
function addOrSubtract(mnemonic: string, number: number, kind: 'add' | 'sub', takesCarry: boolean): InsnDef {
  return {
    mnemonic,
    encodings: classic(number, 'rw'),
    flags: takesCarry ? { reads: 'c', ...ARITHMETIC } : ARITHMETIC,
    lock: true,
    lift(c) {
      const a = c.read(0);
      const x = c.read(1);
      const carry = takesCarry ? c.getCf() : undefined;
      let result = c.b[kind](a, x);
      if (carry) result = c.b[kind](result, carryAs(c, a, carry));
      const setFlags = kind === 'add' ? c.flagsAdd : c.flagsSub;
      setFlags.call(c, widthOf(c), a, x, result, carry);
      c.write(0, result);
    },
  };
}

/** INC and DEC: CF stays. */
function stepByOne(mnemonic: string, digit: number, kind: 'add' | 'sub'): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`FE /${digit}`, 'rw:Eb'), enc(`FF /${digit}`, 'rw:Ev')],
    flags: { writes: 'oszap' },
    lock: true,
    lift(c) {
      const a = c.read(0);
      const carry = c.getCf();
      const one = c.b.like(a, 1);
      const result = c.b[kind](a, one);
      const setFlags = kind === 'add' ? c.flagsAdd : c.flagsSub;
      setFlags.call(c, widthOf(c), a, one, result);
      c.setCf(carry);
      c.write(0, result);
    },
  };
}

/** ADCX and ADOX: addition with one flag as carry in and out, all others untouched. */
function addWithFlag(
  mnemonic: string,
  prefix: string,
  flag: 'c' | 'o',
  get: (c: LiftContext) => Node,
  set: (c: LiftContext, bit: Node) => void,
): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`${prefix} 0F 38 F6 /r`, 'rw:Gy', 'r:Ey', { cpuid: 'adx' })],
    flags: { reads: flag, writes: flag },
    lift(c) {
      const a = c.read(0);
      const carry = get(c);
      const sum = c.b.add(c.b.add(a, c.read(1)), carryAs(c, a, carry));
      set(c, c.b.or(c.b.ltU(sum, a), c.b.and(c.b.eq(sum, a), carry)));
      c.write(0, sum);
    },
  };
}

export const arith: InsnDef[] = [
  addOrSubtract('add', 0, 'add', false),
  logic('or', 1, (c, a, x) => c.b.or(a, x)),
  addOrSubtract('adc', 2, 'add', true),
  addOrSubtract('sbb', 3, 'sub', true),
  logic('and', 4, (c, a, x) => c.b.and(a, x)),
  addOrSubtract('sub', 5, 'sub', false),
  logic('xor', 6, (c, a, x) => c.b.xor(a, x)),
  {
    mnemonic: 'cmp',
    encodings: classic(7, 'r'),
    flags: ARITHMETIC,
    lift(c) {
      const a = c.read(0);
      const x = c.read(1);
      c.flagsSub(widthOf(c), a, x, c.b.sub(a, x));
    },
  },
  {
    mnemonic: 'test',
    encodings: [
      enc('84 /r', 'r:Eb', 'r:Gb'),
      enc('85 /r', 'r:Ev', 'r:Gv'),
      enc('A8', 'r:AL', 'r:Ib'),
      enc('A9', 'r:rAX', 'r:sIz'),
      enc('F6 /0', 'r:Eb', 'r:Ib'),
      enc('F6 /1', 'r:Eb', 'r:Ib'),
      enc('F7 /0', 'r:Ev', 'r:sIz'),
      enc('F7 /1', 'r:Ev', 'r:sIz'),
    ],
    flags: LOGIC,
    lift(c) {
      c.flagsLogic(widthOf(c), c.b.and(c.read(0), c.read(1)));
    },
  },
  stepByOne('inc', 0, 'add'),
  stepByOne('dec', 1, 'sub'),
  {
    mnemonic: 'neg',
    encodings: [enc('F6 /3', 'rw:Eb'), enc('F7 /3', 'rw:Ev')],
    flags: ARITHMETIC,
    lock: true,
    lift(c) {
      const x = c.read(0);
      const zero = c.b.like(x, 0);
      const difference = c.b.sub(zero, x);
      c.flagsSub(widthOf(c), zero, x, difference);
      c.write(0, difference);
    },
  },
  {
    mnemonic: 'not',
    encodings: [enc('F6 /2', 'rw:Eb'), enc('F7 /2', 'rw:Ev')],
    lock: true,
    lift(c) {
      c.write(0, c.b.not(c.read(0)));
    },
  },
  {
    mnemonic: 'xadd',
    encodings: [enc('0F C0 /r', 'rw:Eb', 'rw:Gb'), enc('0F C1 /r', 'rw:Ev', 'rw:Gv')],
    flags: ARITHMETIC,
    lock: true,
    lift(c) {
      const a = c.read(0);
      const x = c.read(1);
      const sum = c.b.add(a, x);
      c.flagsAdd(widthOf(c), a, x, sum);
      c.write(1, a);
      c.write(0, sum);
    },
  },
  {
    mnemonic: 'cmpxchg',
    encodings: [enc('0F B0 /r', 'rw:Eb', 'r:Gb'), enc('0F B1 /r', 'rw:Ev', 'r:Gv')],
    flags: ARITHMETIC,
    lock: true,
    lift(c) {
      const width = widthOf(c);
      const a = c.read(0);
      const x = c.read(1);
      const accumulator = c.gpr(0, width);
      c.flagsSub(width, accumulator, a, c.b.sub(accumulator, a));
      c.b.if(
        c.b.eq(accumulator, a),
        () => c.write(0, x),
        () => {
          // The destination is written back unchanged; a 32-bit register keeps its upper half then.
          c.setGpr(0, width, a);
        },
      );
    },
  },
  addWithFlag(
    'adcx',
    '66',
    'c',
    (c) => c.getCf(),
    (c, bit) => c.setCf(bit),
  ),
  addWithFlag(
    'adox',
    'F3',
    'o',
    (c) => c.getOf(),
    (c, bit) => c.setOf(bit),
  ),
];

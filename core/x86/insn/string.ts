/** String instructions: SDM vol. 2, MOVS STOS LODS SCAS CMPS with REP, REPE, REPNE. */
import type { Node } from '../../ir/ir.ts';
import * as st from '../../vcpu/state.ts';
import { RAX, RCX, RDI, RSI } from '../../vcpu/state.ts';
import { repeatHelper } from '../helpers/declared.ts';
import type { LiftContext, Width } from '../lift-context.ts';
import { enc, type InsnDef } from '../notation.ts';

const hex = (value: number): string => value.toString(16).toUpperCase();

/** Element width: bytes for the even opcode, operand size for the odd one. */
type Body = (c: LiftContext, width: Width) => void;

/** Address in RSI or RDI, cut to the address size; RSI takes a segment prefix, RDI is always in ES. */
function pointer(c: LiftContext, register: number): Node {
  const address = c.b.extendU(c.gpr(register, c.addressSize));
  return register === RSI ? c.withSegment(address) : address;
}

/** Moves RSI or RDI by one element, up or down by DF. */
function advance(c: LiftContext, register: number, width: Width): void {
  const { b } = c;
  const old = c.gpr(register, c.addressSize);
  const bytes = width / 8;
  const step = b.select(c.field(st.df), b.like(old, -bytes), b.like(old, bytes));
  c.setGpr(register, c.addressSize, b.add(old, step));
}

/**
 * Repeats the body while the count lasts; every element is complete in itself, so a fault leaves the registers ready to
 * go on. `goOn` is the ZF test of REPE and REPNE.
 */
function repeated(c: LiftContext, width: Width, body: Body, goOn?: (c: LiftContext) => Node): void {
  const { b } = c;
  if (c.repeat === 'none') {
    body(c, width);
    return;
  }
  const first = c.gpr(RCX, c.addressSize);
  b.if(b.ne(first, b.like(first, 0)), () => {
    b.loop(() => {
      body(c, width);
      const old = c.gpr(RCX, c.addressSize);
      const count = b.sub(old, b.like(old, 1));
      c.setGpr(RCX, c.addressSize, count);
      const isMore = b.ne(count, b.like(count, 0));
      return goOn ? b.and(isMore, goOn(c)) : isMore;
    });
  });
}

function string(
  mnemonic: string,
  opcode: number,
  rep: 'rep' | 'repe',
  flags: InsnDef['flags'],
  lift: (c: LiftContext, width: Width) => void,
): InsnDef[] {
  const common = { ...(flags ? { flags } : {}), test: { setup: 'string' } as const };
  return [
    { mnemonic: `${mnemonic}b`, encodings: [enc(hex(opcode), { rep })], ...common, lift: (c) => lift(c, 8) },
    { mnemonic, encodings: [enc(hex(opcode + 1), { rep })], ...common, lift: (c) => lift(c, c.size) },
  ];
}

/** With 64-bit addresses whole runs go to a helper, page by page. */
function bulk(c: LiftContext, operation: 0 | 1, width: Width, body: Body): void {
  const { b } = c;
  if (c.repeat === 'none' || c.addressSize === 32) {
    repeated(c, width, body);
    return;
  }
  c.callChecked(repeatHelper, b.i32(operation), b.i32(width / 8), b.wrap(c.withSegment(b.i64(0))));
}

const compareFlags = { reads: 'd', writes: 'oszapc' };
const whileEqual = (c: LiftContext): Node => (c.repeat === 'repne' ? c.b.eqz(c.getZf()) : c.getZf());

export const strings: InsnDef[] = [
  ...string('movs', 0xa4, 'rep', { reads: 'd' }, (c, width) =>
    bulk(c, 0, width, () => {
      const value = c.loadAt(pointer(c, RSI), width);
      c.storeAt(pointer(c, RDI), width, value);
      advance(c, RSI, width);
      advance(c, RDI, width);
    }),
  ),
  ...string('stos', 0xaa, 'rep', { reads: 'd' }, (c, width) =>
    bulk(c, 1, width, () => {
      c.storeAt(pointer(c, RDI), width, c.gpr(RAX, width));
      advance(c, RDI, width);
    }),
  ),
  ...string('lods', 0xac, 'rep', { reads: 'd' }, (c, width) =>
    repeated(c, width, () => {
      c.setGpr(RAX, width, c.loadAt(pointer(c, RSI), width));
      advance(c, RSI, width);
    }),
  ),
  ...string('scas', 0xae, 'repe', compareFlags, (c, width) =>
    repeated(
      c,
      width,
      () => {
        const a = c.gpr(RAX, width);
        const x = c.loadAt(pointer(c, RDI), width);
        c.flagsSub(width, a, x, c.b.sub(a, x));
        advance(c, RDI, width);
      },
      whileEqual,
    ),
  ),
  ...string('cmps', 0xa6, 'repe', compareFlags, (c, width) =>
    repeated(
      c,
      width,
      () => {
        const a = c.loadAt(pointer(c, RSI), width);
        const x = c.loadAt(pointer(c, RDI), width);
        c.flagsSub(width, a, x, c.b.sub(a, x));
        advance(c, RSI, width);
        advance(c, RDI, width);
      },
      whileEqual,
    ),
  ),
];

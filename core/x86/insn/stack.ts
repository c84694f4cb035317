/** Stack: SDM vol. 2, PUSH POP PUSHF POPF ENTER LEAVE. In 64-bit mode operands are 64 or, with prefix 66, 16 bits. */
import type { Node } from '../../ir/ir.ts';
import { EXIT_LOOKUP } from '../../vcpu/exits.ts';
import * as st from '../../vcpu/state.ts';
import { RBP, RSP } from '../../vcpu/state.ts';
import { popFlagsHelper } from '../helpers/declared.ts';
import { enc, type InsnDef } from '../notation.ts';
import { readFlags } from '../rflags.ts';

const D64 = { default64: true };

export const stack: InsnDef[] = [
  {
    mnemonic: 'push',
    encodings: [enc('50 +r', 'r:Zv', D64), enc('FF /6', 'r:Ev', D64), enc('6A', 'r:sIb', D64), enc('68', 'r:sIz', D64)],
    stack: 'w',
    test: { setup: 'stack' },
    lift(c) {
      c.push(c.read(0), c.size);
    },
  },
  {
    mnemonic: 'pop',
    encodings: [enc('58 +r', 'w:Zv', D64)],
    stack: 'r',
    test: { setup: 'stack' },
    lift(c) {
      c.write(0, c.pop(c.size));
    },
  },
  {
    mnemonic: 'pop',
    encodings: [enc('8F /0', '-:Ev', D64)],
    stack: 'r',
    test: { setup: 'stack' },
    lift(c) {
      const { b } = c;
      const top = c.gpr(RSP, 64);
      const value = c.loadAt(top, c.size);
      const next = b.add(top, b.i64(c.size / 8));
      c.setGpr(RSP, 64, next);
      if (!c.isMemory(0)) {
        c.write(0, value);
        return;
      }
      // The destination's address uses RSP after the pop, but a fault must leave RSP as it was.
      const address = c.address(0);
      c.setGpr(RSP, 64, top);
      b.check(address, c.size / 8, 'w');
      c.setGpr(RSP, 64, next);
      c.write(0, value);
    },
  },
  {
    mnemonic: 'pushf',
    encodings: [enc('9C', D64)],
    flags: { reads: 'oszapcd' },
    stack: 'w',
    test: { setup: 'stack' },
    lift(c) {
      // PUSHF shows RF and VM as 0.
      const flags: Node = readFlags(c);
      c.push(c.size === 64 ? c.b.extendU(flags) : flags, c.size);
    },
  },
  {
    mnemonic: 'popf',
    encodings: [enc('9D', D64)],
    flags: { writes: 'oszapcd' },
    stack: 'r',
    test: { setup: 'stack' },
    // TF and AC change how the next instructions run.
    endsBlock: true,
    lift(c) {
      const { b } = c;
      const value = c.pop(c.size);
      // The engine must see a change of TF or AC before the next instruction.
      b.if(b.call(popFlagsHelper, b.wrap(value), b.i32(c.size)), () => b.exit(EXIT_LOOKUP));
      c.jumpIndirect(c.nextIp());
    },
  },
  {
    mnemonic: 'leave',
    encodings: [enc('C9', D64)],
    stack: 'r',
    test: { setup: 'stack' },
    lift(c) {
      const { b } = c;
      const frame = c.gpr(RBP, 64);
      const value = c.loadAt(frame, c.size);
      c.setGpr(RSP, 64, b.add(frame, b.i64(c.size / 8)));
      c.setGpr(RBP, c.size, value);
    },
  },
  {
    mnemonic: 'enter',
    encodings: [enc('C8', 'r:Iw', 'r:Ib', D64)],
    stack: 'rw',
    test: { setup: 'stack' },
    lift(c) {
      const { b, size } = c;
      const bytes = b.i64(size / 8);
      const level = b.variable(b.and(c.secondImmediate(), b.i32(31)));
      const oldFrame = c.gpr(RBP, 64);
      const frame = b.sub(c.gpr(RSP, 64), bytes);
      c.storeAt(frame, size, size === 64 ? oldFrame : b.wrap(oldFrame));
      const top = b.variable(frame);
      const source = b.variable(oldFrame);
      b.if(b.get(level), () => {
        b.loop(() => {
          const left = b.sub(b.get(level), b.i32(1));
          b.assign(level, left);
          b.if(left, () => {
            b.assign(source, b.sub(b.get(source), bytes));
            const value = c.loadAt(b.get(source), size);
            b.assign(top, b.sub(b.get(top), bytes));
            c.storeAt(b.get(top), size, value);
          });
          return b.gtS(left, b.i32(0));
        });
        b.assign(top, b.sub(b.get(top), bytes));
        c.storeAt(b.get(top), size, size === 64 ? frame : b.wrap(frame));
      });
      const end = b.sub(b.get(top), b.extendU(b.and(c.immediate(), b.i32(0xffff))));
      // The new stack top must be writable before anything changes.
      b.check(end, size / 8, 'w');
      b.put(size === 64 ? 'i64.store' : 'i64.store16', { kind: 'fixed', offset: st.gprOffset(RBP) }, frame);
      c.setGpr(RSP, 64, end);
    },
  },
];

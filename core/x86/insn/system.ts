/** System and miscellaneous instructions that user mode meets: SDM vol. 2. */
import { EXIT_SYSCALL, VEC_BP, VEC_GP, VEC_UD } from '../../vcpu/exits.ts';
import * as st from '../../vcpu/state.ts';
import { RAX, RCX, RDI, RDX } from '../../vcpu/state.ts';
import { cpuidHelper, randomHelper, readClockHelper, timestampHelper } from '../helpers/declared.ts';
import type { LiftContext, Width } from '../lift-context.ts';
import { type EncodingSpec, enc, type InsnDef } from '../notation.ts';
import { readFlags } from '../rflags.ts';

const scratch = (at: number) => ({ kind: 'fixed', offset: st.scratch.offset + at }) as const;

/** Privileged in user mode: #GP(0). */
function privileged(mnemonic: string, ...encodings: EncodingSpec[]): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      c.b.raise(VEC_GP);
    },
  };
}

function nothing(mnemonic: string, ...encodings: EncodingSpec[]): InsnDef {
  return { mnemonic, encodings, lift() {} };
}

/** RDTSC: counts nanoseconds; splits the counter over EDX:EAX. */
function readTimestamp(c: LiftContext): void {
  const { b } = c;
  b.call(timestampHelper);
  const value = b.state('i64.load', scratch(0));
  c.setGpr(RAX, 32, b.wrap(value));
  c.setGpr(RDX, 32, b.wrap(b.shrU(value, b.i64(32))));
}

function random(mnemonic: string, number: number, cpuid: string): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`0F C7 /${number}`, 'w:Rv', { cpuid })],
    flags: { writes: 'oszapc' },
    test: { skip: 'random result' },
    lift(c) {
      const { b } = c;
      b.call(randomHelper);
      const value = b.state('i64.load', scratch(0));
      for (const set of [c.setOf, c.setSf, c.setZf, c.setAf, c.setPf]) set.call(c, b.i32(0));
      c.setCf(b.i32(1));
      c.write(0, c.size === 64 ? value : b.wrap(value));
    },
  };
}

/** Flag changes: CLC STC CMC CLD STD. */
function flag(mnemonic: string, opcode: string, writes: string, lift: (c: LiftContext) => void): InsnDef {
  return { mnemonic, encodings: [enc(opcode)], flags: { writes }, lift };
}

export const system: InsnDef[] = [
  nothing('nop', enc('90', { noRexB: true }), enc('0F 1F /0', '-:Ev'), enc('0F 0D /r', '-:Mb')),
  { ...nothing('pause', enc('F3 90')), test: { varies: 'rexB' } },
  // Hints that CPUs without the feature treat as NOP (ENDBR64, PREFETCHh, CET, ...).
  nothing(
    'nop',
    enc('0F 18 /r', '-:Ev'),
    enc('0F 19 /r', '-:Ev'),
    enc('0F 1A /r', '-:Ev'),
    enc('0F 1B /r', '-:Ev'),
    enc('0F 1C /r', '-:Ev'),
    enc('0F 1D /r', '-:Ev'),
    enc('0F 1E /r', '-:Ev'),
    enc('0F 1F /r', '-:Ev'),
  ),
  nothing('lfence', enc('NP 0F AE /5', '-:Ry')),
  nothing('mfence', enc('NP 0F AE /6', '-:Ry')),
  nothing('sfence', enc('NP 0F AE /7', '-:Ry')),
  // Faults as a load of the byte would.
  nothing('clflush', enc('NP 0F AE /7', 'r:Mb')),
  nothing('clflushopt', enc('66 0F AE /7', 'r:Mb', { cpuid: 'clflushopt' })),
  {
    // A hint that does nothing, but for the vDSO (core/kernel/loader/vdso.ts): there it answers the system call that EAX
    // names, about the clock in EDI, with RAX and RDX and with ZF set, unless only the kernel can.
    mnemonic: 'nop',
    encodings: [enc('NP 0F 1E C0')],
    lift(c) {
      const { b } = c;
      b.if(b.call(readClockHelper, c.gpr(RAX, 32), c.gpr(RDI, 32), b.wrap(c.thisIp())), () => {
        c.setGpr(RAX, 64, b.state('i64.load', scratch(0)));
        c.setGpr(RDX, 64, b.state('i64.load', scratch(8)));
        c.setZf(b.i32(1));
      });
    },
  },
  {
    mnemonic: 'syscall',
    encodings: [enc('0F 05')],
    endsBlock: true,
    test: { skip: 'system call' },
    lift(c) {
      c.setGpr(RCX, 64, c.nextIp());
      c.setGpr(11, 64, c.b.extendU(readFlags(c)));
      c.b.exit(EXIT_SYSCALL);
    },
  },
  {
    mnemonic: 'int3',
    encodings: [enc('CC')],
    endsBlock: true,
    test: { skip: 'trap' },
    lift(c) {
      // A trap: RIP is behind the instruction.
      c.b.trap(VEC_BP);
    },
  },
  {
    mnemonic: 'ud2',
    encodings: [enc('0F 0B'), enc('0F B9 /r', '-:Gv', '-:Ev'), enc('0F FF /r', '-:Gv', '-:Ev')],
    endsBlock: true,
    test: { skip: 'fault' },
    lift(c) {
      c.b.raise(VEC_UD);
    },
  },
  {
    // INT n: user mode may only use gates with DPL 3; the 32-bit system call gate 80h is not there.
    mnemonic: 'int',
    encodings: [enc('CD', 'r:Ib')],
    endsBlock: true,
    test: { skip: 'fault' },
    lift(c) {
      const { b } = c;
      b.raise(VEC_GP, b.add(b.shl(c.read(0), b.i32(3)), b.i32(2)));
    },
  },
  privileged('hlt', enc('F4')),
  privileged('cli', enc('FA')),
  privileged('sti', enc('FB')),
  privileged('in', enc('E4 ib'), enc('E5 ib'), enc('EC'), enc('ED')),
  privileged('out', enc('E6 ib'), enc('E7 ib'), enc('EE'), enc('EF')),
  privileged('ins', enc('6C', { rep: 'rep' }), enc('6D', { rep: 'rep' })),
  privileged('outs', enc('6E', { rep: 'rep' }), enc('6F', { rep: 'rep' })),
  privileged('rdmsr', enc('0F 32')),
  privileged('wrmsr', enc('0F 30')),
  privileged('rdpmc', enc('0F 33')),
  privileged('clts', enc('0F 06')),
  privileged('invd', enc('0F 08')),
  privileged('wbinvd', enc('0F 09')),
  {
    ...privileged('mov', ...['20', '21', '22', '23'].map((opcode) => enc(`0F ${opcode} /r`, '-:Rq'))),
    test: { skip: 'which control and debug registers exist differs between CPUs' },
  },
  flag('clc', 'F8', 'c', (c) => c.setCf(c.b.i32(0))),
  flag('stc', 'F9', 'c', (c) => c.setCf(c.b.i32(1))),
  flag('cmc', 'F5', 'c', (c) => c.setCf(c.b.eqz(c.getCf()))),
  flag('cld', 'FC', 'd', (c) => c.setField(st.df, c.b.i32(0))),
  flag('std', 'FD', 'd', (c) => c.setField(st.df, c.b.i32(1))),
  {
    mnemonic: 'cpuid',
    encodings: [enc('0F A2')],
    test: { skip: 'names our own CPU' },
    lift(c) {
      c.b.call(cpuidHelper);
    },
  },
  {
    mnemonic: 'rdtsc',
    encodings: [enc('0F 31')],
    test: { skip: 'time' },
    lift: readTimestamp,
  },
  {
    mnemonic: 'rdtscp',
    encodings: [enc('0F 01 F9', { cpuid: 'rdtscp' })],
    test: { skip: 'time' },
    lift(c) {
      readTimestamp(c);
      // IA32_TSC_AUX: CPU 0, node 0.
      c.setGpr(RCX, 32, c.b.i32(0));
    },
  },
  {
    mnemonic: 'rdpid',
    encodings: [enc('F3 0F C7 /7', 'w:Rq', { cpuid: 'rdpid' })],
    test: { skip: 'number of the CPU' },
    lift(c) {
      c.write(0, c.b.i64(0));
    },
  },
  {
    mnemonic: 'xgetbv',
    encodings: [enc('0F 01 D0', { cpuid: 'xsave' })],
    test: { skip: 'names our own CPU' },
    lift(c) {
      const { b } = c;
      b.if(c.gpr(RCX, 32), () => b.raise(VEC_GP));
      c.setGpr(RAX, 32, b.or(c.field(st.xcr0), b.i32(3)));
      c.setGpr(RDX, 32, b.i32(0));
    },
  },
  random('rdrand', 6, 'rdrand'),
  random('rdseed', 7, 'rdseed'),
  ...(['rdfsbase', 'rdgsbase', 'wrfsbase', 'wrgsbase'] as const).map((mnemonic, number): InsnDef => {
    const field = number & 1 ? st.gsBase : st.fsBase;
    return {
      mnemonic,
      encodings: [enc(`F3 0F AE /${number}`, number < 2 ? 'w:Ry' : 'r:Ry', { cpuid: 'fsgsbase' })],
      test: { skip: 'segment bases of the test program itself' },
      lift(c) {
        const { b } = c;
        const width = c.width(0) as Width;
        if (number < 2) {
          const base = c.field(field);
          c.write(0, width === 64 ? base : b.wrap(base));
          return;
        }
        const base = b.extendU(c.read(0));
        const canonical = b.shrS(b.shl(base, b.i64(16)), b.i64(16));
        b.if(b.ne(canonical, base), () => b.raise(VEC_GP));
        c.setField(field, base);
      },
    };
  }),
  {
    mnemonic: 'mov',
    encodings: [enc('8C /r', 'w:Ew', '-:Sw')],
    test: { skip: 'selectors of the host' },
    lift(c) {
      // CS 33h, SS 2Bh as Linux sets them for 64-bit programs; the others are null.
      const { b } = c;
      const segment = c.operandOffset(1);
      b.if(b.geU(segment, b.i32(6)), () => b.raise(VEC_UD));
      const selector = b.select(
        b.eq(segment, b.i32(1)),
        b.i32(0x33),
        b.select(b.eq(segment, b.i32(2)), b.i32(0x2b), b.i32(0)),
      );
      c.write(0, selector);
    },
  },
  {
    mnemonic: 'mov',
    encodings: [enc('8E /r', '-:Sw', 'r:Ew')],
    test: { skip: 'selectors of the host' },
    lift(c) {
      // There is no descriptor table: null and the user data selector load, everything else is #GP(selector).
      const { b } = c;
      const segment = c.operandOffset(0);
      b.if(b.or(b.eq(segment, b.i32(1)), b.geU(segment, b.i32(6))), () => b.raise(VEC_UD));
      const selector = c.read(1);
      const isGood = b.or(b.ltU(selector, b.i32(4)), b.eq(selector, b.i32(0x2b)));
      b.if(b.eqz(isGood), () => b.raise(VEC_GP, b.and(selector, b.i32(0xfffc))));
    },
  },
];

/** CMPXCHG8B and CMPXCHG16B. */
export const compareExchangeWide: InsnDef[] = [
  {
    mnemonic: 'cmpxchg8b',
    encodings: [enc('REX.0 0F C7 /1', 'rw:Mq')],
    flags: { writes: 'z' },
    lock: true,
    lift(c) {
      const { b } = c;
      const pair = (high: number, low: number) =>
        b.or(b.shl(b.extendU(c.gpr(high, 32)), b.i64(32)), b.extendU(c.gpr(low, 32)));
      const value = c.read(0);
      const isEqual = b.eq(value, pair(RDX, RAX));
      c.setZf(isEqual);
      b.if(
        isEqual,
        () => c.write(0, pair(RCX, st.RBX)),
        () => {
          c.write(0, value);
          c.setGpr(RAX, 32, b.wrap(value));
          c.setGpr(RDX, 32, b.wrap(b.shrU(value, b.i64(32))));
        },
      );
    },
  },
  {
    mnemonic: 'cmpxchg16b',
    encodings: [enc('REX.W 0F C7 /1', 'rw:Mx', { aligned: true, cpuid: 'cx16' })],
    flags: { writes: 'z' },
    lock: true,
    lift(c) {
      const { b } = c;
      const address = c.address(0);
      const upper = b.add(address, b.i64(8));
      const low = b.load('i64.load', address);
      const high = b.load('i64.load', upper);
      const isEqual = b.and(b.eq(low, c.gpr(RAX, 64)), b.eq(high, c.gpr(RDX, 64)));
      c.setZf(isEqual);
      b.if(
        isEqual,
        () => {
          b.store('i64.store', address, c.gpr(st.RBX, 64));
          b.store('i64.store', upper, c.gpr(RCX, 64));
        },
        () => {
          c.setGpr(RAX, 64, low);
          c.setGpr(RDX, 64, high);
        },
      );
    },
  },
];

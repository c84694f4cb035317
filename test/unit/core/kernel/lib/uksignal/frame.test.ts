import { beforeEach, describe, expect, it } from 'vitest';
import {
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESETHAND,
  SA_RESTORER,
  SA_SIGINFO,
  SI_QUEUE,
  SI_TKILL,
  SIGRTMIN,
  SIGSEGV,
  SIGUSR1,
  SIGUSR2,
  SS_AUTODISARM,
} from '../../../../../../core/kernel/abi/signal.ts';
import { uksignal } from '../../../../../../core/kernel/lib/uksignal/lib.ts';
import { sendToTask } from '../../../../../../core/kernel/lib/uksignal/send.ts';
import { CAUSE_ACCERR, VEC_PF } from '../../../../../../core/vcpu/exits.ts';
import * as st from '../../../../../../core/vcpu/state.ts';
import { CODE, DATA, ScriptedMachine, STACK_TOP } from '../../../../../support/scripted-machine.ts';

const HANDLER = 0x1000_1000;
const RESTORER = 0x1000_2000;
const RT_SIGACTION = 13;
const RT_SIGRETURN = 15;
const SIGALTSTACK = 131;
const TKILL = 200;

let machine: ScriptedMachine;

function install(signal: number, flags = 0, mask = 0): void {
  const { memory } = machine.task;
  memory.setLong(DATA, HANDLER);
  memory.setLong(DATA + 8, (flags | SA_RESTORER) >>> 0);
  memory.setLong(DATA + 16, RESTORER);
  memory.setLong(DATA + 24, mask);
  expect(machine.call(RT_SIGACTION, signal, DATA, 0, 8)).toBe(0);
}

const raise = (signal: number): number => machine.call(TKILL, machine.task.tid, signal);

/** What the handler's `ret` and the restorer do. */
function returnFromHandler(): void {
  machine.push((vcpu) => {
    vcpu.setGprNumber(st.RSP, vcpu.gprNumber(st.RSP) + 8);
    return 4;
  });
  machine.pushCall(RT_SIGRETURN);
  machine.run();
}

beforeEach(() => {
  machine = new ScriptedMachine([uksignal]);
});

describe('entering a handler', () => {
  it('lays the frame out as Linux does', () => {
    install(SIGUSR1, SA_SIGINFO, 0x800);
    const sp = machine.register(st.RSP);
    raise(SIGUSR1);
    const frame = machine.register(st.RSP);
    const { memory } = machine.task;
    const fpstate = memory.getLong(frame + 8 + 40 + 184);
    expect({
      alignment: frame % 16,
      distance: sp - 128 - frame < 2048,
      rip: machine.rip(),
      arguments: [machine.register(st.RDI), machine.register(st.RSI) - frame, machine.register(st.RDX) - frame],
      rax: machine.rax(),
      restorer: memory.getLong(frame),
      flags: memory.getLong(frame + 8),
      rsp: memory.getLong(frame + 48 + 120),
      rip2: memory.getLong(frame + 48 + 128),
      segments: [144, 146, 148, 150].map((at) => memory.getU16(frame + 48 + at)),
      mask: memory.getLong(frame + 8 + 296),
      siginfo: [0, 4, 8, 16, 20].map((at) => memory.getI32(frame + 312 + at)),
      fpstate: [
        fpstate % 64,
        fpstate + 576 + 4 <= sp - 128,
        memory.getU32(fpstate + 464),
        memory.getU32(fpstate + 576),
      ],
      blocked: [machine.task.signals.mask.has(SIGUSR1), machine.task.signals.mask.has(SIGUSR2)],
    }).toEqual({
      alignment: 8,
      distance: true,
      rip: HANDLER,
      arguments: [SIGUSR1, 312, 8],
      rax: 0,
      restorer: RESTORER,
      flags: 7,
      rsp: sp,
      rip2: CODE + 4,
      segments: [0x33, 0, 0, 0x2b],
      mask: 0,
      siginfo: [SIGUSR1, 0, SI_TKILL, machine.process.pid, 0],
      fpstate: [0, true, 0x4650_5853, 0x4650_5845],
      blocked: [true, true],
    });
  });

  it('starts with fresh FP state and comes back to the old one', () => {
    install(SIGUSR1);
    machine.push((vcpu) => {
      vcpu.mxcsr = 0x5f80;
      vcpu.setI32(st.fcw, 0x27f);
      vcpu.setU64(st.ymm, 42n);
      return 4;
    });
    raise(SIGUSR1);
    const { vcpu } = machine.task;
    expect([vcpu.mxcsr, vcpu.getI32(st.fcw), vcpu.getU64(st.ymm)]).toEqual([0x1f80, 0x37f, 0n]);
    returnFromHandler();
    expect([vcpu.mxcsr, vcpu.getI32(st.fcw), vcpu.getU64(st.ymm)]).toEqual([0x5f80, 0x27f, 42n]);
    expect([machine.rax(), machine.rip(), machine.task.signals.mask.isEmpty]).toEqual([0, CODE + 4, true]);
  });

  it('honours what the handler changed in the context', () => {
    install(SIGUSR1);
    raise(SIGUSR1);
    const { memory } = machine.task;
    const frame = machine.register(st.RSP);
    memory.setLong(frame + 48 + 104, 0x1234_5678_9abc);
    memory.setLong(frame + 48 + 128, CODE + 0x100);
    memory.setLong(frame + 48 + 136, 0x8d5);
    returnFromHandler();
    expect([machine.rax(), machine.rip(), machine.task.vcpu.rflags]).toEqual([0x1234_5678_9abc, CODE + 0x100, 0xad7]);
  });

  it('nests, delivers real-time signals in order, and lets SA_NODEFER re-enter', () => {
    const { task } = machine;
    install(SIGRTMIN, SA_SIGINFO | SA_NODEFER);
    for (const value of [1n, 2n, 3n]) sendToTask(task, SIGRTMIN, { code: SI_QUEUE, pid: 1, uid: 0, value });
    machine.push(() => 4);
    machine.run();
    const values: bigint[] = [];
    for (let depth = 0; depth < 3; depth++) {
      values.push(task.memory.getU64(machine.register(st.RSP) + 312 + 24));
      returnFromHandler();
    }
    // All three frames are pushed at once; the last one runs first.
    expect([values, machine.rip()]).toEqual([[3n, 2n, 1n], CODE + 2]);
  });

  it('resets the action with SA_RESETHAND', () => {
    install(SIGUSR1, SA_RESETHAND);
    raise(SIGUSR1);
    expect(machine.process.signals.actions[SIGUSR1]!.handler).toBe(0);
  });
});

describe('the alternate stack', () => {
  const ALT = DATA + 0x1_0000;
  const SIZE = 0x4000;

  function useAltStack(flags = 0, size = SIZE): number {
    const { memory } = machine.task;
    memory.setLong(DATA + 64, ALT);
    memory.setLong(DATA + 72, flags);
    memory.setLong(DATA + 80, size);
    return machine.call(SIGALTSTACK, DATA + 64, 0);
  }
  const isOnAlt = (): boolean => machine.register(st.RSP) >= ALT && machine.register(st.RSP) < ALT + SIZE;

  it('holds the frame, without red zone, and can not be changed meanwhile', () => {
    expect(useAltStack()).toBe(0);
    install(SIGUSR1, SA_ONSTACK);
    raise(SIGUSR1);
    expect(isOnAlt()).toBe(true);
    expect(useAltStack()).toBe(-1);
    machine.call(SIGALTSTACK, 0, DATA + 96);
    expect(machine.task.memory.getLong(DATA + 104)).toBe(1);
    returnFromHandler();
    expect(isOnAlt()).toBe(false);
  });

  it('is disarmed while a handler runs with SS_AUTODISARM, and comes back', () => {
    useAltStack(SS_AUTODISARM);
    install(SIGUSR1, SA_ONSTACK);
    raise(SIGUSR1);
    expect(machine.task.signals.altStack.size).toBe(0);
    returnFromHandler();
    expect(machine.task.signals.altStack).toEqual({ address: ALT, size: SIZE, flags: SS_AUTODISARM });
  });

  it('kills with SIGSEGV when nested frames overflow it', () => {
    useAltStack(0, 2048);
    install(SIGUSR1, SA_ONSTACK | SA_NODEFER);
    raise(SIGUSR1);
    expect(isOnAlt()).toBe(true);
    raise(SIGUSR1);
    expect(machine.process.exit).toEqual({ signal: SIGSEGV, coreDumped: false });
  });

  it('refuses sizes below MINSIGSTKSZ and unknown flags', () => {
    expect([useAltStack(0, 2047), useAltStack(4)]).toEqual([-12, -22]);
  });
});

describe('hostile frames', () => {
  function corrupt(change: (frame: number) => void): unknown {
    install(SIGUSR1);
    raise(SIGUSR1);
    change(machine.register(st.RSP));
    returnFromHandler();
    return machine.process.exit;
  }
  const killed = { signal: SIGSEGV, coreDumped: false };
  const FPSTATE = 48 + 184;

  it.each<[string, (frame: number) => void]>([
    ['an FP state that is not mapped', (frame) => machine.task.memory.setLong(frame + FPSTATE, 0x7000_0000)],
    ['an FP state that is misaligned', (frame) => machine.task.memory.setLong(frame + FPSTATE, DATA + 8)],
    ['an FP state beyond the address space', (frame) => machine.task.memory.setLong(frame + FPSTATE, 2 ** 52)],
    [
      'reserved bits of MXCSR',
      (frame) => machine.task.memory.setU32(machine.task.memory.getLong(frame + FPSTATE) + 24, 0xffff_ffff),
    ],
  ])('die of %s', (_what, change) => {
    expect(corrupt(change)).toEqual(killed);
  });

  it('die of a stack pointer that points nowhere', () => {
    machine.push((vcpu) => {
      vcpu.setGprNumber(st.RSP, 8);
      return 4;
    });
    machine.pushCall(RT_SIGRETURN);
    machine.run();
    expect(machine.process.exit).toEqual(killed);
  });

  it('without FP state start from a fresh one', () => {
    expect(corrupt((frame) => machine.task.memory.setLong(frame + FPSTATE, 0))).toBe(undefined);
  });

  it('with an FXSAVE image only are accepted', () => {
    const change = (frame: number): void =>
      machine.task.memory.setU32(machine.task.memory.getLong(frame + FPSTATE) + 464, 0);
    expect(corrupt(change)).toBe(undefined);
  });
});

describe('faults', () => {
  it('reach a handler with address, trap number and error code, at the faulting instruction', () => {
    install(SIGSEGV, SA_SIGINFO);
    const rip = machine.rip();
    machine.task.memory.setU8(DATA + 0x5000, 1);
    machine.process.mm.space.protectPages((DATA + 0x5000) >> 12, 1, 1);
    machine.raise(VEC_PF, 6, CAUSE_ACCERR, BigInt(DATA + 0x5000));
    const frame = machine.register(st.RSP);
    const { memory } = machine.task;
    expect([
      memory.getI32(frame + 312 + 8),
      memory.getLong(frame + 312 + 16),
      memory.getLong(frame + 48 + 128),
      [152, 160, 176].map((at) => memory.getLong(frame + 48 + at)),
    ]).toEqual([2, DATA + 0x5000, rip, [7, VEC_PF, DATA + 0x5000]]);
  });

  it('kill when the signal is blocked or the stack is unusable', () => {
    install(SIGSEGV);
    machine.task.signals.setMask(1 << (SIGSEGV - 1), 0);
    machine.raise(VEC_PF, 4, 1, 0n);
    expect(machine.process.exit).toEqual({ signal: SIGSEGV, coreDumped: false });
    expect(machine.log.join('\n')).toContain('SIGSEGV');
  });

  it('kill when the frame does not fit the stack', () => {
    install(SIGSEGV);
    machine.push((vcpu) => {
      vcpu.setGprNumber(st.RSP, STACK_TOP + 0x10_0000);
      return 4;
    });
    machine.raise(VEC_PF, 4, 1, 0n);
    expect(machine.process.exit).toEqual({ signal: SIGSEGV, coreDumped: false });
  });
});

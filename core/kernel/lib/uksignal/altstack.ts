/** The alternate signal stack, see sigaltstack(2). */
import { EINVAL, ENOMEM, EPERM } from '../../abi/errno.ts';
import { MINSIGSTKSZ, SS_AUTODISARM, SS_DISABLE, SS_ONSTACK } from '../../abi/signal.ts';
import type { AltStack, TaskSignals } from './state.ts';

/** True when `sp` lies on the stack. Linux counts the top end in, not the bottom. */
export function contains(stack: AltStack, sp: number): boolean {
  return sp > stack.address && sp - stack.address <= stack.size;
}

/** True while the task runs on its alternate stack. With SS_AUTODISARM that is never known. */
export function isOnAltStack(signals: TaskSignals, sp: number): boolean {
  return (signals.altStack.flags & SS_AUTODISARM) === 0 && contains(signals.altStack, sp);
}

/** ss_flags as sigaltstack reports them. */
export function altStackFlags(signals: TaskSignals, sp: number): number {
  const { size, flags } = signals.altStack;
  if (size === 0) return SS_DISABLE;
  return ((isOnAltStack(signals, sp) ? SS_ONSTACK : 0) | (flags & SS_AUTODISARM)) >>> 0;
}

/** True when a handler with SA_ONSTACK has to switch to it. */
export function mustSwitch(signals: TaskSignals, sp: number): boolean {
  return signals.altStack.size !== 0 && !isOnAltStack(signals, sp);
}

/** Sets a new stack; 0 or -errno. `sp` is the stack pointer of the caller. */
export function setAltStack(signals: TaskSignals, stack: AltStack, sp: number): number {
  const { altStack } = signals;
  if (isOnAltStack(signals, sp)) return -EPERM;
  const mode = (stack.flags & ~SS_AUTODISARM) >>> 0;
  if (mode !== SS_DISABLE && mode !== SS_ONSTACK && mode !== 0) return -EINVAL;
  if (mode === SS_DISABLE) {
    signals.altStack = { address: 0, size: 0, flags: stack.flags };
    return 0;
  }
  const isSame = altStack.address === stack.address && altStack.size === stack.size && altStack.flags === stack.flags;
  if (!isSame && stack.size < MINSIGSTKSZ) return -ENOMEM;
  signals.altStack = { ...stack };
  return 0;
}

/** No stack at all: after execve, and while a handler runs under SS_AUTODISARM. */
export function disarm(signals: TaskSignals): void {
  signals.altStack = { address: 0, size: 0, flags: SS_DISABLE };
}

/** Why emitted code returns to the run loop: the exit protocol of both tiers, in `exitReason`. */

/** A `syscall` instruction; RIP is behind it, RCX and R11 are set. */
export const EXIT_SYSCALL = 1;
/** An x86 exception; RIP is at the faulting instruction (behind it for #BP and #DB traps). */
export const EXIT_EXCEPTION = 2;
/** RIP has no decoded op yet; `linkSlot` says which record wants to be linked to it. */
export const EXIT_LOOKUP = 3;
/** The instruction budget ran out; RIP is at the next instruction. */
export const EXIT_BUDGET = 4;
/** Translated code gives up at RIP: the engine runs that instruction in tier 0. Never escapes the engine. */
export const EXIT_INTERPRET = 5;

/** Exception vectors (SDM vol. 3, table 6-1). */
export const VEC_DE = 0;
export const VEC_DB = 1;
export const VEC_BP = 3;
export const VEC_OF = 4;
export const VEC_UD = 6;
export const VEC_NM = 7;
export const VEC_SS = 12;
export const VEC_GP = 13;
export const VEC_PF = 14;
export const VEC_MF = 16;
export const VEC_AC = 17;
export const VEC_XF = 19;

/** `excCause` of a #PF. */
export const CAUSE_MAPERR = 1;
export const CAUSE_ACCERR = 2;
/** The VM's memory is used up: the process is killed. */
export const CAUSE_OOM = 3;
/** Access to a mapping beyond the end of its file: SIGBUS. */
export const CAUSE_BUSERR = 4;

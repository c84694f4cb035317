/** Operations and bits of futex(2), futex_waitv(2), and of the futex word of robust and PI mutexes. */
import type { NameTable } from './names.ts';

export const FUTEX_WAIT = 0;
export const FUTEX_WAKE = 1;
export const FUTEX_FD = 2;
export const FUTEX_REQUEUE = 3;
export const FUTEX_CMP_REQUEUE = 4;
export const FUTEX_WAKE_OP = 5;
export const FUTEX_LOCK_PI = 6;
export const FUTEX_UNLOCK_PI = 7;
export const FUTEX_TRYLOCK_PI = 8;
export const FUTEX_WAIT_BITSET = 9;
export const FUTEX_WAKE_BITSET = 10;
export const FUTEX_WAIT_REQUEUE_PI = 11;
export const FUTEX_CMP_REQUEUE_PI = 12;
export const FUTEX_LOCK_PI2 = 13;
export const FUTEX_PRIVATE_FLAG = 0x80;
export const FUTEX_CLOCK_REALTIME = 0x100;

export const futexOpNames: NameTable = [
  ['FUTEX_WAIT', FUTEX_WAIT],
  ['FUTEX_WAKE', FUTEX_WAKE],
  ['FUTEX_FD', FUTEX_FD],
  ['FUTEX_REQUEUE', FUTEX_REQUEUE],
  ['FUTEX_CMP_REQUEUE', FUTEX_CMP_REQUEUE],
  ['FUTEX_WAKE_OP', FUTEX_WAKE_OP],
  ['FUTEX_LOCK_PI', FUTEX_LOCK_PI],
  ['FUTEX_UNLOCK_PI', FUTEX_UNLOCK_PI],
  ['FUTEX_TRYLOCK_PI', FUTEX_TRYLOCK_PI],
  ['FUTEX_WAIT_BITSET', FUTEX_WAIT_BITSET],
  ['FUTEX_WAKE_BITSET', FUTEX_WAKE_BITSET],
  ['FUTEX_WAIT_REQUEUE_PI', FUTEX_WAIT_REQUEUE_PI],
  ['FUTEX_CMP_REQUEUE_PI', FUTEX_CMP_REQUEUE_PI],
  ['FUTEX_LOCK_PI2', FUTEX_LOCK_PI2],
];

export const FUTEX_BITSET_MATCH_ANY = 0xffff_ffff;

/** The futex word of a robust or PI mutex: owner's tid and two bits. */
export const FUTEX_WAITERS = 0x8000_0000;
export const FUTEX_OWNER_DIED = 0x4000_0000;
export const FUTEX_TID_MASK = 0x3fff_ffff;

/** Flags of the futex2 calls (futex_waitv, futex_wait, futex_wake, futex_requeue). */
export const FUTEX2_SIZE_MASK = 3;
export const FUTEX2_SIZE_U32 = 2;
export const FUTEX2_NUMA = 4;
export const FUTEX2_PRIVATE = 0x80;
/** Futexes that one futex_waitv takes. */
export const FUTEX_WAITV_MAX = 128;

/** `wake_op` of FUTEX_WAKE_OP: (op << 28) | (cmp << 24) | (oparg << 12) | cmparg. */
export const FUTEX_OP_SET = 0;
export const FUTEX_OP_ADD = 1;
export const FUTEX_OP_OR = 2;
export const FUTEX_OP_ANDN = 3;
export const FUTEX_OP_XOR = 4;
/** In the op: oparg is the number of a bit. */
export const FUTEX_OP_OPARG_SHIFT = 8;
export const FUTEX_OP_CMP_EQ = 0;
export const FUTEX_OP_CMP_NE = 1;
export const FUTEX_OP_CMP_LT = 2;
export const FUTEX_OP_CMP_LE = 3;
export const FUTEX_OP_CMP_GT = 4;
export const FUTEX_OP_CMP_GE = 5;

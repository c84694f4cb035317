/**
 * The system call shim: every `syscall` instruction lands in its table (core/kernel/syscall). It owns no calls itself;
 * images always have it.
 */
import { defineLib } from '../../lib.ts';

export const syscallShim = defineLib({
  name: 'syscall_shim',
  option: 'LIBSYSCALL_SHIM',
  summary: 'System call table, dispatch and strace',
  needs: [],
  syscalls: [],
});

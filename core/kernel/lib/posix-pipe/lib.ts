/** posix-pipe: pipes and FIFOs. */
import { defineLib } from '../../lib.ts';
import { specialFiles } from '../../vfs/special.ts';
import { openFifo } from './fifo.ts';
import { pipe, pipe2 } from './syscalls.ts';

export const posixPipe = defineLib({
  name: 'posix-pipe',
  option: 'LIBPOSIX_PIPE',
  summary: 'pipes and FIFOs',
  needs: ['vfscore', 'posix-fdtab'],
  syscalls: [pipe, pipe2],
  init: (kernel) => specialFiles(kernel).registerFifo(openFifo),
});

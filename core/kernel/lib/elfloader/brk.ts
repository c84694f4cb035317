/** brk(2). */
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';

export const brk = defineSyscall({
  nr: 12,
  name: 'brk',
  support: 'full',
  args: [arg.pointer('addr')],
  result: result.address,
  run: (task, address) => task.process.mm.setBreak(address),
});

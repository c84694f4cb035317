/** getrandom(2): bytes of the host's generator, which never runs dry. */
import { EFAULT, EINVAL } from '../../abi/errno.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';

const GRND_NONBLOCK = 1;
const GRND_RANDOM = 2;
const GRND_INSECURE = 4;
const ALL_FLAGS = GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE;
/** Most that one call gives: Linux's MAX_RW_COUNT. */
const MAX_BYTES = 0x7fff_f000;
/** The host fills pieces of this size. */
const PIECE = 65536;

export const getrandom = defineSyscall({
  nr: 318,
  name: 'getrandom',
  support: 'full',
  args: [
    arg.outBuffer('buf', { len: 'buflen' }),
    arg.size('buflen'),
    arg.flags('flags', [
      ['GRND_NONBLOCK', GRND_NONBLOCK],
      ['GRND_RANDOM', GRND_RANDOM],
      ['GRND_INSECURE', GRND_INSECURE],
    ]),
  ],
  result: result.size,
  run(task, gva, len, flags) {
    const isContradictory = (flags & (GRND_RANDOM | GRND_INSECURE)) === (GRND_RANDOM | GRND_INSECURE);
    if (flags & ~ALL_FLAGS || isContradictory) return -EINVAL;
    const { memory } = task;
    const wanted = Math.min(len, MAX_BYTES);
    const count = memory.accessible(gva, wanted, 'w');
    if (count === 0 && wanted > 0) return -EFAULT;
    for (let at = 0; at < count; at += PIECE) {
      task.kernel.host.random(memory.view(gva + at, Math.min(PIECE, count - at), 'w'));
    }
    return count;
  },
});

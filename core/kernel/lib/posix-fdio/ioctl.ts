/** ioctl(2): the requests that hold for every descriptor; the rest is the file's. */
import { FIOASYNC, FIOCLEX, FIONBIO, FIONCLEX, O_NONBLOCK } from '../../abi/fcntl.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import { setAsync } from '../../vfs/async-signals.ts';

export const ioctl = defineSyscall({
  nr: 16,
  name: 'ioctl',
  support: { partial: 'each device implements the requests that programs use' },
  args: [arg.fd('fd'), arg.hex('request'), arg.pointer('argp')],
  result: result.int,
  run: (task, fd, request, argument) => {
    const file = task.process.fds.require(fd);
    switch (request) {
      case FIOCLEX:
        task.process.fds.setCloseOnExec(fd, true);
        return 0;
      case FIONCLEX:
        task.process.fds.setCloseOnExec(fd, false);
        return 0;
      case FIONBIO:
        if (task.memory.getI32(argument) !== 0) file.flags |= O_NONBLOCK;
        else file.flags &= ~O_NONBLOCK;
        return 0;
      case FIOASYNC:
        setAsync(task.kernel, file, fd, task.memory.getI32(argument) !== 0);
        return 0;
      default:
        return file.ioctl(task, request, argument);
    }
  },
});

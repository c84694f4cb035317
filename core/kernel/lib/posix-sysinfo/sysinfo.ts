/** sysinfo(2) and syslog(2). */
import { ENOSYS } from '../../abi/errno.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import { NS_PER_SECOND } from '../../timespec.ts';
import { loadAverages, memoryUsage } from './usage.ts';

const SYSINFO_SIZE = 112;
/** Loads are fixed-point numbers with 16 bits after the point. */
const LOAD_ONE = 65536;

export const sysinfo = defineSyscall({
  nr: 99,
  name: 'sysinfo',
  support: 'full',
  args: [arg.pointer('info')],
  result: result.ok,
  run(task, info) {
    const { kernel } = task;
    const bytes = new Uint8Array(SYSINFO_SIZE);
    const dv = new DataView(bytes.buffer);
    const { totalBytes, freeBytes } = memoryUsage(kernel);
    let taskCount = 0;
    for (const process of kernel.processes.values()) taskCount += process.tasks.length;
    dv.setBigInt64(0, BigInt(Math.floor(kernel.clock.monotonicNs() / NS_PER_SECOND)), true);
    loadAverages(kernel).forEach((load, i) => {
      dv.setBigUint64(8 + i * 8, BigInt(Math.round(load * LOAD_ONE)), true);
    });
    dv.setBigUint64(32, BigInt(totalBytes), true);
    dv.setBigUint64(40, BigInt(freeBytes), true);
    dv.setUint16(80, Math.min(taskCount, 0xffff), true);
    dv.setUint32(104, 1, true);
    task.memory.writeBytes(info, bytes);
    return 0;
  },
});

export const syslog = defineSyscall({
  nr: 103,
  name: 'syslog',
  support: { stub: 'kernel messages go to the console of the instance and are not kept' },
  args: [arg.int('type'), arg.pointer('bufp'), arg.int('len')],
  result: result.int,
  run: () => -ENOSYS,
});

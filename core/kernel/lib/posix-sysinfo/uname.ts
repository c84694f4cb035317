/** uname(2), sethostname(2), setdomainname(2). */
import { strToBytes, utf8ToStr } from '../../../base/bytes.ts';
import { EINVAL, EPERM } from '../../abi/errno.ts';
import type { Kernel } from '../../kernel.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';

/** What uname answers but the names of host and domain; /proc/version and /proc/sys/kernel show the same. */
export const SYSNAME = 'Linux';
/** C libraries refuse kernels older than they need; tools choose features by it. */
export const RELEASE = '6.1.0-elfdeck';
export const VERSION = '#1 SMP PREEMPT_DYNAMIC';
export const MACHINE = 'x86_64';

/** Bytes of each of the six fields of struct utsname. */
const FIELD_SIZE = 65;

/** The fields of struct utsname, in order. */
export function utsname(kernel: Kernel): readonly string[] {
  return [SYSNAME, utf8ToStr(kernel.hostname), RELEASE, VERSION, MACHINE, utf8ToStr(kernel.domainname)];
}

export const uname = defineSyscall({
  nr: 63,
  name: 'uname',
  support: 'full',
  args: [arg.pointer('buf')],
  result: result.ok,
  run(task, buf) {
    const fields = utsname(task.kernel);
    const bytes = new Uint8Array(FIELD_SIZE * fields.length);
    fields.forEach((field, i) => {
      bytes.set(strToBytes(field).subarray(0, FIELD_SIZE - 1), i * FIELD_SIZE);
    });
    task.memory.writeBytes(buf, bytes);
    return 0;
  },
});

function readName(task: Task, gva: number, len: number): string | number {
  if (!task.process.credentials.isPrivileged) return -EPERM;
  if (len < 0 || len >= FIELD_SIZE) return -EINVAL;
  const text = new TextDecoder().decode(task.memory.readBytes(gva, len));
  return text.replace(/\0.*$/s, '');
}

export const sethostname = defineSyscall({
  nr: 170,
  name: 'sethostname',
  support: 'full',
  args: [arg.pointer('name'), arg.int('len')],
  result: result.ok,
  run(task, gva, len) {
    const name = readName(task, gva, len);
    if (typeof name === 'number') return name;
    task.kernel.hostname = name;
    return 0;
  },
});

export const setdomainname = defineSyscall({
  nr: 171,
  name: 'setdomainname',
  support: 'full',
  args: [arg.pointer('name'), arg.int('len')],
  result: result.ok,
  run(task, gva, len) {
    const name = readName(task, gva, len);
    if (typeof name === 'number') return name;
    task.kernel.domainname = name;
    return 0;
  },
});

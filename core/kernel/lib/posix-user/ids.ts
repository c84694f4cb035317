/**
 * User and group ids of the calling process, see credentials(7), setuid(2), setreuid(2), setresuid(2), setfsuid(2).
 * Users and groups obey the same rules: each call exists once, for an `Ids` view of either.
 */
import { EINVAL, EPERM } from '../../abi/errno.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import type { Credentials } from './credentials.ts';

/** (uid_t)-1: leaves an id as it is. */
const KEEP = 0xffff_ffff;

const perProcess = { partial: 'ids belong to the process: a thread has none of its own' };

/** Names of the real, effective, saved and file system id of one kind. */
interface Kind {
  readonly real: 'uid' | 'gid';
  readonly effective: 'euid' | 'egid';
  readonly saved: 'suid' | 'sgid';
  readonly fs: 'fsuid' | 'fsgid';
}
const USER: Kind = { real: 'uid', effective: 'euid', saved: 'suid', fs: 'fsuid' };
const GROUP: Kind = { real: 'gid', effective: 'egid', saved: 'sgid', fs: 'fsgid' };

function get(nr: number, name: string, read: (credentials: Credentials) => number) {
  return defineSyscall({
    nr,
    name,
    support: 'full',
    args: [],
    result: result.int,
    run: (task) => read(task.process.credentials),
  });
}

export const getuid = get(102, 'getuid', (credentials) => credentials.uid);
export const getgid = get(104, 'getgid', (credentials) => credentials.gid);
export const geteuid = get(107, 'geteuid', (credentials) => credentials.euid);
export const getegid = get(108, 'getegid', (credentials) => credentials.egid);

/** setuid, setgid. */
function set(credentials: Credentials, kind: Kind, id: number): number {
  if (id === KEEP) return -EINVAL;
  if (credentials.isPrivileged) credentials[kind.real] = credentials[kind.saved] = id;
  else if (id !== credentials[kind.real] && id !== credentials[kind.saved]) return -EPERM;
  credentials[kind.effective] = credentials[kind.fs] = id;
  return 0;
}

/** setreuid, setregid. */
function setReal(credentials: Credentials, kind: Kind, real: number, effective: number): number {
  const oldReal = credentials[kind.real];
  const oldEffective = credentials[kind.effective];
  if (!credentials.isPrivileged) {
    if (![KEEP, oldReal, oldEffective].includes(real)) return -EPERM;
    if (![KEEP, oldReal, oldEffective, credentials[kind.saved]].includes(effective)) return -EPERM;
  }
  if (real !== KEEP) credentials[kind.real] = real;
  if (effective !== KEEP) credentials[kind.effective] = effective;
  if (real !== KEEP || (effective !== KEEP && effective !== oldReal)) {
    credentials[kind.saved] = credentials[kind.effective];
  }
  credentials[kind.fs] = credentials[kind.effective];
  return 0;
}

/** setresuid, setresgid. */
function setAllThree(credentials: Credentials, kind: Kind, real: number, effective: number, saved: number): number {
  const allowed = [KEEP, credentials[kind.real], credentials[kind.effective], credentials[kind.saved]];
  if (!credentials.isPrivileged && ![real, effective, saved].every((id) => allowed.includes(id))) return -EPERM;
  if (real !== KEEP) credentials[kind.real] = real;
  if (effective !== KEEP) credentials[kind.effective] = effective;
  if (saved !== KEEP) credentials[kind.saved] = saved;
  credentials[kind.fs] = credentials[kind.effective];
  return 0;
}

/** setfsuid, setfsgid: answers the old id, whether it changes or not. */
function setFs(credentials: Credentials, kind: Kind, id: number): number {
  const old = credentials[kind.fs];
  const own = [credentials[kind.real], credentials[kind.effective], credentials[kind.saved], old];
  if (id !== KEEP && (credentials.isPrivileged || own.includes(id))) credentials[kind.fs] = id;
  return old;
}

function writeThree(task: Task, kind: Kind, addresses: readonly number[]): number {
  const { credentials } = task.process;
  const ids = [credentials[kind.real], credentials[kind.effective], credentials[kind.saved]];
  for (let i = 0; i < 3; i++) task.memory.setU32(addresses[i]!, ids[i]!);
  return 0;
}

function defineSetters(
  kind: Kind,
  numbers: { set: number; setre: number; setres: number; getres: number; setfs: number },
) {
  const { real, effective, saved } = kind;
  const suffix = real;
  const common = { support: perProcess, result: result.ok };
  return [
    defineSyscall({
      ...common,
      nr: numbers.set,
      name: `set${suffix}`,
      args: [arg.uint(real)],
      run: (task, id) => set(task.process.credentials, kind, id),
    }),
    defineSyscall({
      ...common,
      nr: numbers.setre,
      name: `setre${suffix}`,
      args: [arg.uint(real), arg.uint(effective)],
      run: (task, r, e) => setReal(task.process.credentials, kind, r, e),
    }),
    defineSyscall({
      ...common,
      nr: numbers.setres,
      name: `setres${suffix}`,
      args: [arg.uint(real), arg.uint(effective), arg.uint(saved)],
      run: (task, r, e, s) => setAllThree(task.process.credentials, kind, r, e, s),
    }),
    defineSyscall({
      ...common,
      nr: numbers.getres,
      name: `getres${suffix}`,
      support: 'full',
      args: [arg.pointer(real), arg.pointer(effective), arg.pointer(saved)],
      run: (task, r, e, s) => writeThree(task, kind, [r, e, s]),
    }),
    defineSyscall({
      ...common,
      nr: numbers.setfs,
      name: `setfs${suffix}`,
      result: result.int,
      args: [arg.uint(kind.fs)],
      run: (task, id) => setFs(task.process.credentials, kind, id),
    }),
  ];
}

export const userSetters = defineSetters(USER, { set: 105, setre: 113, setres: 117, getres: 118, setfs: 122 });
export const groupSetters = defineSetters(GROUP, { set: 106, setre: 114, setres: 119, getres: 120, setfs: 123 });

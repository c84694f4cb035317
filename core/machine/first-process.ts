/** The first process: who it runs as, where, with which environment, and the program it starts. */
import { bytesToStr, utf8ToStr } from '../base/bytes.ts';
import { VmError, type VmErrorCode } from '../contract/errors.ts';
import type { VmSpec } from '../contract/vm-spec.ts';
import type { Image } from '../image/image.ts';
import { EACCES, ENOENT, ENOTDIR } from '../kernel/abi/errno.ts';
import { AT_FDCWD, O_RDONLY } from '../kernel/abi/fcntl.ts';
import { SysError } from '../kernel/errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { hostFolders } from '../kernel/lib/9pfs/lib.ts';
import { openConsoleFiles } from '../kernel/lib/posix-tty/lib.ts';
import { execProgram } from '../kernel/loader/exec.ts';
import { findProgram } from '../kernel/loader/find-program.ts';
import type { Mm } from '../kernel/mm/mm.ts';
import { Process } from '../kernel/process.ts';
import { Task } from '../kernel/task.ts';
import { FsContext } from '../kernel/vfs/fs-context.ts';
import { resolvePath } from '../kernel/vfs/lookup.ts';
import { elfErrorCodes } from './elf-codes.ts';

/** A process with one task, in no state to run yet. */
export function createFirstProcess(kernel: Kernel, mm: Mm): Task {
  const pid = kernel.allocateId();
  const process = new Process(kernel, pid, mm, new FsContext(kernel.mounts.root));
  const task = new Task(process, pid, 'init');
  kernel.processes.set(pid, process);
  for (const file of openConsoleFiles(kernel)) process.fds.install(file);
  return task;
}

/** `UID[:GID]`, numbers or names of the guest's /etc/passwd and /etc/group. */
export function setUser(task: Task, text: string): void {
  const [user = '', group] = text.split(':');
  const entry = accountOf(task, '/etc/passwd', user);
  const uid = entry?.[2] ?? user;
  const gid = group === undefined ? (entry?.[3] ?? '0') : (accountOf(task, '/etc/group', group)?.[2] ?? group);
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(gid)) {
    const message = `there is no user or group "${text}" in the guest's /etc/passwd and /etc/group; give numbers: UID[:GID]`;
    throw new VmError('user.unknown', message, { user: text });
  }
  task.process.credentials.setAll(Number(uid), Number(gid));
  hostFolders(task.kernel).setGuestOwner(Number(uid), Number(gid));
}

/** Fields of the line that begins with `name:`; undefined for a number or without such a line. */
function accountOf(task: Task, path: string, name: string): string[] | undefined {
  if (/^\d+$/.test(name)) return undefined;
  const lines = readGuestFile(task, path)?.split('\n') ?? [];
  return lines.map((line) => line.split(':')).find(([first]) => first === name);
}

/** A file of the guest as a byte string; undefined when it can't be read. */
function readGuestFile(task: Task, path: string): string | undefined {
  try {
    const { inode } = resolvePath(task, AT_FDCWD, path);
    const file = inode.open(O_RDONLY);
    const bytes = new Uint8Array(inode.stat().size);
    const count = file.read(bytes, 0);
    file.drop();
    return bytesToStr(bytes, 0, Math.max(0, count));
  } catch (error) {
    if (error instanceof SysError) return undefined;
    throw error;
  }
}

/** Working directory: the spec's, else PWD where the image says so. */
export function setWorkdir(task: Task, spec: VmSpec, image: Image): void {
  const { environment } = task.kernel;
  const fromEnvironment = image.isSet('APPELFLOADER_VFSEXEC_ENVPWD') ? environment.get('PWD') : undefined;
  const path = spec.workdir === undefined ? fromEnvironment : utf8ToStr(spec.workdir);
  if (path === undefined) return;
  try {
    task.process.fs.cwd = resolvePath(task, AT_FDCWD, path, { directory: true });
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    const message = `the working directory ${spec.workdir ?? path} is not in the root file system (${error.message})`;
    throw new VmError('mount.failed', message, { workdir: path });
  }
  if (spec.workdir !== undefined) environment.set('PWD', path);
}

/** Loads the program; `elf` is the program itself, when it came as initrd. */
export function startProgram(task: Task, words: readonly string[], image: Image, elf: Uint8Array | undefined): void {
  const { kernel } = task;
  const argv = words.map(utf8ToStr);
  const envp = [...kernel.environment].map(([name, value]) => `${name}=${value}`);
  const result =
    elf === undefined
      ? execProgram(task, { path: programPath(task, argv, image), argv, envp })
      : execProgram(task, { path: argv[0]!, argv, envp, image: elf });
  if (!result.ok) {
    const code = result.kind === undefined ? codeOf(result.errno) : elfErrorCodes[result.kind];
    throw new VmError(code, result.message, { program: words[0] });
  }
}

function programPath(task: Task, argv: readonly string[], image: Image): string {
  const name = argv[0]!;
  if (!image.isSet('APPELFLOADER_CUSTOMAPPNAME')) return utf8ToStr(image.text('APPELFLOADER_VFSEXEC_PATH'));
  if (!image.isSet('APPELFLOADER_VFSEXEC_ENVPATH')) return name;
  const found = findProgram(task, name, task.kernel.environment.get('PATH') ?? '');
  if (!found.ok) throw new VmError(codeOf(found.errno), found.message, { program: name });
  return found.path;
}

function codeOf(errno: number): VmErrorCode {
  if (errno === ENOENT || errno === ENOTDIR) return 'program.not-found';
  return errno === EACCES ? 'program.not-executable' : 'elf.malformed';
}

/** /proc/PID/fd and fdinfo: the open files of a process, see proc_pid_fd(5) and proc_pid_fdinfo(5). */
import { O_CLOEXEC } from '../../abi/fcntl.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { pathString } from '../../vfs/path.ts';
import { type ProcRow, type Subject, taskLink } from './subject.ts';

function fileOf({ process, fd }: Subject): OpenFile | undefined {
  return process?.fds.getAny(fd!);
}

/** What the link shows: the path, or what the file says it is. */
function describe(file: OpenFile): string {
  if (file.path === undefined) return file.describe;
  const path = pathString(file.path);
  return file.stat().nlink === 0 && !path.endsWith(' (deleted)') ? `${path} (deleted)` : path;
}

/** r and w of the link tell how the file is open. */
function linkMode(subject: Subject): number {
  const file = fileOf(subject);
  return 0o100 | (file?.isReadable ? 0o400 : 0) | (file?.isWritable ? 0o200 : 0);
}

function fdinfo(subject: Subject): string {
  const file = fileOf(subject);
  if (file === undefined) return '';
  const cloexec = subject.process!.fds.isCloseOnExec(subject.fd!) ? O_CLOEXEC : 0;
  const flags = (file.flags | cloexec) >>> 0;
  const mount = file.path?.mount.id ?? 0;
  const place = `mnt_id:\t${mount}\nino:\t${file.stat().ino}\n`;
  return `pos:\t${file.position}\nflags:\t0${flags.toString(8)}\n${place}${file.fdinfo()}`;
}

export const descriptorRows: readonly ProcRow[] = [
  { path: '<pid>/fd', directory: true, mode: 0o500 },
  { path: '<pid>/fdinfo', directory: true },
  { path: '<pid>/task/<tid>/fd', directory: true, mode: 0o500 },
  { path: '<pid>/task/<tid>/fdinfo', directory: true },
  ...taskLink('fd/<fd>', {
    mode: linkMode,
    size: 64,
    link: (subject) => {
      const file = fileOf(subject);
      return file === undefined ? '' : describe(file);
    },
    follow: (subject) => fileOf(subject),
  }),
  { path: '<pid>/fdinfo/<fd>', read: fdinfo },
  { path: '<pid>/task/<tid>/fdinfo/<fd>', read: fdinfo },
];

/** /proc/PID/mounts and mountinfo: the mounts that the process can reach, see proc_pid_mountinfo(5). */
import * as fs from '../../abi/fs.ts';
import { devMajor, devMinor } from '../../abi/stat.ts';
import type { Process } from '../../process.ts';
import type { Mount } from '../../vfs/mount.ts';
import { pathFrom } from '../../vfs/path.ts';

/** Blanks and backslashes as octal escapes. */
function escapeBlanks(text: string): string {
  return text.replace(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

const options: readonly (readonly [bit: number, word: string])[] = [
  [fs.MS_NOSUID, 'nosuid'],
  [fs.MS_NODEV, 'nodev'],
  [fs.MS_NOEXEC, 'noexec'],
  [fs.MS_NOATIME, 'noatime'],
  [fs.MS_NODIRATIME, 'nodiratime'],
  [fs.MS_RELATIME, 'relatime'],
  [fs.MS_NOSYMFOLLOW, 'nosymfollow'],
];

function optionText({ flags }: Mount): string {
  const words = options.filter(([bit]) => flags & bit).map(([, word]) => word);
  return [flags & fs.MS_RDONLY ? 'ro' : 'rw', ...words].join(',');
}

/** Where each mount is seen from the process's root. */
function reachable(process: Process): { mount: Mount; at: string }[] {
  const all = process.kernel.mounts.list().map((mount) => ({ mount, at: pathFrom(mount.root, process.fs.root) }));
  return all.filter((each): each is { mount: Mount; at: string } => each.at !== undefined);
}

export function mounts(process: Process): string {
  return reachable(process)
    .map(
      ({ mount, at }) =>
        `${escapeBlanks(mount.source)} ${escapeBlanks(at)} ${mount.fs.name} ${optionText(mount)} 0 0\n`,
    )
    .join('');
}

export function mountinfo(process: Process): string {
  return reachable(process)
    .map(({ mount, at }) => {
      const { dev } = mount.fs;
      const ids = `${mount.id} ${mount.on?.mount.id ?? mount.id} ${devMajor(dev)}:${devMinor(dev)}`;
      const places = `${escapeBlanks(mount.rootPath)} ${escapeBlanks(at)}`;
      const type = `${mount.fs.name} ${escapeBlanks(mount.source)} ${mount.fs.isReadOnly ? 'ro' : 'rw'}`;
      return `${ids} ${places} ${optionText(mount)} - ${type}\n`;
    })
    .join('');
}

/** The program that a root file system folder is likely made for: the app's own, else a shell. */
import { lstatSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isElfFile } from './elf-info.ts';

const places = ['', 'usr/local/bin', 'usr/bin', 'bin', 'usr/sbin', 'sbin'];
const shells = new Set(['sh', 'bash', 'dash', 'ash', 'busybox']);

/** Guest path of it, alone in a list; empty when there is none. */
export function guessProgram(folder: string): string[] {
  const wanted = basename(folder);
  const found = places.flatMap((place) => programsIn(folder, place));
  const named = found.find((path) => basename(path) === wanted);
  const own = found.filter((path) => !shells.has(basename(path)));
  // Of several none stands out; a shell at least lets one look around.
  const shell = found.find((path) => ['sh', 'bash'].includes(basename(path)));
  const best = named ?? (own.length === 1 ? own[0] : (shell ?? own[0] ?? found[0]));
  return best === undefined ? [] : [best];
}

function programsIn(folder: string, place: string): string[] {
  const path = join(folder, place);
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(path)
    .sort()
    .filter((name) => {
      const stat = lstatSync(join(path, name), { throwIfNoEntry: false });
      const isProgram = stat?.isFile() === true && (stat.mode & 0o111) !== 0 && !/\.so(\.|$)/.test(name);
      // A link may point anywhere, also out of the folder: it only counts by its name.
      return (isProgram && isElfFile(join(path, name))) || (stat?.isSymbolicLink() === true && shells.has(name));
    })
    .map((name) => `/${place === '' ? '' : `${place}/`}${name}`);
}

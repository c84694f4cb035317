/** Electron's program, where it is installed: nothing here ever downloads it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' };

/** Path of the program in `root`'s packages, or where ELECTRON_OVERRIDE_DIST_PATH says; undefined when there is none. */
export function electronProgram(root) {
  const folder = join(root, 'node_modules/electron');
  const pathFile = join(folder, 'path.txt');
  const dist = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist');
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8').trim() : (names[process.platform] ?? 'electron');
  const program = join(dist, name);
  return existsSync(program) ? program : undefined;
}

export const hasDisplay = () =>
  process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

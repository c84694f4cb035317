/**
 * `npm run package -- [--linux|--mac|--win] [--dir]`: packages of the desktop app by electron-builder into build/out/packages.
 * It takes Electron's program from where it is installed, else downloads it.
 */
import { dirname } from 'node:path';
import { root, runTool } from './checks.mjs';
import { electronProgram } from './electron-program.mjs';

const program = electronProgram(root);
// The folder that is installed is for this system: packages for another one need that one's program.
const dist = program === undefined || process.argv.length > 2 ? [] : [`-c.electronDist=${dirname(program)}`];
process.exitCode = await runTool('node_modules/electron-builder/cli.js', [
  '--config=build/electron-builder.json',
  '--publish=never',
  ...dist,
  ...process.argv.slice(2),
]);

/**
 * `npm start`: opens the app. In a window of its own where Electron's program is installed and there is a display, else in the
 * browser: then it prints the address and what to try next. The first command of the README.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './checks.mjs';
import { electronProgram, hasDisplay } from './electron-program.mjs';

const command = join(root, 'core/cli/bin/elfdeck');

const name = process.platform === 'win32' ? 'npx elfdeck' : 'core/cli/bin/elfdeck';
const electron = electronProgram(root);
const [program, args] =
  electron !== undefined && hasDisplay()
    ? [electron, [root]]
    : [process.execPath, [command, 'serve', ...process.argv.slice(2)]];

if (program !== electron) {
  const why =
    electron === undefined
      ? "Electron's program is not installed (npx install-electron gets it)"
      : 'there is no display';
  console.log(`The app opens in the browser, since ${why}. On the command line, try:

  ${name} run hello             a first program as a unikernel instance
  ${name} run -r DIR PROGRAM    a program of your own, in the root file system DIR
  ${name} ps -a                 the instances of the app
  ${name} run --help            all options

Open this address in a browser:
`);
}
const { status, signal } = spawnSync(program, args, { stdio: 'inherit' });
process.exit(signal === 'SIGINT' ? 0 : (status ?? 1));

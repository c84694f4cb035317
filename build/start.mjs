/** `npm start`: boots the built-in hello world and says what to try next. The first command of the README. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './checks.mjs';

const command = join(root, 'core/cli/bin/elfdeck');
const { status } = spawnSync(process.execPath, [command, 'run', 'hello'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

const name = process.platform === 'win32' ? 'npx elfdeck' : 'core/cli/bin/elfdeck';
console.log(`
That was an x86-64 Linux program, run as a unikernel instance. Try next:

  ${name} run tour one two      what a program sees: arguments, system, memory, files
  ${name} run calc              a calculator at your terminal
  ${name} run -r DIR PROGRAM    a program of your own, in the root file system DIR
  ${name} run --strace hello    the system calls of a program
  ${name} run --help            all options${
    process.platform === 'linux'
      ? `

On this computer, programs of Linux itself run too:

  ${name} run /bin/ls -l /      sees nothing but itself and its libraries
  ${name} run -r /:ro /bin/ls   sees the computer's files, read-only`
      : ''
  }`);

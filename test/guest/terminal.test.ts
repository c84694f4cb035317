/** The command at a terminal: line editing, signal keys, window size, and the terminal's mode afterwards. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { requireTool } from '../support/tools.ts';

type Step = [waitFor: string, then: string | { rows: number; columns: number }];

const script = fileURLToPath(new URL('../support/in-terminal.py', import.meta.url));
const main = fileURLToPath(new URL('../../core/cli/main.ts', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'elfdeck-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Output with plain newlines (each must have come as one CR and LF), and exit status, of `elfdeck run -q` at a terminal; then the terminal's own settings. */
function atTerminal(
  context: TestContext,
  words: readonly string[],
  steps: readonly Step[],
): { output: string; status: number } {
  const python = requireTool(context, 'python3');
  const line = [process.execPath, main, 'run', '-q', ...words].map((word) => `'${word}'`).join(' ');
  const shell = ['sh', '-c', `${line}; status=$?; stty -a | grep -ow -e -*icanon -e -*echo; exit $status`];
  const { stdout } = spawnSync(python, [script, JSON.stringify(steps), ...shell], { encoding: 'utf8' });
  const { output, status } = JSON.parse(stdout) as { output: string; status: number };
  return { output: output.replaceAll('\r\n', '\n'), status };
}

const RESTORED = 'icanon\necho\n';

function compile(context: TestContext, name: string, source: string): string {
  const gcc = requireTool(context, 'gcc');
  const path = join(directory, name);
  writeFileSync(`${path}.c`, source);
  expect(spawnSync(gcc, ['-o', path, `${path}.c`]).status).toBe(0);
  return path;
}

describe('elfdeck at a terminal', () => {
  it('lets the guest edit lines, and ends its input at ^D', (context) => {
    const steps: Step[] = [
      ['> ', '1+2\n'],
      ['> ', '12\x7f*4\n'],
      ['> ', '\x04'],
    ];
    const { output, status } = atTerminal(context, ['calc'], steps);
    expect(output).toBe(
      `Type an expression such as (1 + 2) * 3; _ is the last value, quit ends.\n> 1+2\n3\n> 12\b \b*4\n4\n> \n${RESTORED}`,
    );
    expect(status).toBe(0);
  });

  it('makes ^C the interrupt of the program and puts the terminal back', (context) => {
    expect(atTerminal(context, ['calc'], [['> ', '\x03']])).toMatchObject({
      output: expect.stringContaining(`> ^C${RESTORED}`),
      status: 130,
    });
  });

  it('tells the program the size of the window and its changes', (context) => {
    const path = compile(
      context,
      'size',
      `#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
static void changed(int signal) { (void)signal; }
static void show(void) {
  struct winsize size;
  ioctl(0, TIOCGWINSZ, &size);
  printf("%d rows, %d columns\\n", size.ws_row, size.ws_col);
  fflush(stdout);
}
int main(void) {
  sigset_t none, winch;
  struct sigaction action = {.sa_handler = changed};
  sigemptyset(&none);
  sigemptyset(&winch);
  sigaddset(&winch, SIGWINCH);
  sigprocmask(SIG_BLOCK, &winch, 0);
  sigaction(SIGWINCH, &action, 0);
  show();
  sigsuspend(&none);
  show();
  return 5;
}
`,
    );
    const { output, status } = atTerminal(context, [path], [['columns', { rows: 50, columns: 120 }]]);
    expect([output, status]).toEqual([`30 rows, 100 columns\n50 rows, 120 columns\n${RESTORED}`, 5]);
  });
});

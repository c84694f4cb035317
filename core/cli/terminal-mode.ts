/** The terminal that the command runs in: its size, and raw mode while a guest has it. */
import type { TerminalSize } from '../contract/vm-spec.ts';

export function terminalSize(): TerminalSize {
  return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
}

/**
 * Puts the terminal in raw mode; it is put back however the process ends. Node's raw mode leaves output processing on, which
 * would turn the bare line feeds of full-screen programs into new lines: the guest's own line discipline does that already.
 */
export function enterRawMode(): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  stdin.setRawMode(true);
  if (process.platform !== 'win32') {
    // Loaded only here: pipes, the common case in scripts, start faster without.
    const { spawnSync } = process.getBuiltinModule('node:child_process');
    spawnSync('stty', ['-opost'], { stdio: [0, 'ignore', 'ignore'] });
  }
  const restore = (): void => {
    stdin.setRawMode(false);
  };
  process.once('exit', restore);
  return restore;
}

/** `elfdeck serve` on a data folder of its own, as a process of its own: it can be killed like the real one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../../..');

/** An environment in which the app keeps everything below one folder. */
export const isolated = (folder: string): Record<string, string> => ({
  ...(process.env as Record<string, string>),
  XDG_DATA_HOME: join(folder, 'data'),
  XDG_CONFIG_HOME: join(folder, 'config'),
  XDG_RUNTIME_DIR: folder,
  HOME: folder,
});

export class AppServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'elfdeck-e2e-'));
  private child: ChildProcess | undefined;

  /** Starts and gives the address that signs one browser in. */
  async start(): Promise<string> {
    const child = spawn(process.execPath, [join(root, 'core/cli/bin/elfdeck.cjs'), 'serve', '--no-open'], {
      env: isolated(this.folder),
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child = child;
    for await (const line of createInterface(child.stdout!)) if (line.startsWith('http://')) return line;
    throw new Error('elfdeck serve ended without an address');
  }
  get pid(): number {
    return this.child!.pid!;
  }
  /** As a crash of the computer would: nothing is written any more. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
  async remove(): Promise<void> {
    await this.kill('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

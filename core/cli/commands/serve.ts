/** `elfdeck serve` and `elfdeck open`. */
import { spawn } from 'node:child_process';
import { VmError } from '../../contract/errors.ts';
import { connectRunningApp } from '../../manager/app/running-app.ts';
import { serve } from '../../serve/serve.ts';
import { endProcess } from '../end-process.ts';

const DEFAULT_PORT = 0;

export async function serveCommand(options: { port?: string; open: boolean }): Promise<void> {
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const served = await serve({ port: parsePort(options.port), quit: () => end() });
  process.stdout.write(`${served.url}\n`);
  if (options.open && served.url.startsWith('http')) openBrowser(served.url);
  if (served.app === undefined) return;
  process.stdout.write('The address works once, for one browser. "elfdeck open" gives another. Ctrl+C ends the app.\n');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  await ended;
  await served.close();
  endProcess(0);
}

export async function openCommand(options: { open: boolean }): Promise<void> {
  const client = await connectRunningApp();
  if (client === undefined)
    throw new VmError('connection.lost', 'no app is running; start it with "elfdeck serve" or "npm start"');
  const { url } = await client.call('app.activate', {});
  client.close();
  if (url === undefined) return;
  process.stdout.write(`${url}\n`);
  if (options.open) openBrowser(url);
}

function parsePort(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  if (/^\d{1,5}$/.test(text) && Number(text) < 65536) return Number(text);
  throw new VmError('cli.usage', `--port ${text}: a port is a number from 0 to 65535; 0 takes any that is free`);
}

/** Where there is no browser the address is printed, which is enough. */
export function openBrowser(url: string): void {
  const isHeadless = process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY;
  if (isHeadless || process.env.SSH_CONNECTION) return;
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['explorer.exe', url]
        : ['xdg-open', url];
  const child = spawn(command!, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

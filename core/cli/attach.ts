/** Joins this terminal to an instance's console, until the instance ends or Ctrl+] is pressed. */
import { constants } from 'node:os';
import type { VmEnding } from '../contract/api/vm.ts';
import type { ApiClient } from '../contract/client.ts';
import { exitStatusOf } from '../contract/errors.ts';
import { enterRawMode, terminalSize } from './terminal-mode.ts';

/** Ctrl+], as of telnet. */
const DETACH = 0x1d;

/** `begin` starts what is to be seen. Resolves with the program's exit status, or 0 when detached. */
export async function attachConsole(api: ApiClient, name: string, begin: () => Promise<unknown>): Promise<number> {
  const { id } = await api.call('vm.get', { vm: name });
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const restore = isTerminal ? enterRawMode() : () => {};
  try {
    const size = isTerminal ? { size: terminalSize() } : {};
    const options = { maxScrollbackBytes: 0, untilEnd: true, ...size };
    const { stream: number } = await api.call('console.attach', { vm: id, console: 'main', ...options });
    const stream = api.openStream(number);
    let isDetached = false;
    stream.consume(writeOut);
    process.stdin.on('data', (bytes: Buffer) => {
      if (isTerminal && bytes.includes(DETACH)) {
        isDetached = true;
        stream.abort();
      } else void stream.write(new Uint8Array(bytes));
    });
    process.stdin.on('end', () => endInput(api, id));
    passSignals(api, id, isTerminal);
    try {
      await begin();
    } catch (error) {
      stream.abort();
      throw error;
    }
    const failure = await stream.ended;
    if (isDetached) return 0;
    if (failure !== undefined) throw failure;
    return statusOf((await api.call('vm.get', { vm: id })).ending);
  } finally {
    process.stdin.pause();
    restore();
  }
}

const writeOut = (bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    if (process.stdout.write(bytes)) resolve();
    else process.stdout.once('drain', resolve);
  });

/** Calls that come too late, as the instance has ended, are no failure. */
function endInput(api: ApiClient, id: string): void {
  api.call('console.end-input', { vm: id, console: 'main' }).catch(() => {});
}

function passSignals(api: ApiClient, id: string, isTerminal: boolean): void {
  const stop = (): void => void api.call('vm.stop', { vm: id }).catch(() => {});
  process.once('SIGTERM', stop);
  process.once('SIGHUP', stop);
  const signal = constants.signals.SIGINT;
  if (!isTerminal) process.on('SIGINT', () => void api.call('vm.signal', { vm: id, signal }).catch(() => {}));
  else {
    process.stdout.on('resize', () => {
      api.call('console.resize', { vm: id, console: 'main', size: terminalSize() }).catch(() => {});
    });
  }
}

function statusOf(ending: VmEnding | undefined): number {
  if (ending?.error !== undefined) return exitStatusOf(ending.error.code);
  if (ending?.exit === undefined) return 0;
  return 'code' in ending.exit ? ending.exit.code : 128 + ending.exit.signal;
}

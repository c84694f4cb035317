/** Handlers of consoles and logs. */
import type { ConsoleInfo, consoleCalls } from '../../contract/api/console.ts';
import { VmError } from '../../contract/errors.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import { sendBytes } from '../console/send-bytes.ts';
import type { Terminal } from '../console/terminal.ts';
import { missingCalls } from '../insight/syscalls.ts';
import type { HandlersOf } from './handlers.ts';

const MAIN = 'main';
/** Ctrl+D, VEOF of termios(3). */
const END_OF_TRANSMISSION = 4;

export function consoleHandlers(app: ManagerApp): HandlersOf<typeof consoleCalls> {
  const terminalOf = (vm: string, console: string): Terminal => {
    const managed = app.vms.managedVm(vm);
    if (console === MAIN) return managed.terminal;
    throw new VmError('terminal.not-found', `the instance has no console "${console}"; there is: ${MAIN}`, { console });
  };
  const infoOf = (terminal: Terminal): ConsoleInfo => ({
    id: MAIN,
    title: 'Console',
    scrollbackBytes: terminal.scrollback.end - terminal.scrollback.start,
    takesInput: terminal.input !== undefined,
    ...terminal.size,
  });
  return {
    'console.list': ({ vm }) => [infoOf(terminalOf(vm, MAIN))],
    'console.attach': ({ vm, console, size, ...options }, { streams }) => {
      const terminal = terminalOf(vm, console);
      if (size !== undefined) terminal.resize(size);
      const stream = streams.create();
      return { stream: stream.id, scrollbackBytes: terminal.attach(stream, options) };
    },
    'console.resize': ({ vm, console, size }) => {
      terminalOf(vm, console).resize(size);
      return null;
    },
    'console.clear': ({ vm, console }) => {
      terminalOf(vm, console).scrollback.clear();
      return null;
    },
    'console.end-input': async ({ vm, console }) => {
      // A terminal's input has no end but the character for it: closing the line would hang up on the program.
      await terminalOf(vm, console).input?.write(Uint8Array.of(END_OF_TRANSMISSION));
      return null;
    },
    'console.scrollback': ({ vm, console }, { streams }) => {
      const bytes = terminalOf(vm, console).scrollback.bytes();
      return { ...sendBytes(streams, bytes), fileName: `${app.vms.get(vm).name}-console.log` };
    },
    'log.attach': ({ vm, maxLines }, { streams }) => {
      const stream = streams.create();
      app.vms.managedVm(vm).log.attach(stream, maxLines);
      return { stream: stream.id };
    },
    'log.clear': ({ vm }) => {
      app.vms.managedVm(vm).log.clear();
      return null;
    },
    'vm.missing-calls': async ({ vm }) => {
      const statistics = await app.vms.managedVm(vm).statistics();
      return statistics === undefined ? [] : missingCalls(statistics);
    },
  };
}

/** /proc/net/unix, proc(5): sockets that have a name or a peer. */
import type { Kernel } from '../../kernel.ts';
import type { Row } from '../../vfs/generated-fs.ts';
import { UnixSocket } from './unix-socket.ts';

/** SS_UNCONNECTED and SS_CONNECTED of Linux's linux/net.h; the flag of a listening socket. */
const UNCONNECTED = 1;
const CONNECTED = 3;
const ACCEPTS = 0x10000;

const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0');

function openSockets({ processes }: Kernel): Set<UnixSocket> {
  const found = new Set<UnixSocket>();
  for (const { fds } of processes.values())
    for (const [, file] of fds.entries()) if (file instanceof UnixSocket) found.add(file);
  return found;
}

function line(socket: UnixSocket): string {
  const flags = hex(socket.isListening ? ACCEPTS : 0, 8);
  const state = typeof socket.peerAddress() === 'number' ? UNCONNECTED : CONNECTED;
  const columns = `${'0'.repeat(16)}: 00000002 00000000 ${flags} ${hex(socket.kind.type, 4)} ${hex(state, 2)}`;
  const { ino } = socket.inode!.stat();
  // An abstract name begins with @, and so do the NULs in it.
  const name = socket.name?.replace(/\0$/, '').replaceAll('\0', '@');
  return `${columns} ${String(ino).padStart(5)}${name === undefined ? '' : ` ${name}`}\n`;
}

function unixTable(kernel: Kernel): string {
  return `Num       RefCount Protocol Flags    Type St Inode Path\n${[...openSockets(kernel)].map(line).join('')}`;
}

export const unixRows: readonly Row<{ readonly kernel: Kernel }>[] = ['<pid>', '<pid>/task/<tid>'].map((directory) => ({
  path: `${directory}/net/unix`,
  read: ({ kernel }: { readonly kernel: Kernel }) => unixTable(kernel),
}));

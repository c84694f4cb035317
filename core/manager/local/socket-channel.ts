/**
 * A channel over a local socket (unix(7), a named pipe on Windows). Each message is a 32-bit little-endian length, a byte for its
 * kind (0 text, 1 binary) and the bytes. Only this user can reach the socket: it lies in a folder that only the user may enter.
 */

import { rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { VmError } from '../../contract/errors.ts';
import type { Channel } from '../../contract/session.ts';
import { hostReason } from '../../host/services.ts';

const HEADER = 5;
const MAX_MESSAGE = 1 << 26;

export function socketChannel(socket: Socket): Channel {
  const channel: Channel = {
    send: (message) => {
      if (socket.destroyed) return;
      const bytes = typeof message === 'string' ? Buffer.from(message) : message;
      const header = Buffer.alloc(HEADER);
      header.writeUInt32LE(bytes.length);
      header[4] = typeof message === 'string' ? 0 : 1;
      socket.cork();
      socket.write(header);
      socket.write(bytes);
      socket.uncork();
    },
    close: () => socket.destroySoon(),
    onMessage: () => {},
    onClose: () => {},
  };
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
    let at = 0;
    while (pending.length - at >= HEADER) {
      const length = pending.readUInt32LE(at);
      if (length > MAX_MESSAGE) {
        socket.destroy();
        return;
      }
      if (pending.length - at < HEADER + length) break;
      // A copy: the message may be kept, the buffer may be large.
      const bytes = Uint8Array.prototype.slice.call(pending, at + HEADER, at + HEADER + length);
      const isText = pending[at + 4] === 0;
      at += HEADER + length;
      channel.onMessage(isText ? Buffer.from(bytes.buffer).toString('utf8') : bytes);
    }
    pending = pending.subarray(at);
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => channel.onClose());
  return channel;
}

/** Listens at `path`; each connection is given to `accept`. */
export function listenLocal(path: string, accept: (channel: Channel) => void): Promise<Server> {
  // Our own number in the name: a file that is there is of a process that has died.
  if (process.platform !== 'win32') rmSync(path, { force: true });
  const server = createServer((socket) => accept(socketChannel(socket)));
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new VmError('serve.failed', `cannot listen at ${path}: ${hostReason(error)}`, { path }, error));
    });
    server.listen(path, () => resolve(server));
  });
}

/** Throws VmError `connection.lost` when nobody listens there. */
export function connectLocal(path: string): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(socketChannel(socket)));
    socket.once('error', (error) => {
      reject(new VmError('connection.lost', `no manager answers at ${path}: ${hostReason(error)}`, { path }, error));
    });
  });
}

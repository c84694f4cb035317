/** A channel over the WebSocket of browsers and Node. The server tells why it refuses a client by the close code. */
import { VmError } from './errors.ts';
import type { Channel } from './session.ts';

/** Close codes of our server (4000 to 4999 are free for use). */
export const CLOSE_REFUSED = 4401;

/** `url`: `ws://127.0.0.1:PORT/api`. Resolves when it is open. */
export function openSocket(url: string): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    let isOpen = false;
    const channel: Channel = {
      send: (message) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(message);
      },
      close: () => socket.close(),
      onMessage: () => {},
      onClose: () => {},
    };
    // The server greets a client that it accepts; one that it refuses is closed with a code.
    socket.onmessage = ({ data }) => {
      if (isOpen) channel.onMessage(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer));
      else {
        isOpen = true;
        resolve(channel);
      }
    };
    socket.onclose = ({ code, reason }) => {
      if (isOpen) channel.onClose();
      else if (code === CLOSE_REFUSED) reject(new VmError('connection.refused', reason));
      else reject(new VmError('connection.lost', 'there is no manager at this address'));
    };
  });
}

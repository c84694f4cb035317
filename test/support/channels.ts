/** Two ends of a connection in one process: messages arrive in order, each in a turn of its own, copied as a wire would. */
import type { Channel } from '../../core/contract/session.ts';

export interface ChannelPair {
  client: Channel;
  server: Channel;
  /** Bytes of frames that went from server to client. */
  sentBytes(): number;
}

export function channelPair(): ChannelPair {
  let sent = 0;
  const make = (): Channel => ({ send: () => {}, close: () => {}, onMessage: () => {}, onClose: () => {} });
  const [client, server] = [make(), make()];
  let isOpen = true;
  const wire = (from: Channel, to: Channel, count: (length: number) => void): void => {
    from.send = (message) => {
      count(typeof message === 'string' ? 0 : message.length);
      const copy = typeof message === 'string' ? message : message.slice();
      setImmediate(() => isOpen && to.onMessage(copy));
    };
    from.close = () => {
      if (!isOpen) return;
      isOpen = false;
      setImmediate(() => {
        to.onClose();
        from.onClose();
      });
    };
  };
  wire(client, server, () => {});
  wire(server, client, (length) => {
    sent += length;
  });
  return { client, server, sentBytes: () => sent };
}

/** Two ends of a connection within a process, for a client of one's own manager. Messages arrive in order, each in a turn of its own. */
import type { Channel } from '../../contract/session.ts';

export function channelPair(): { client: Channel; server: Channel } {
  const make = (): Channel => ({ send: () => {}, close: () => {}, onMessage: () => {}, onClose: () => {} });
  const [client, server] = [make(), make()];
  let isOpen = true;
  const wire = (from: Channel, to: Channel): void => {
    from.send = (message) => {
      // What is sent may be a view of memory that changes.
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
  wire(client, server);
  wire(server, client);
  return { client, server };
}

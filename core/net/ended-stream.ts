/** A stream that never began: what `connect` gives when there is no way to the destination. */
import type { Endpoint, Stream, StreamFault } from './transport.ts';

export function endedStream(local: Endpoint, remote: Endpoint, fault: StreamFault): Stream {
  const none = (): number => 0;
  const nothing = (): void => {};
  return {
    local,
    remote,
    state: 'ended',
    fault,
    onChange: undefined,
    accept: nothing,
    refuse: nothing,
    sentBytes: 0,
    receivedBytes: 0,
    available: 0,
    receive: none,
    peek: none,
    hasPeerEnded: false,
    isAtEnd: false,
    room: 0,
    capacity: 0,
    unsent: 0,
    send: none,
    wantRoom: () => false,
    shutdown: nothing,
    close: nothing,
    reset: nothing,
  };
}

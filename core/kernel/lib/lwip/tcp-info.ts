/** TCP_INFO, tcp(7): struct tcp_info of Linux's linux/tcp.h. What only packets would have (losses, windows) is as at rest. */
import type { InetSocket } from './inet-socket.ts';

const SIZE = 240;
/** The loopback's MTU rounded as Linux does, less headers with time stamps. */
const LOOPBACK_MSS = 32768;
/** Headers of IPv4 and TCP with time stamps. */
const HEADERS = 52;
const RTO_US = 204_000;
const INITIAL_WINDOW = 10;
const REORDERING = 3;

/** Byte offsets of fields of 32 bits. */
const at = {
  rto: 8,
  sentMss: 16,
  receivedMss: 20,
  unacked: 24,
  sacked: 28,
  pathMtu: 60,
  sentThreshold: 76,
  window: 80,
  advertisedMss: 84,
  reordering: 88,
} as const;

export function segmentSize({ remote, network }: InetSocket): number {
  const link = remote && network.stack.pathTo(remote.host)?.link;
  return link === undefined || link.isLoopback ? LOOPBACK_MSS : link.mtu - HEADERS;
}

export function tcpInfo(socket: InetSocket): Uint8Array {
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  const set = (field: keyof typeof at, value: number): void => view.setUint32(at[field], value, true);
  bytes[0] = socket.tcpState;
  const mss = segmentSize(socket);
  set('rto', RTO_US);
  set('sentMss', mss);
  set('receivedMss', mss);
  set('pathMtu', mss + HEADERS);
  set('advertisedMss', mss);
  set('sentThreshold', 0x7fffffff);
  set('window', INITIAL_WINDOW);
  set('reordering', REORDERING);
  // Of a listening socket these two tell of its queue.
  const { waiting } = socket;
  if (waiting !== undefined) {
    set('unacked', waiting.count);
    set('sacked', waiting.limit);
  }
  return bytes;
}

/** Sizes of TCP buffers, tcp(7): what getsockopt(2) shows of a new socket. */

/** net.ipv4.tcp_wmem and tcp_rmem. */
export const SEND_BUFFER = 16384;
export const RECEIVE_BUFFER = 131072;

export interface StreamBuffers {
  readonly sendBuffer: number;
  readonly receiveBuffer: number;
}

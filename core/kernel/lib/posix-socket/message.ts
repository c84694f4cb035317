/** Messages between sockets and system calls: bytes, addresses, and what goes along with them (cmsg(3)). */
import type { OpenFile } from '../../vfs/open-file.ts';

/** struct ucred. */
export interface PeerCredentials {
  pid: number;
  uid: number;
  gid: number;
}

export interface OutgoingMessage {
  readonly bytes: Uint8Array;
  /** MSG_* of the call. */
  readonly flags: number;
  /** Raw sockaddr, or undefined for the connected peer. */
  readonly address: Uint8Array | undefined;
  /** SCM_RIGHTS: the socket takes references of its own when it accepts the message. */
  readonly files: readonly OpenFile[];
  /** SCM_CREDENTIALS as the sender stated them, checked; undefined for none stated. */
  readonly credentials: PeerCredentials | undefined;
  /** Control messages of levels below SOL_SOCKET, for the family to read. */
  readonly control: readonly ControlMessage[];
}

/** A control message of a family's own, beside SCM_RIGHTS and SCM_CREDENTIALS. */
export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** What `Socket.receive` fills in beside the bytes. */
export class IncomingMessage {
  /** MSG_* of the message: MSG_TRUNC, MSG_EOR. */
  flags = 0;
  /** Length of the whole message, of which the buffer may have held a part. */
  fullLength = 0;
  /** Sender's raw sockaddr. */
  address: Uint8Array | undefined = undefined;
  /** References owned by the receiver. */
  files: OpenFile[] = [];
  credentials: PeerCredentials | undefined = undefined;
  control: readonly ControlMessage[] = [];
  /** When it arrived, realtime, for SO_TIMESTAMP and its kin; undefined where nobody knows. */
  timestampNs: bigint | undefined = undefined;

  /** Gives up files that nobody wants. */
  dropFiles(): void {
    for (const file of this.files) file.drop();
    this.files = [];
  }
}

/** A message of bytes alone. */
export function plainMessage(bytes: Uint8Array, flags = 0): OutgoingMessage {
  return { bytes, flags, address: undefined, files: [], credentials: undefined, control: [] };
}

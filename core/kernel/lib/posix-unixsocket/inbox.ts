/** What a unix socket has received and not read yet: a stream of bytes, or messages one by one. */
import { ByteRing } from '../../../base/byte-ring.ts';
import { MSG_PEEK, MSG_TRUNC } from '../../abi/socket.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import type { IncomingMessage, PeerCredentials } from '../posix-socket/lib.ts';

/** One message as it is put in; the inbox takes over the references of `files`. */
export interface Delivery {
  readonly bytes: Uint8Array;
  files: OpenFile[];
  readonly credentials: PeerCredentials | undefined;
  /** Sender's raw sockaddr. */
  readonly address: Uint8Array | undefined;
}

export interface Inbox {
  /** Bytes held, with what keeping messages apart costs. */
  readonly used: number;
  /** Bytes that the next read gives. */
  readonly nextLength: number;
  readonly isEmpty: boolean;
  put(delivery: Delivery): void;
  /** Bytes taken; only called when not empty. With MSG_PEEK everything stays. */
  take(into: Uint8Array, flags: number, message: IncomingMessage): number;
  /** Gives all up. */
  clear(): void;
}

function give(delivery: { files: OpenFile[] }, isPeek: boolean, message: IncomingMessage): void {
  if (isPeek) {
    message.files = delivery.files.map((file) => file.retain());
    return;
  }
  message.files = delivery.files;
  delivery.files = [];
}

/** Where in the stream bytes lie that something goes along with. A read never crosses either end. */
interface Mark {
  start: number;
  readonly end: number;
  files: OpenFile[];
  readonly credentials: PeerCredentials | undefined;
}

export class StreamInbox implements Inbox {
  private readonly ring = new ByteRing(Number.MAX_SAFE_INTEGER);
  private marks: Mark[] = [];

  get used(): number {
    return this.ring.used;
  }
  get nextLength(): number {
    return this.ring.used;
  }
  get isEmpty(): boolean {
    return this.ring.used === 0;
  }

  put({ bytes, files, credentials }: Delivery): void {
    const start = this.ring.written;
    this.ring.put(bytes);
    if (files.length > 0 || credentials !== undefined) {
      this.marks.push({ start, end: start + bytes.length, files, credentials });
    }
  }

  take(into: Uint8Array, flags: number, message: IncomingMessage): number {
    const isPeek = (flags & MSG_PEEK) !== 0;
    const mark = this.marks[0];
    const { ring } = this;
    const isAtMark = mark !== undefined && mark.start === ring.taken;
    const limit = mark === undefined ? into.length : (isAtMark ? mark.end : mark.start) - ring.taken;
    const part = into.subarray(0, limit);
    const count = isPeek ? ring.peek(part) : ring.take(part);
    message.fullLength = count;
    if (mark === undefined || !isAtMark) return count;
    message.credentials = mark.credentials;
    give(mark, isPeek, message);
    if (!isPeek) {
      mark.start = ring.taken;
      if (mark.start === mark.end) this.marks.shift();
    }
    return count;
  }

  clear(): void {
    this.ring.clear();
    for (const mark of this.marks.splice(0)) for (const file of mark.files) file.drop();
  }
}

/** What a message costs beside its bytes, so that empty ones don't pile up for ever. */
const MESSAGE_COST = 512;

export class MessageInbox implements Inbox {
  private messages: Delivery[] = [];
  used = 0;

  get count(): number {
    return this.messages.length;
  }
  get nextLength(): number {
    return this.messages[0]?.bytes.length ?? 0;
  }
  get isEmpty(): boolean {
    return this.messages.length === 0;
  }

  put(delivery: Delivery): void {
    this.messages.push({ ...delivery, bytes: delivery.bytes.slice() });
    this.used += delivery.bytes.length + MESSAGE_COST;
  }

  take(into: Uint8Array, flags: number, message: IncomingMessage): number {
    const first = this.messages[0]!;
    const part = first.bytes.subarray(0, into.length);
    into.set(part);
    message.fullLength = first.bytes.length;
    if (part.length < first.bytes.length) message.flags |= MSG_TRUNC;
    message.address = first.address;
    message.credentials = first.credentials;
    give(first, (flags & MSG_PEEK) !== 0, message);
    if (!(flags & MSG_PEEK)) {
      this.messages.shift();
      this.used -= first.bytes.length + MESSAGE_COST;
    }
    return part.length;
  }

  clear(): void {
    for (const { files } of this.messages.splice(0)) for (const file of files) file.drop();
    this.used = 0;
  }
}

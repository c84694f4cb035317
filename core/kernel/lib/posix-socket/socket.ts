/**
 * Sockets of any family. A family subclasses `Socket`; operations answer like those of open files: a count, 0, or
 * -errno, with -EAGAIN for "wait for the queue and try again". The system calls wait, move bytes and install descriptors.
 */
import { EINVAL, ENOPROTOOPT, ENOTCONN, ENOTTY, EOPNOTSUPP } from '../../abi/errno.ts';
import { FIONREAD } from '../../abi/fcntl.ts';
import { SIOCATMARK, SIOCOUTQ, SOCK_STREAM } from '../../abi/socket.ts';
import { S_IFSOCK } from '../../abi/stat.ts';
import { type Kernel, service } from '../../kernel.ts';
import type { Task } from '../../task.ts';
import { anonymousFs, anonymousInode } from '../../vfs/anonymous-fs.ts';
import { OpenFile } from '../../vfs/open-file.ts';
import { IncomingMessage, type OutgoingMessage, type PeerCredentials, plainMessage } from './message.ts';
import { OptionValues } from './option-values.ts';

const SOCKFS_MAGIC = 0x534f434b;
const sockFs = anonymousFs('sockfs', SOCKFS_MAGIC);
/** net.core.wmem_default. */
export const DEFAULT_BUFFER = 212992;
const NOBODY: PeerCredentials = { pid: 0, uid: -1, gid: -1 };

export interface SocketKind {
  readonly domain: number;
  /** SOCK_STREAM, SOCK_DGRAM... */
  readonly type: number;
  readonly protocol: number;
}

export abstract class Socket extends OpenFile {
  readonly kernel: Kernel;
  readonly kind: SocketKind;
  /** Pending error (positive errno) that SO_ERROR takes. */
  error = 0;
  /** Integer options of SOL_SOCKET that are kept and shown; options.ts knows their defaults. */
  readonly options = new OptionValues();
  sendBuffer = DEFAULT_BUFFER;
  receiveBuffer = DEFAULT_BUFFER;
  /** SO_PASSCRED: received messages carry their sender's credentials. */
  passesCredentials = false;

  constructor(task: Task, kind: SocketKind, flags: number) {
    super(flags, anonymousInode(sockFs(task.kernel), task, S_IFSOCK | 0o777));
    this.kernel = task.kernel;
    this.kind = kind;
  }

  get describe(): string {
    return `socket:[${this.inode!.stat().ino}]`;
  }

  bind(_task: Task, _address: Uint8Array): number {
    return -EOPNOTSUPP;
  }
  /** 0, or -EAGAIN while the other side has no room for the connection, or -EINPROGRESS. */
  connect(_task: Task, _address: Uint8Array): number {
    return -EOPNOTSUPP;
  }
  listen(_backlog: number): number {
    return -EOPNOTSUPP;
  }
  /** The next connection, or -errno. */
  accept(_task: Task): Socket | number {
    return -EOPNOTSUPP;
  }
  abstract shutdown(how: number): number;
  abstract localAddress(): Uint8Array;
  /** What accept(2) tells of the peer: also when the connection is over by then. */
  acceptedAddress(): Uint8Array | number {
    return this.peerAddress();
  }
  /** -ENOTCONN without a peer. */
  peerAddress(): Uint8Array | number {
    return -ENOTCONN;
  }
  /** Bytes taken over, or -errno. A stream takes a part when it must; a message goes whole. */
  abstract send(message: OutgoingMessage, sender: Task | undefined): number;
  /** Bytes put into `into`, 0 at the end of the stream, or -errno. `flags` are MSG_*. */
  abstract receive(into: Uint8Array, flags: number, message: IncomingMessage): number;
  /** SIOCINQ: bytes that a read gives now. */
  abstract readonly readableBytes: number;
  /** SIOCOUTQ: bytes that the peer has not taken yet. */
  get unsentBytes(): number {
    return 0;
  }
  get isListening(): boolean {
    return false;
  }
  /** SIOCATMARK: the next byte is urgent data. */
  isAtMark(): boolean {
    return false;
  }
  /** SO_BINDTODEVICE: the name of the card, '' for none. */
  get device(): string {
    return '';
  }
  bindToDevice(_name: string): number {
    return -ENOPROTOOPT;
  }
  /** SO_RCVLOWAT: bytes that make the socket readable. */
  receiveLowWater = 1;
  get peerCredentials(): PeerCredentials {
    return NOBODY;
  }
  /** An option of a level other than SOL_SOCKET: its bytes, or -errno. */
  getOption(_level: number, _name: number): Uint8Array | number {
    return -EOPNOTSUPP;
  }
  setOption(_level: number, _name: number, _value: Uint8Array): number {
    return -EOPNOTSUPP;
  }

  /** Takes the pending error: -errno, or 0. */
  takeError(): number {
    const { error } = this;
    this.error = 0;
    return -error;
  }

  override read(into: Uint8Array): number {
    const message = new IncomingMessage();
    const count = this.receive(into, 0, message);
    message.dropFiles();
    return count;
  }
  override write(from: Uint8Array): number {
    return this.send(plainMessage(from), this.kernel.scheduler.current);
  }
  override ioctl(task: Task, request: number, argument: number): number {
    switch (request) {
      case FIONREAD:
      case SIOCOUTQ:
        if (this.isListening) return -EINVAL;
        task.memory.setU32(argument, request === FIONREAD ? this.readableBytes : this.unsentBytes);
        return 0;
      case SIOCATMARK:
        if (this.kind.type !== SOCK_STREAM) return -ENOTTY;
        task.memory.setU32(argument, Number(this.isAtMark()));
        return 0;
      default:
        return this.linkIoctl(task, request, argument);
    }
  }

  /** netdevice(7): requests about network links, which any socket takes. */
  private linkIoctl(task: Task, request: number, argument: number): number {
    return linkIoctls(this.kernel).get(request)?.(task, argument) ?? -ENOTTY;
  }
}

/** Requests about network links, by number; the library that has the links registers them. */
export const linkIoctls: (kernel: Kernel) => Map<number, (task: Task, argument: number) => number> = service(
  'link-ioctls',
  () => new Map(),
);

/** A family of sockets. */
export interface SocketFamily {
  readonly domain: number;
  /** -EPROTONOSUPPORT, -ESOCKTNOSUPPORT... when it has no such socket. `flags` are O_*. */
  create(task: Task, type: number, protocol: number, flags: number): Socket | number;
  /** Two connected sockets; absent when the family has no pairs. */
  createPair?(task: Task, type: number, protocol: number, flags: number): [Socket, Socket] | number;
}

/** Families of a kernel, by domain; micro-libraries register in their `init`. */
export const socketFamilies: (kernel: Kernel) => Map<number, SocketFamily> = service(
  'socket-families',
  () => new Map(),
);

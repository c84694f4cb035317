/**
 * AF_NETLINK sockets, netlink(7): a program speaks to the kernel in datagrams of messages. The kernel answers within the
 * send; answers wait in the inbox. One that finds no room is lost, and the next receive says ENOBUFS.
 */
import { concatBytes } from '../../../base/bytes.ts';
import * as e from '../../abi/errno.ts';
import * as nl from '../../abi/netlink.ts';
import { POLLERR, POLLIN, POLLOUT } from '../../abi/poll.ts';
import * as s from '../../abi/socket.ts';
import { SysError } from '../../errors.ts';
import type { Task } from '../../task.ts';
import { type Network, networkOf } from '../lwip/lib.ts';
import { type IncomingMessage, type OutgoingMessage, Socket } from '../posix-socket/lib.ts';
import { type Answer, encode, parseRequests, type Request } from './message.ts';
import { answerRoute } from './requests.ts';

/** Bytes of a dump that Linux puts into one datagram; programs have buffers for that. */
const DUMP_BYTES = 3776;
/** What a datagram costs of the buffer beside its bytes. */
const DATAGRAM_COST = 256;
const kernelAddress = Uint8Array.of(s.AF_NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Names of sockets: one for each of a process and more for those that follow. */
export class NetlinkPorts {
  readonly sockets = new Map<number, NetlinkSocket>();
  private nextSpare = 0xfffff000;

  free(wanted: number): number {
    return this.sockets.has(wanted) ? this.nextSpare-- : wanted;
  }
}

export class NetlinkSocket extends Socket {
  readonly network: Network;
  readonly groups = new Set<number>();
  pid = 0;
  private readonly ports: NetlinkPorts;
  private readonly inbox: Uint8Array[] = [];
  private usedBytes = 0;

  constructor(task: Task, type: number, flags: number, ports: NetlinkPorts) {
    super(task, { domain: s.AF_NETLINK, type, protocol: nl.NETLINK_ROUTE }, flags);
    this.network = networkOf(task.kernel);
    this.ports = ports;
  }

  private take(pid: number): void {
    this.pid = pid;
    this.ports.sockets.set(pid, this);
  }

  override bind(task: Task, address: Uint8Array): number {
    if (address.length < nl.SOCKADDR_NL_SIZE || address[0] !== s.AF_NETLINK) return -e.EINVAL;
    const view = viewOf(address);
    const pid = view.getUint32(4, true);
    const groups = view.getUint32(8, true);
    if (this.pid !== 0 && pid !== 0 && pid !== this.pid) return -e.EINVAL;
    if (this.pid === 0) {
      if (pid !== 0 && this.ports.sockets.has(pid)) return -e.EADDRINUSE;
      this.take(pid === 0 ? this.ports.free(task.process.pid) : pid);
    }
    for (let bit = 0; bit < 32; bit++) {
      if (groups & (1 << bit)) this.groups.add(bit + 1);
      else this.groups.delete(bit + 1);
    }
    return 0;
  }

  override connect(task: Task, address: Uint8Array): number {
    if (address.length < 2) return -e.EINVAL;
    if (address[0] === s.AF_UNSPEC) return 0;
    if (address.length < nl.SOCKADDR_NL_SIZE || address[0] !== s.AF_NETLINK) return -e.EINVAL;
    // Programs do not speak to each other this way here.
    if (viewOf(address).getUint32(4, true) !== 0) return -e.ECONNREFUSED;
    this.ensurePid(task);
    return 0;
  }

  private ensurePid(task: Task): void {
    if (this.pid === 0) this.take(this.ports.free(task.process.pid));
  }

  override localAddress(): Uint8Array {
    const bytes = kernelAddress.slice();
    let groups = 0;
    for (const group of this.groups) groups |= 1 << (group - 1);
    viewOf(bytes).setUint32(4, this.pid, true);
    viewOf(bytes).setUint32(8, groups, true);
    return bytes;
  }
  override peerAddress(): Uint8Array {
    return kernelAddress;
  }

  override send({ bytes, flags, address }: OutgoingMessage, sender: Task | undefined): number {
    if (flags & s.MSG_OOB) return -e.EOPNOTSUPP;
    if (address !== undefined) {
      if (address.length < nl.SOCKADDR_NL_SIZE || address[0] !== s.AF_NETLINK) return -e.EINVAL;
      if (viewOf(address).getUint32(4, true) !== 0) return -e.ECONNREFUSED;
    }
    if (bytes.length > this.sendBuffer - 32) return -e.EMSGSIZE;
    if (sender === undefined) return -e.EINVAL;
    this.ensurePid(sender);
    for (const request of parseRequests(bytes.slice())) this.answer(sender, request);
    return bytes.length;
  }

  private answer(task: Task, request: Request): void {
    const isRequest = (request.flags & nl.NLM_F_REQUEST) !== 0 && request.type >= nl.NLMSG_MIN_TYPE;
    let status = 0;
    if (isRequest) {
      const outcome = this.carryOut(task, request);
      if (typeof outcome === 'number') status = outcome;
      else {
        this.reply(outcome.answers, outcome.isDump, request);
        if (outcome.isDump) return;
      }
    }
    if (status !== 0 || request.flags & nl.NLM_F_ACK) this.acknowledge(request, status);
  }

  private carryOut(task: Task, request: Request): { answers: Answer[]; isDump: boolean } | number {
    try {
      return answerRoute(task, this.network, request);
    } catch (error) {
      if (error instanceof SysError) return -error.errno;
      throw error;
    }
  }

  private reply(answers: readonly Answer[], isDump: boolean, { seq }: Request): void {
    const flags = isDump ? nl.NLM_F_MULTI : 0;
    let pieces: Uint8Array[] = [];
    let used = 0;
    for (const answer of answers) {
      const message = encode(answer, flags, seq, this.pid);
      if (used > 0 && used + message.length > DUMP_BYTES) {
        this.put(concatBytes(pieces));
        pieces = [];
        used = 0;
      }
      pieces.push(message);
      used += message.length;
    }
    if (pieces.length > 0) this.put(concatBytes(pieces));
    if (!isDump) return;
    const done: Answer = { type: nl.NLMSG_DONE, fixed: new Uint8Array(4), attributes: [] };
    this.put(encode(done, nl.NLM_F_MULTI, seq, this.pid));
  }

  /** NLMSG_ERROR with the request it is about; its header alone when all went well. */
  private acknowledge(request: Request, status: number): void {
    const quoted = status === 0 ? request.whole.subarray(0, nl.NLMSG_HDRLEN) : request.whole;
    const fixed = new Uint8Array(4 + quoted.length);
    viewOf(fixed).setInt32(0, status, true);
    fixed.set(quoted, 4);
    const flags = status === 0 ? nl.NLM_F_CAPPED : 0;
    this.put(encode({ type: nl.NLMSG_ERROR, fixed, attributes: [] }, flags, request.seq, this.pid));
  }

  /** Tells members of a group what the kernel has to say. */
  notify(answers: readonly Answer[]): void {
    for (const answer of answers) this.put(encode(answer, 0, 0, 0));
  }

  private put(datagram: Uint8Array): void {
    if (this.usedBytes > 0 && this.usedBytes + datagram.length + DATAGRAM_COST > this.receiveBuffer) {
      this.error = e.ENOBUFS;
    } else {
      this.inbox.push(datagram);
      this.usedBytes += datagram.length + DATAGRAM_COST;
    }
    this.queue.wakeFor(POLLIN | POLLERR);
  }

  override receive(into: Uint8Array, flags: number, message: IncomingMessage): number {
    if (flags & s.MSG_OOB) return -e.EOPNOTSUPP;
    if (this.error !== 0) return this.takeError();
    const next = this.inbox[0];
    if (next === undefined) return -e.EAGAIN;
    const part = next.length > into.length ? next.subarray(0, into.length) : next;
    into.set(part);
    message.fullLength = next.length;
    if (part.length < next.length) message.flags |= s.MSG_TRUNC;
    message.address = kernelAddress;
    if (!(flags & s.MSG_PEEK)) {
      this.inbox.shift();
      this.usedBytes -= next.length + DATAGRAM_COST;
    }
    return part.length;
  }

  override getOption(level: number, name: number): Uint8Array | number {
    if (level !== nl.SOL_NETLINK) return -e.ENOPROTOOPT;
    if (name === nl.NETLINK_LIST_MEMBERSHIPS) {
      let bits = 0;
      for (const group of this.groups) bits |= 1 << (group - 1);
      return new Uint8Array(Int32Array.of(bits).buffer);
    }
    if (!kept.has(name)) return -e.ENOPROTOOPT;
    return new Uint8Array(Int32Array.of(this.options.get(nl.SOL_NETLINK * 0x10000 + name) ?? 0).buffer);
  }

  override setOption(level: number, name: number, value: Uint8Array): number {
    if (level !== nl.SOL_NETLINK) return -e.ENOPROTOOPT;
    if (value.length < 4) return -e.EINVAL;
    const number = viewOf(value).getUint32(0, true);
    if (name === nl.NETLINK_ADD_MEMBERSHIP || name === nl.NETLINK_DROP_MEMBERSHIP) {
      if (number === 0 || number > nl.RTNLGRP_MAX) return -e.EINVAL;
      if (name === nl.NETLINK_ADD_MEMBERSHIP) this.groups.add(number);
      else this.groups.delete(number);
      return 0;
    }
    if (!kept.has(name)) return -e.ENOPROTOOPT;
    this.options.set(nl.SOL_NETLINK * 0x10000 + name, Number(number !== 0));
    return 0;
  }

  get readableBytes(): number {
    return this.inbox[0]?.length ?? 0;
  }
  override poll(): number {
    return POLLOUT | (this.inbox.length > 0 ? POLLIN : 0) | (this.error !== 0 ? POLLERR | POLLIN : 0);
  }
  shutdown(): number {
    return -e.EOPNOTSUPP;
  }
  protected override release(): void {
    if (this.pid !== 0) this.ports.sockets.delete(this.pid);
  }
}

/** Switches that programs set; what they would change does not happen here. */
const kept: ReadonlySet<number> = new Set([
  nl.NETLINK_PKTINFO,
  nl.NETLINK_BROADCAST_ERROR,
  nl.NETLINK_NO_ENOBUFS,
  nl.NETLINK_CAP_ACK,
  nl.NETLINK_EXT_ACK,
  nl.NETLINK_GET_STRICT_CHK,
]);

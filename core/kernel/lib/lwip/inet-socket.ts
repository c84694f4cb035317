/** What TCP and UDP sockets share: addresses, port numbers, options of the protocols below. ip(7), ipv6(7). */
import { type Address, isAny, isMulticast, isV4 } from '../../../net/address.ts';
import type { PortTable, PortUser } from '../../../net/ports.ts';
import type { Link } from '../../../net/stack.ts';
import * as e from '../../abi/errno.ts';
import {
  IP_FREEBIND,
  IP_TRANSPARENT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_FREEBIND,
  IPV6_TRANSPARENT,
  IPV6_V6ONLY,
} from '../../abi/in.ts';
import { AF_INET6, SO_REUSEADDR, SO_REUSEPORT } from '../../abi/socket.ts';
import { fail } from '../../errors.ts';
import type { Task } from '../../task.ts';
import { OptionValues, Socket, type SocketKind } from '../posix-socket/lib.ts';
import { anyHost, type Endpoint, parseLocal, toSockaddr } from './endpoint.ts';
import { type Network, networkOf } from './network.ts';
import { getInetOption, optionKey, setInetOption } from './options.ts';

/** Ports below need privilege, net.ipv4.ip_unprivileged_port_start. */
export const FIRST_UNPRIVILEGED_PORT = 1024;

/** Options that let a socket have any address. */
const freeOptions = [
  [IPPROTO_IP, IP_FREEBIND],
  [IPPROTO_IP, IP_TRANSPARENT],
  [IPPROTO_IPV6, IPV6_FREEBIND],
  [IPPROTO_IPV6, IPV6_TRANSPARENT],
] as const;

export abstract class InetSocket extends Socket implements PortUser {
  readonly network: Network;
  readonly ownerUid: number;
  localHost: Address;
  /** 0: none yet. */
  localPort = 0;
  /** The peer, once connected. */
  remote: Endpoint | undefined = undefined;
  /** SO_BINDTODEVICE. */
  boundDevice: Link | undefined = undefined;
  /** IP_MULTICAST_IF, IPV6_MULTICAST_IF. */
  multicastLink: Link | undefined = undefined;
  /** Options of levels other than SOL_SOCKET, by `optionKey`. */
  readonly protocolOptions = new OptionValues();
  /** bind(2) chose the address, the port: disconnecting keeps them. */
  protected isHostBound = false;
  protected isPortBound = false;

  constructor(task: Task, kind: SocketKind, flags: number) {
    super(task, kind, flags);
    this.network = networkOf(task.kernel);
    this.ownerUid = task.process.credentials.euid;
    this.localHost = anyHost(kind.domain);
  }

  protected abstract readonly ports: PortTable<InetSocket>;
  /** True when the state of the socket lets it take a name. */
  protected abstract readonly mayBind: boolean;
  /** State as /proc/net and struct tcp_info number it. */
  abstract readonly tcpState: number;

  /** An option of IPPROTO_IP and the like as set, or 0. */
  protocolOption(level: number, name: number): number {
    return this.protocolOptions.get(optionKey(level, name)) ?? 0;
  }
  optionOr(level: number, name: number, initial: number): number {
    return this.protocolOptions.get(optionKey(level, name)) ?? initial;
  }
  get isV6Only(): boolean {
    return this.protocolOption(IPPROTO_IPV6, IPV6_V6ONLY) !== 0;
  }
  get reusesAddress(): boolean {
    return (this.options.get(SO_REUSEADDR) ?? 0) !== 0;
  }
  get reusesPort(): boolean {
    return (this.options.get(SO_REUSEPORT) ?? 0) !== 0;
  }

  override bind(task: Task, address: Uint8Array): number {
    const { domain } = this.kind;
    const { host, port } = parseLocal(domain, address);
    if (domain === AF_INET6 && isV4(host) && this.isV6Only) return -e.EINVAL;
    if (!this.mayHaveHost(host)) return -e.EADDRNOTAVAIL;
    if (port !== 0 && port < FIRST_UNPRIVILEGED_PORT && !task.process.credentials.isPrivileged) return -e.EACCES;
    if (!this.mayBind || this.localPort !== 0) return -e.EINVAL;
    const before = this.localHost;
    this.localHost = host;
    const chosen = port === 0 ? this.ports.ephemeral() : port;
    if (chosen === undefined || !this.ports.isFree(this, chosen)) {
      this.localHost = before;
      return -e.EADDRINUSE;
    }
    this.takePort(chosen);
    this.isHostBound = !isAny(host);
    this.isPortBound = port !== 0;
    return 0;
  }

  /** Addresses that sockets of this kind can have: the machine's, with IP_FREEBIND any. */
  protected mayHaveHost(host: Address): boolean {
    const { stack } = this.network;
    const isFree = freeOptions.some(([level, name]) => this.protocolOption(level, name) !== 0);
    return isFree || isAny(host) || (!isMulticast(host) && !stack.isBroadcast(host) && stack.isLocal(host));
  }

  protected takePort(port: number): void {
    this.localPort = port;
    this.ports.add(this, port);
  }

  /** Takes an ephemeral port unless it has one. `exhausted` is the error when there is none. */
  protected ensurePort(exhausted: number): void {
    if (this.localPort === 0) this.takePort(this.ports.ephemeral() ?? fail(exhausted));
  }

  protected releasePort(): void {
    if (this.localPort !== 0) this.ports.remove(this, this.localPort);
    this.localPort = 0;
  }

  /** The address that packets to `destination` leave from. ENETUNREACH; EINVAL from a loopback address to outside. */
  protected sourceFor(destination: Address): Address {
    const path = this.network.stack.pathTo(destination) ?? fail(e.ENETUNREACH);
    return isAny(this.localHost) ? path.source : this.localHost;
  }

  /** ENETUNREACH, EAFNOSUPPORT when this socket can't speak to addresses of that version. */
  protected checkVersion(destination: Address): void {
    if (this.kind.domain !== AF_INET6) return;
    if (isV4(destination) && this.isV6Only) fail(e.ENETUNREACH);
    if (!isAny(this.localHost) && isV4(destination) !== isV4(this.localHost)) {
      fail(isV4(destination) ? e.ENETUNREACH : e.EINVAL);
    }
  }

  override get device(): string {
    return this.boundDevice?.name ?? '';
  }
  override bindToDevice(name: string): number {
    const found = this.network.stack.links.find((link) => link.name === name);
    if (found === undefined && name !== '') return -e.ENODEV;
    this.boundDevice = found;
    return 0;
  }

  /** Connections that wait at a listening socket. */
  get waiting(): { readonly count: number; readonly limit: number } | undefined {
    return undefined;
  }

  /** TCP_CORK is set or cleared. */
  setCork(_isCorked: boolean): void {}
  /** Sends what TCP_CORK and MSG_MORE have held back. */
  pushHeld(): void {}
  /** Sends what UDP_CORK has held back: 0 or -errno. */
  uncork(): number {
    return 0;
  }

  override localAddress(): Uint8Array {
    return toSockaddr(this.kind.domain, { host: this.localHost, port: this.localPort });
  }
  override peerAddress(): Uint8Array | number {
    return this.remote === undefined ? -e.ENOTCONN : toSockaddr(this.kind.domain, this.remote);
  }
  override getOption(level: number, name: number): Uint8Array | number {
    return getInetOption(this, level, name);
  }
  override setOption(level: number, name: number, value: Uint8Array): number {
    return setInetOption(this, level, name, value);
  }
}

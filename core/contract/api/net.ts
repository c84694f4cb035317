/**
 * Virtual networks, and the networking of machines that run: connections, counters, forwards, captures and faults on purpose.
 *
 * `vm` is an instance's id or name, or the name or an address of any machine that runs, be it of `elfdeck run` or of another
 * process of this user. What is changed of a running machine lasts until its end; what shall last longer belongs in its spec.
 */
import * as z from 'zod/mini';
import type { CardFigures, ConnectionFigures } from '../../net/figures.ts';
import { call, event, Nothing } from '../contract.ts';
import { FaultRule, ForwardSpec } from '../vm-spec.ts';
import { VmRef } from './vm.ts';

export type { CardFigures, ConnectionFigures, SocketState } from '../../net/figures.ts';

export const NetworkRef = z.object({ network: z.string().check(z.minLength(1)) });

/** A machine on a network. */
export interface NetworkMachine {
  name: string;
  addresses: string[];
  /** The process that runs it, and whether that is the one that answers. */
  pid: number;
  isOwn: boolean;
}

export interface NetworkInfo {
  name: string;
  /** IPv4 and IPv6 prefixes. */
  subnet: string;
  subnet6?: string;
  /** The host's addresses on it: gateway, name server, forwards. */
  gateways: string[];
  /** No way out of it but forwards. */
  isIsolated: boolean;
  /** It cannot be removed. */
  isBuiltIn: boolean;
  machines: NetworkMachine[];
}

/** A port of the host that leads into a machine. */
export interface ForwardInfo {
  address: string;
  hostPort: number;
  guestPort: number;
  protocol: 'tcp' | 'udp';
}

/** The networking of a machine that runs. */
export interface MachineNetwork {
  name: string;
  cards: CardFigures[];
  forwards: ForwardInfo[];
  faults: FaultRule[];
  /** Absolute path of the file that takes the capture. */
  capture?: string;
}

export const netCalls = {
  'net.list': call<NetworkInfo[]>()('List the networks and the machines on them', Nothing),
  'net.create': call<NetworkInfo>()(
    'Make a network; without a subnet it has a free one',
    z.object({
      name: z.string(),
      subnet: z.optional(z.string()),
      subnet6: z.optional(z.string()),
      isIsolated: z.optional(z.boolean()),
    }),
  ),
  'net.remove': call<null>()('Remove a network that no machine is on', NetworkRef),
  'net.machine': call<MachineNetwork>()('Cards with their counters, forwards, faults and capture of a machine', VmRef),
  'net.conns': call<ConnectionFigures[]>()('List the sockets of a running machine', VmRef),
  'net.forward': call<ForwardInfo>()(
    'Forward one more port of this computer to a running machine; its port 0 means any that is free',
    z.object({ vm: z.string(), forward: ForwardSpec }),
  ),
  'net.unforward': call<null>()(
    'End a forward; connections that it has brought go on',
    z.object({
      vm: z.string(),
      hostPort: z.int(),
      protocol: z.enum(['tcp', 'udp']),
      /** Needed when several forwards have that port. */
      address: z.optional(z.string()),
    }),
  ),
  'net.capture': call<null>()(
    'Write what passes the cards of a running machine to a file (pcapng) from now on; null: no more',
    z.object({ vm: z.string(), path: z.nullable(z.string()) }),
  ),
  'net.set-faults': call<null>()(
    'Replace the faults on purpose of a running machine; none of them: an empty list',
    z.object({ vm: z.string(), faults: z.array(FaultRule) }),
  ),
  'net.changed': event<null>('Networks, machines on them, forwards, captures or faults have changed'),
} as const;

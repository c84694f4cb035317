/** RTM_GETROUTE, RTM_GETNEIGH and RTM_GETRULE, rtnetlink(7): the tables main and local, neighbours, policy rules. */
import { bytesToStr } from '../../../base/bytes.ts';
import { type Address, ANY4, ANY6, fromV4, isAny, isV4, LOOPBACK4, LOOPBACK6 } from '../../../net/address.ts';
import { broadcastOf, findRoute } from '../../../net/routes.ts';
import type { Link } from '../../../net/stack.ts';
import { EINVAL, ENETUNREACH } from '../../abi/errno.ts';
import * as nl from '../../abi/netlink.ts';
import { AF_INET, AF_INET6 } from '../../abi/socket.ts';
import { fail } from '../../errors.ts';
import type { Network } from '../lwip/lib.ts';
import { addressBytes, familyOf } from './links.ts';
import { type Answer, parseAttributes } from './message.ts';

/** Metrics that Linux gives to IPv6 routes of the kernel and of others. */
const KERNEL_METRIC6 = 256;
const USER_METRIC6 = 1024;

interface RouteRow {
  readonly destination: Address;
  readonly prefixLen: number;
  readonly link: Link;
  readonly table: number;
  readonly type: number;
  readonly scope: number;
  readonly protocol: number;
  readonly gateway?: Address | undefined;
  readonly source?: Address | undefined;
  readonly metric?: number | undefined;
}

/** What the transport routes by: prefixes of cards and gateways. */
function mainRows({ transport }: Network): RouteRow[] {
  return (transport?.routes ?? []).map(({ destination, prefixLen, gateway, link }) => {
    const isOld = isV4(destination);
    const own = link.addresses.find(({ address }) => isV4(address) === isOld)?.address;
    return {
      ...{ destination, prefixLen, link, gateway, table: nl.RT_TABLE_MAIN, type: nl.RTN_UNICAST },
      scope: isOld && gateway === undefined ? nl.RT_SCOPE_LINK : nl.RT_SCOPE_UNIVERSE,
      protocol: gateway === undefined ? nl.RTPROT_KERNEL : nl.RTPROT_BOOT,
      source: isOld && gateway === undefined ? own : undefined,
      metric: isOld ? undefined : gateway === undefined ? KERNEL_METRIC6 : USER_METRIC6,
    };
  });
}

/** The machine's own addresses. */
function localRows({ stack }: Network): RouteRow[] {
  const rows: RouteRow[] = [];
  const local = { table: nl.RT_TABLE_LOCAL, protocol: nl.RTPROT_KERNEL };
  for (const link of stack.links) {
    for (const own of link.addresses) {
      const { address } = own;
      const source = isV4(address) ? address : undefined;
      const metric = isV4(address) ? undefined : 0;
      const scope = isV4(address) ? nl.RT_SCOPE_HOST : nl.RT_SCOPE_UNIVERSE;
      const host = { ...local, link, type: nl.RTN_LOCAL, scope, source, metric };
      if (address === LOOPBACK4) rows.push({ ...host, destination: fromV4(Uint8Array.of(127, 0, 0, 0)), prefixLen: 8 });
      rows.push({ ...host, destination: address, prefixLen: isV4(address) ? 32 : 128 });
      const broadcast = broadcastOf(own);
      if (broadcast !== undefined)
        rows.push({
          ...{ ...local, link, source, destination: broadcast, prefixLen: 32 },
          ...{ type: nl.RTN_BROADCAST, scope: nl.RT_SCOPE_LINK },
        });
    }
  }
  return rows;
}

function routeAnswer(row: RouteRow, flags = 0): Answer {
  const { destination, prefixLen, link, table, type, scope, protocol, gateway, source, metric } = row;
  const fixed = new Uint8Array(nl.RTMSG_SIZE);
  fixed.set([familyOf(destination), prefixLen, 0, 0, table, protocol, scope, type]);
  new DataView(fixed.buffer).setUint32(8, flags, true);
  const isOld = isV4(destination);
  return {
    type: nl.RTM_NEWROUTE,
    fixed,
    attributes: [
      [nl.RTA_TABLE, table],
      [nl.RTA_DST, prefixLen === 0 && isAny(destination) ? undefined : addressBytes(destination)],
      [nl.RTA_PREFSRC, source && addressBytes(source)],
      [nl.RTA_PRIORITY, metric],
      [nl.RTA_GATEWAY, gateway && addressBytes(gateway)],
      [nl.RTA_OIF, link.index],
      [nl.RTA_CACHEINFO, isOld ? undefined : new Uint8Array(32)],
      [nl.RTA_PREF, isOld ? undefined : Uint8Array.of(0)],
    ],
  };
}

export function routeAnswers(network: Network, family: number): Answer[] {
  const rows = [...mainRows(network), ...localRows(network)];
  return [AF_INET, AF_INET6]
    .filter((each) => family === 0 || family === each)
    .flatMap((each) => rows.filter(({ destination }) => familyOf(destination) === each))
    .map((row) => routeAnswer(row));
}

/** The address in an attribute. EINVAL for another length. */
export function parseAddress(bytes: Uint8Array): Address {
  if (bytes.length === 4) return fromV4(bytes);
  return bytes.length === 16 ? bytesToStr(bytes) : fail(EINVAL);
}

/** `ip route get`: the way to one destination. ENETUNREACH. */
export function routeTo(network: Network, body: Uint8Array): Answer {
  const attributes = parseAttributes(body, nl.RTMSG_SIZE);
  const wanted = attributes.get(nl.RTA_DST);
  const destination = wanted === undefined ? (body[0] === AF_INET6 ? ANY6 : ANY4) : parseAddress(wanted);
  const path = network.stack.pathTo(isAny(destination) ? LOOPBACK_OF(destination) : destination) ?? fail(ENETUNREACH);
  const isLocal = network.stack.isLocal(destination);
  const gateway = isLocal ? undefined : findRoute(network.transport?.routes ?? [], destination)?.gateway;
  return routeAnswer(
    {
      ...{ destination, prefixLen: isV4(destination) ? 32 : 128, link: path.link, gateway, source: path.source },
      table: isLocal ? nl.RT_TABLE_LOCAL : nl.RT_TABLE_MAIN,
      type: isLocal ? nl.RTN_LOCAL : nl.RTN_UNICAST,
      ...{ scope: nl.RT_SCOPE_UNIVERSE, protocol: 0 },
    },
    nl.RTM_F_CLONED,
  );
}

const LOOPBACK_OF = (any: Address): Address => (any === ANY6 ? LOOPBACK6 : LOOPBACK4);

/** The rules that every machine has: local, main and (IPv4) default table. */
export function ruleAnswers(family: number): Answer[] {
  const rule = (of: number, priority: number, table: number): Answer => {
    const fixed = new Uint8Array(nl.RTMSG_SIZE);
    fixed.set([of, 0, 0, 0, table, 0, 0, nl.FR_ACT_TO_TBL]);
    const shown = priority === 0 ? undefined : priority;
    return {
      type: nl.RTM_NEWRULE,
      fixed,
      attributes: [
        [nl.FRA_TABLE, table],
        [nl.FRA_PRIORITY, shown],
      ],
    };
  };
  const both = [AF_INET, AF_INET6].filter((each) => family === 0 || family === each);
  return both.flatMap((of) => [
    rule(of, 0, nl.RT_TABLE_LOCAL),
    rule(of, 32766, nl.RT_TABLE_MAIN),
    ...(of === AF_INET ? [rule(of, 32767, nl.RT_TABLE_DEFAULT)] : []),
  ]);
}

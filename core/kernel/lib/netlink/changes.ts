/** What root may change by rtnetlink(7): addresses of cards and routes. The network learns new addresses from the transport. */
import { type Address, ANY4, ANY6 } from '../../../net/address.ts';
import { maskAddress } from '../../../net/address-text.ts';
import type { Link, LinkAddress } from '../../../net/stack.ts';
import type { Route, Transport } from '../../../net/transport.ts';
import * as e from '../../abi/errno.ts';
import * as n from '../../abi/in.ts';
import * as nl from '../../abi/netlink.ts';
import { AF_INET6 } from '../../abi/socket.ts';
import { fail } from '../../errors.ts';
import type { Network } from '../lwip/lib.ts';
import { namedLink } from './links.ts';
import { parseAttributes, type Request, u32 } from './message.ts';
import { parseAddress } from './routes.ts';

/** The loopback keeps what it has, and so does a machine on no network. */
function changeable({ transport }: Network, link: Link): Transport {
  return transport === undefined || link.isLoopback ? fail(e.EOPNOTSUPP) : transport;
}

function linkOf({ stack }: Network, index: number): Link {
  return stack.links.find((link) => link.index === index) ?? fail(e.ENODEV);
}

function addressOf(body: Uint8Array): LinkAddress {
  const attributes = parseAttributes(body, nl.IFADDRMSG_SIZE);
  const bytes = attributes.get(nl.IFA_LOCAL) ?? attributes.get(nl.IFA_ADDRESS) ?? fail(e.EINVAL);
  const broadcast = attributes.get(nl.IFA_BROADCAST);
  const address = parseAddress(bytes);
  const prefixLen = body[1]!;
  if (prefixLen > bytes.length * 8) fail(e.EINVAL);
  return { address, prefixLen, ...(broadcast && { broadcast: parseAddress(broadcast) }) };
}

export function addAddress(network: Network, { body, flags }: Request): number {
  const own = addressOf(body);
  const link = linkOf(network, u32(body, 4));
  const transport = changeable(network, link);
  const others = link.addresses.filter(({ address }) => address !== own.address);
  const isKnown = others.length < link.addresses.length;
  if (isKnown && !(flags & nl.NLM_F_REPLACE)) return -e.EEXIST;
  transport.setAddresses(link, [...others, own]);
  network.changed();
  return 0;
}

export function removeAddress(network: Network, { body }: Request): number {
  const own = addressOf(body);
  const link = linkOf(network, u32(body, 4));
  const transport = changeable(network, link);
  const others = link.addresses.filter(({ address }) => address !== own.address);
  if (others.length === link.addresses.length) return -e.EADDRNOTAVAIL;
  transport.setAddresses(link, others);
  network.changed();
  return 0;
}

/** Links are up for good: asking for what they are is granted. */
export function setLink(network: Network, { body }: Request): number {
  const link = namedLink(network, body);
  const [flags, change] = [u32(body, 8), u32(body, 12)];
  const attributes = parseAttributes(body, nl.IFINFOMSG_SIZE);
  const mtu = attributes.get(nl.IFLA_MTU);
  if (mtu !== undefined && u32(mtu) !== link.mtu) return -e.EOPNOTSUPP;
  return change & n.IFF_UP && !(flags & n.IFF_UP) ? -e.EOPNOTSUPP : 0;
}

function routeOf(network: Network, body: Uint8Array): { route: Route; transport: Transport } {
  const attributes = parseAttributes(body, nl.RTMSG_SIZE);
  const [gateway, wanted, oif] = [nl.RTA_GATEWAY, nl.RTA_DST, nl.RTA_OIF].map((type) => attributes.get(type));
  const any: Address = body[0] === AF_INET6 ? ANY6 : ANY4;
  const prefixLen = body[1]!;
  const destination = wanted === undefined ? any : maskAddress(parseAddress(wanted), prefixLen);
  const via = gateway === undefined ? undefined : parseAddress(gateway);
  const link =
    oif !== undefined
      ? linkOf(network, u32(oif))
      : ((via === undefined ? undefined : network.stack.pathTo(via)?.link) ?? fail(e.ENETUNREACH));
  return { route: { destination, prefixLen, gateway: via, link }, transport: changeable(network, link) };
}

const isSamePlace = (a: Route, b: Route): boolean => a.destination === b.destination && a.prefixLen === b.prefixLen;

export function addRoute(network: Network, { body, flags }: Request): number {
  const { route, transport } = routeOf(network, body);
  const others = transport.routes.filter((each) => !isSamePlace(each, route));
  if (others.length < transport.routes.length && !(flags & nl.NLM_F_REPLACE)) return -e.EEXIST;
  transport.setRoutes([...others, route]);
  network.changed();
  return 0;
}

export function removeRoute(network: Network, { body }: Request): number {
  const attributes = parseAttributes(body, nl.RTMSG_SIZE);
  const { transport } = network;
  if (transport === undefined) return -e.ESRCH;
  const wanted = attributes.get(nl.RTA_DST);
  const gateway = attributes.get(nl.RTA_GATEWAY);
  const prefixLen = body[1]!;
  const destination =
    wanted === undefined ? (body[0] === AF_INET6 ? ANY6 : ANY4) : maskAddress(parseAddress(wanted), prefixLen);
  const others = transport.routes.filter(
    (each) =>
      !isSamePlace(each, { ...each, destination, prefixLen }) ||
      (gateway !== undefined && each.gateway !== parseAddress(gateway)),
  );
  if (others.length === transport.routes.length) return -e.ESRCH;
  transport.setRoutes(others);
  network.changed();
  return 0;
}

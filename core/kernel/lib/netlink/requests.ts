/** What NETLINK_ROUTE answers to each request, rtnetlink(7). */
import { EOPNOTSUPP, EPERM } from '../../abi/errno.ts';
import * as nl from '../../abi/netlink.ts';
import type { Task } from '../../task.ts';
import type { Network } from '../lwip/lib.ts';
import { addAddress, addRoute, removeAddress, removeRoute, setLink } from './changes.ts';
import { addressAnswers, linkAnswer, namedLink } from './links.ts';
import type { Answer, Request } from './message.ts';
import { routeAnswers, routeTo, ruleAnswers } from './routes.ts';

type Dump = (network: Network, family: number) => Answer[];

const dumps = new Map<number, Dump>([
  [nl.RTM_GETLINK, ({ stack }) => stack.links.map(linkAnswer)],
  [nl.RTM_GETADDR, addressAnswers],
  [nl.RTM_GETROUTE, routeAnswers],
  [nl.RTM_GETRULE, (_network, family) => ruleAnswers(family)],
  // The transport resolves addresses itself; no table of them exists.
  [nl.RTM_GETNEIGH, () => []],
  [nl.RTM_GETQDISC, () => []],
]);

const single = new Map<number, (network: Network, request: Request) => Answer>([
  [nl.RTM_GETLINK, (network, { body }) => linkAnswer(namedLink(network, body))],
  [nl.RTM_GETROUTE, (network, { body }) => routeTo(network, body)],
]);

const changes = new Map<number, (network: Network, request: Request) => number>([
  [nl.RTM_SETLINK, setLink],
  [nl.RTM_NEWLINK, setLink],
  [nl.RTM_NEWADDR, addAddress],
  [nl.RTM_DELADDR, removeAddress],
  [nl.RTM_NEWROUTE, addRoute],
  [nl.RTM_DELROUTE, removeRoute],
]);

/** Kinds of messages go in fours: NEW, DEL, GET, SET. */
const isGet = (type: number): boolean => type % 4 === 2;

/** The answers to a request, `isDump` when they are a list; or 0 or -errno. Throws SysError. */
export function answerRoute(
  task: Task,
  network: Network,
  request: Request,
): { answers: Answer[]; isDump: boolean } | number {
  const { type, flags, body } = request;
  if (!isGet(type)) {
    if (!task.process.credentials.isPrivileged) return -EPERM;
    return changes.get(type)?.(network, request) ?? -EOPNOTSUPP;
  }
  if ((flags & nl.NLM_F_DUMP) !== 0) {
    const dump = dumps.get(type);
    return dump === undefined ? -EOPNOTSUPP : { answers: dump(network, body[0] ?? 0), isDump: true };
  }
  const one = single.get(type);
  return one === undefined ? -EOPNOTSUPP : { answers: [one(network, request)], isDump: false };
}

/** The networking of a spec as a form has it: texts that may be wrong while they are typed, and what is wrong with them. */
import type { ForwardSpec, OutsideSpec, VmSpec } from '../../core/contract/vm-spec.ts';

export const DEFAULT_NETWORK = 'default';
const LOOPBACK = '127.0.0.1';

/** A type, so that the table of rows takes it. */
export type ForwardRow = { address: string; hostPort: string; guestPort: string; protocol: string };
export interface NetworkDraft {
  /** Addresses on each network that it is on, in words; empty: leased. */
  cards: Record<string, string>;
  outside: OutsideSpec['mode'];
  /** One destination a line. */
  listed: string;
  hostPorts: string;
  forwards: ForwardRow[];
}
export interface DraftProblem {
  key: 'forward' | 'hostPorts';
  /** Of the row, from 0. */
  row: number;
}

type NetworkSpec = Pick<VmSpec, 'network' | 'networks' | 'forwards' | 'outside'>;

export const emptyForward: ForwardRow = { address: LOOPBACK, hostPort: '', guestPort: '', protocol: 'tcp' };
const words = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '');

export function draftOf({ network, networks = [], forwards = [], outside }: NetworkSpec): NetworkDraft {
  const cards = networks.length > 0 ? networks : network ? [{ network: DEFAULT_NETWORK, addresses: [] }] : [];
  return {
    cards: Object.fromEntries(cards.map((card) => [card.network, card.addresses.join(' ')])),
    outside: outside?.mode ?? (cards.length > 0 ? 'open' : 'none'),
    listed: outside?.listed.join('\n') ?? '',
    hostPorts: outside?.hostPorts.join(' ') ?? '',
    forwards: forwards.map(({ address, hostPort, guestPort, protocol }) => ({
      address,
      hostPort: hostPort === 0 ? '' : String(hostPort),
      guestPort: String(guestPort),
      protocol,
    })),
  };
}

/** A port, or undefined. An empty text is 0 where that means any free one. */
function portOf(text: string, mayBeAny: boolean): number | undefined {
  const trimmed = text.trim();
  if (mayBeAny && (trimmed === '' || trimmed === 'auto')) return 0;
  const port = /^\d{1,5}$/.test(trimmed) ? Number(trimmed) : -1;
  return port >= (mayBeAny ? 0 : 1) && port < 65_536 ? port : undefined;
}

function forwardOf(row: ForwardRow): ForwardSpec | undefined {
  const hostPort = portOf(row.hostPort, true);
  const guestPort = portOf(row.guestPort, false);
  const protocol = row.protocol.trim().toLowerCase() || 'tcp';
  if (hostPort === undefined || guestPort === undefined || (protocol !== 'tcp' && protocol !== 'udp')) return undefined;
  return { address: row.address.trim() || LOOPBACK, hostPort, guestPort, protocol };
}

export function problemsOf({ forwards, hostPorts }: NetworkDraft): DraftProblem[] {
  const wrong: DraftProblem[] = forwards.flatMap((row, index) =>
    forwardOf(row) === undefined ? [{ key: 'forward' as const, row: index }] : [],
  );
  if (words(hostPorts).some((word) => portOf(word, false) === undefined)) wrong.push({ key: 'hostPorts', row: 0 });
  return wrong;
}

/** The spec's part. Precondition: nothing is wrong with the draft. */
export function specOf(draft: NetworkDraft): Required<NetworkSpec> {
  const networks = Object.entries(draft.cards).map(([network, text]) => ({ network, addresses: words(text) }));
  const isPlain =
    networks.length === 1 && networks[0]!.network === DEFAULT_NETWORK && draft.cards[DEFAULT_NETWORK] === '';
  return {
    network: isPlain,
    networks: isPlain ? [] : networks,
    forwards: draft.forwards.map((row) => forwardOf(row)!),
    outside: { mode: draft.outside, listed: words(draft.listed), hostPorts: words(draft.hostPorts).map(Number) },
  };
}

const keyOf = ({ address, hostPort, guestPort, protocol }: ForwardSpec): string =>
  `${protocol} ${address} ${hostPort} ${guestPort}`;
/** What to end and what to open on a running machine. */
export function forwardChanges(
  before: readonly ForwardSpec[],
  after: readonly ForwardSpec[],
): { closed: ForwardSpec[]; opened: ForwardSpec[] } {
  const [old, now] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))];
  return {
    closed: before.filter((forward) => !now.has(keyOf(forward))),
    opened: after.filter((forward) => !old.has(keyOf(forward))),
  };
}

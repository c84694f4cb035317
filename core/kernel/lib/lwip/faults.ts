/** Why a connection or datagram failed outside, as the errno that Linux has for the packets which would tell it. */
import type { StreamFault } from '../../../net/transport.ts';
import * as e from '../../abi/errno.ts';

const errnos: Record<StreamFault, number> = {
  refused: e.ECONNREFUSED,
  reset: e.ECONNRESET,
  timeout: e.ETIMEDOUT,
  'host-unreachable': e.EHOSTUNREACH,
  'network-unreachable': e.ENETUNREACH,
  // As a local firewall rule gives it, connect(2).
  prohibited: e.EACCES,
  busy: e.ENOBUFS,
};

/** Positive. */
export const errnoOf = (fault: StreamFault): number => errnos[fault];

/**
 * Which addresses lead back to this computer. A guest must not reach the host's own services by a detour: by 127.0.0.1 or
 * ::1, by 0.0.0.0, which the host's connect takes for itself, by the address of one of its interfaces, or by IPv6 forms of
 * any of these.
 */
import { networkInterfaces } from 'node:os';
import { strToBytes } from '../../base/bytes.ts';
import { type Address, ANY4, fromV4, isInPrefix, isMulticast, isV4, LOOPBACK4, v4 } from '../../net/address.ts';
import { parseAddress } from '../../net/address-text.ts';

/** Interfaces come and go (VPN, Wi-Fi); this long an old list may be used. */
const FRESH_MS = 1000;

const fixed = (text: string): Address => parseAddress(text)!;
/** Prefixes whose last four bytes are an IPv4 address: compatible, translated (RFC 6052), local-use translated (RFC 8215). */
const embedding = [fixed('::'), fixed('64:ff9b::'), fixed('64:ff9b:1::'), fixed('::ffff:0:0:0')];
const LINK_LOCAL6 = fixed('fe80::');
const SITE_6TO4 = fixed('2002::');

export class OwnAddresses {
  private known = new Set<Address>();
  private readAtMs = Number.NEGATIVE_INFINITY;

  private read(): ReadonlySet<Address> {
    const now = performance.now();
    if (now - this.readAtMs > FRESH_MS) {
      this.readAtMs = now;
      const texts = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
      this.known = new Set(texts.flatMap((text) => parseAddress(text.replace(/%.*/, '')) ?? []));
    }
    return this.known;
  }

  /** True when a connection there could end on this computer. */
  isOwn(address: Address): boolean {
    if (isV4(address)) {
      return isInPrefix(address, LOOPBACK4, 8) || isInPrefix(address, ANY4, 8) || this.read().has(address);
    }
    if (embedding.some((prefix) => isInPrefix(address, prefix, 96))) return true;
    if (isInPrefix(address, SITE_6TO4, 16) && this.isOwn(fromV4(strToBytes(address.slice(2, 6))))) return true;
    return isInPrefix(address, LINK_LOCAL6, 10) || this.read().has(address);
  }

  /** What no connection or datagram goes to: this computer, groups, and everybody. */
  isClosed(address: Address): boolean {
    return isMulticast(address) || address === v4(255, 255, 255, 255) || this.isOwn(address);
  }
}

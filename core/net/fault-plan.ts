/** Faults on purpose as rules: whom one is about, and which rule counts for an address. */
import type { Address } from './address.ts';
import { isV4 } from './address.ts';
import { type Prefix, parseAddress, parsePrefix } from './address-text.ts';

/** What `peer` of a rule means: addresses, what is beyond the network, or a machine's name. Undefined when malformed. */
export function parsePeer(text: string): { prefix: Prefix } | { name: string } | 'outside' | undefined {
  if (text === 'outside') return 'outside';
  const address: Address | undefined = parseAddress(text);
  if (address !== undefined) return { prefix: { network: address, prefixLen: isV4(address) ? 32 : 128 } };
  if (text.includes('/')) {
    const prefix = parsePrefix(text);
    return prefix && { prefix };
  }
  return /^[a-z0-9][a-z0-9_.-]*$/i.test(text) ? { name: text } : undefined;
}

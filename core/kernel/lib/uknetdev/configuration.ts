/** Static addresses of the network interfaces, from the kernel command line (netdev.ip and its older forms). */
import { service } from '../../kernel.ts';
import { ParameterError } from '../../parameters.ts';

export interface InterfaceConfiguration {
  address?: string;
  prefixLen?: number;
  gateway?: string;
  dns?: string[];
  hostname?: string;
  domain?: string;
}

/** By position of the interface. */
export const interfaceConfigurations = service('uknetdev', (): InterfaceConfiguration[] => []);

export function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

function requireIpv4(text: string, what: string, index: number): string {
  if (!isIpv4(text)) throw new ParameterError(`"${text}" is no IPv4 address for ${what}`, index);
  return text;
}

/** `cidr[:gw[:dns0[:dns1[:hostname[:domain]]]]]`; parts may be empty. */
export function parseNetdevIp(value: string, index: number): InterfaceConfiguration {
  const [cidr = '', gateway = '', dns0 = '', dns1 = '', hostname = '', domain = '', ...rest] = value.split(':');
  if (rest.length > 0) throw new ParameterError(`"${value}" has more than six parts`, index);
  const configuration: InterfaceConfiguration = {};
  if (cidr !== '') {
    const [address = '', prefix = ''] = cidr.split('/');
    configuration.address = requireIpv4(address, 'the interface', index);
    if (!/^\d+$/.test(prefix) || Number(prefix) > 32) {
      throw new ParameterError(`"${cidr}" needs a prefix length, as in 172.44.0.2/24`, index);
    }
    configuration.prefixLen = Number(prefix);
  }
  if (gateway !== '') configuration.gateway = requireIpv4(gateway, 'the gateway', index);
  const dns = [dns0, dns1]
    .filter((server) => server !== '')
    .map((server) => requireIpv4(server, 'a DNS server', index));
  if (dns.length > 0) configuration.dns = dns;
  if (hostname !== '') configuration.hostname = hostname;
  if (domain !== '') configuration.domain = domain;
  return configuration;
}

/** Number of leading ones of a netmask. */
export function prefixLenOf(mask: string): number {
  const bits = requireIpv4(mask, 'the netmask', 0)
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
  if (!/^1*0*$/.test(bits)) throw new ParameterError(`"${mask}" is no netmask: its ones are not in front`);
  return bits.lastIndexOf('1') + 1;
}

/** An address in the older form, with or without a prefix length. */
export function parseAddress(value: string): InterfaceConfiguration {
  const [address = '', prefix] = value.split('/');
  requireIpv4(address, 'the interface', 0);
  return prefix === undefined ? { address } : parseNetdevIp(value, 0);
}

export function requireGateway(value: string): string {
  return requireIpv4(value, 'the gateway', 0);
}

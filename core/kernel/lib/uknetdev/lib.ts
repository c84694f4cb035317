/** uknetdev: configuration of network interfaces; the interfaces themselves come with the network stack. */
import type { Kernel } from '../../kernel.ts';
import { defineLib } from '../../lib.ts';
import {
  type InterfaceConfiguration,
  interfaceConfigurations,
  parseAddress,
  parseNetdevIp,
  prefixLenOf,
  requireGateway,
} from './configuration.ts';

/** Merges what one of the older parameters says about the first interface. */
function setFirst(kernel: Kernel, change: InterfaceConfiguration): void {
  const list = interfaceConfigurations(kernel);
  list[0] = { ...list[0], ...change };
}

export const uknetdev = defineLib({
  name: 'uknetdev',
  option: 'LIBUKNETDEV',
  summary: 'network interface configuration (kept for the network stack)',
  needs: [],
  syscalls: [],
  parameters: [
    {
      name: 'netdev.ip',
      help: 'static addresses, one for each interface: cidr[:gw[:dns0[:dns1[:hostname[:domain]]]]]',
      isList: true,
      apply(kernel, values) {
        const list = interfaceConfigurations(kernel);
        for (const [index, value] of values.entries()) list[index] = parseNetdevIp(value, index);
        const [first] = list;
        if (first?.hostname !== undefined) kernel.hostname = first.hostname;
        if (first?.domain !== undefined) kernel.domainname = first.domain;
      },
    },
    {
      name: 'netdev.ipv4_addr',
      help: 'address of the first interface',
      isList: false,
      apply: (kernel, [value = '']) => setFirst(kernel, parseAddress(value)),
    },
    {
      name: 'netdev.ipv4_gw_addr',
      help: 'gateway of the first interface',
      isList: false,
      apply: (kernel, [value = '']) => setFirst(kernel, { gateway: requireGateway(value) }),
    },
    {
      name: 'netdev.ipv4_subnet_mask',
      help: 'netmask of the first interface',
      isList: false,
      apply: (kernel, [value = '']) => setFirst(kernel, { prefixLen: prefixLenOf(value) }),
    },
  ],
});

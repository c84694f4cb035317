import { describe, expect, it } from 'vitest';
import { compileC, runGuest, runNative } from '../support/c-program.ts';

const programs = [
  ['pipes', 'pipes and FIFOs'],
  ['events', 'poll, select, epoll and event descriptors'],
  ['unix-sockets', 'unix domain sockets'],
  ['internet-sockets', 'TCP and UDP sockets over the loopback'],
  ['stream-sockets', 'urgent data, transfers, shared ports'],
  ['datagram-sockets', 'UDP, multicast, ICMP'],
  ['netlink', 'links, addresses and routes by netlink'],
  ['pseudoterminals', 'pseudoterminals'],
] as const;

describe('files that programs wait for', () => {
  for (const [name, what] of programs) {
    it(`answer as on Linux: ${what}`, (context) => {
      const program = compileC(context, name);
      expect(runGuest(program)).toEqual(runNative(program));
    });
  }
});

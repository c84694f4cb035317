import { describe, expect, it } from 'vitest';
import { networkSpec, parseForward } from '../../../../core/cli/network-options.ts';

describe('network options', () => {
  it.each([
    ['8080:80', { address: '127.0.0.1', hostPort: 8080, guestPort: 80, protocol: 'tcp' }],
    ['auto:80', { address: '127.0.0.1', hostPort: 0, guestPort: 80, protocol: 'tcp' }],
    ['0.0.0.0:53:53/udp', { address: '0.0.0.0', hostPort: 53, guestPort: 53, protocol: 'udp' }],
    ['[::1]:8080:80', { address: '::1', hostPort: 8080, guestPort: 80, protocol: 'tcp' }],
  ])('-p %s', (text, forward) => {
    expect(parseForward(text)).toEqual(forward);
  });

  it.each(['80', ':80', '80:', '0:80', '80:0', '65536:1', 'x:80', '1.2.3:80:80', '80:80/sctp', '1:2:3:4', '8080:80/'])(
    'refuses -p %s in one line',
    (text) => {
      expect(() => parseForward(text)).toThrow(/^-p [^\n]*: [^\n]+$/);
    },
  );

  it('take several forwards, and refuse the same port twice', () => {
    expect(networkSpec({ publish: ['auto:80', 'auto:81', '9000:80'] }).forwards).toHaveLength(3);
    expect(() => networkSpec({ publish: ['9000:80', '0.0.0.0:9000:81'] })).toThrow(
      'port 9000 is forwarded by -p 9000:80 already',
    );
  });

  it('say where the guest may go', () => {
    expect(networkSpec({ network: true, allow: ['localhost:6379'] }).outside).toEqual({
      mode: 'open',
      listed: [],
      hostPorts: [6379],
    });
    expect(networkSpec({ network: true, allow: ['example.org:443'] }).outside).toEqual({
      mode: 'listed',
      listed: ['example.org:443'],
      hostPorts: [],
    });
    expect(networkSpec({ network: true, allow: ['none'] }).outside?.mode).toBe('none');
    expect(() => networkSpec({ network: true, allow: ['a b'] })).toThrow('--allow a b');
    expect(() => networkSpec({ allow: ['none'] })).toThrow('add -n');
  });
});

import { describe, expect, it } from 'vitest';
import { vmSpec } from '../../core/contract/vm-spec.ts';
import { draftOf, forwardChanges, problemsOf, specOf } from '../../renderer/network/network-draft.ts';

const spec = (given: Partial<Parameters<typeof vmSpec>[0]>) => vmSpec({ program: [], ...given });
const web = { address: '127.0.0.1', hostPort: 8080, guestPort: 80, protocol: 'tcp' } as const;

describe('network draft', () => {
  it('gives back what a spec has', () => {
    const given = {
      network: false,
      networks: [
        { network: 'lab', addresses: ['10.5.0.9'] },
        { network: 'default', addresses: [] },
      ],
      forwards: [web, { ...web, hostPort: 0, protocol: 'udp' as const }],
      outside: { mode: 'listed' as const, listed: ['example.com:443', '10.0.0.0/8'], hostPorts: [5432] },
    };
    expect(specOf(draftOf(spec(given)))).toEqual(given);
  });
  it('takes the short form for a plain card on the default network, and closes the way out without cards', () => {
    const plain = draftOf(spec({ network: true }));
    expect(specOf(plain)).toMatchObject({ network: true, networks: [], outside: { mode: 'open' } });
    expect(draftOf(spec({})).outside).toBe('none');
  });
  it('says which rows are wrong', () => {
    const row = (change: object) => ({ address: '', hostPort: '', guestPort: '80', protocol: 'tcp', ...change });
    const draft = {
      ...draftOf(spec({})),
      forwards: [row({}), row({ guestPort: '' }), row({ hostPort: '65536' }), row({ protocol: 'sctp' })],
      hostPorts: '80, x',
    };
    expect(problemsOf(draft)).toEqual([
      { key: 'forward', row: 1 },
      { key: 'forward', row: 2 },
      { key: 'forward', row: 3 },
      { key: 'hostPorts', row: 0 },
    ]);
  });
  it('finds the forwards to open and to end on a running machine', () => {
    const other = { ...web, hostPort: 9090 };
    expect(forwardChanges([web], [other])).toEqual({ closed: [web], opened: [other] });
    expect(forwardChanges([web], [{ ...web }])).toEqual({ closed: [], opened: [] });
  });
});

import { describe, expect, it } from 'vitest';
import { type VmSpec, vmSpec } from '../../../../core/contract/vm-spec.ts';
import { posixEnviron } from '../../../../core/kernel/lib/posix-environ/lib.ts';
import { ukboot } from '../../../../core/kernel/lib/ukboot/lib.ts';
import { interfaceConfigurations } from '../../../../core/kernel/lib/uknetdev/configuration.ts';
import { uknetdev } from '../../../../core/kernel/lib/uknetdev/lib.ts';
import { applyParameters, readBootLine } from '../../../../core/machine/apply-parameters.ts';
import { fakeKernel } from '../../../support/fake-kernel.ts';

function applied(given: Partial<VmSpec>) {
  const kernel = fakeKernel([posixEnviron, ukboot, uknetdev]);
  const line = readBootLine(vmSpec({ program: [], ...given }));
  applyParameters(kernel, line);
  return { kernel, program: line.program };
}

describe('kernel parameters', () => {
  it('reach their libraries from a whole command line', () => {
    const { kernel, program } = applied({
      append: 'env.vars=[ A=1 "B=two words" ] netdev.ip=10.0.0.2/8:10.0.0.1 ns16550.base=0x3f8 -- prog x',
    });
    expect([...kernel.environment]).toEqual([
      ['A', '1'],
      ['B', 'two words'],
    ]);
    expect(interfaceConfigurations(kernel)).toEqual([{ address: '10.0.0.2', prefixLen: 8, gateway: '10.0.0.1' }]);
    expect(program).toEqual(['prog', 'x']);
  });

  it('may come one by one, the older forms of an address too', () => {
    const { kernel } = applied({
      kernelArgs: [
        'netdev.ipv4_addr=172.44.0.2',
        'netdev.ipv4_gw_addr=172.44.0.1',
        'netdev.ipv4_subnet_mask=255.255.255.0',
      ],
    });
    expect(interfaceConfigurations(kernel)).toEqual([{ address: '172.44.0.2', prefixLen: 24, gateway: '172.44.0.1' }]);
  });

  it.each<[Partial<VmSpec>, RegExp]>([
    [{ append: 'env.vars=[ A=1 bad ] --' }, /position 15 of the kernel command line: env\.vars: "bad"/],
    [{ append: 'a=1 --' }, /position 0 of the kernel command line: there is no parameter "a"/],
    [
      { kernelArgs: ['netdev.ipv4_addr=[ a b ]'] },
      /position 0 of "netdev\.ipv4_addr=\[ a b \]": netdev\.ipv4_addr takes one value/,
    ],
    [{ kernelArgs: ['ok=1', '"open'] }, /position 0 of ""open": the quote " is never closed/],
  ])('name the position of what is malformed in %j', (given, message) => {
    expect(() => applied(given)).toThrow(
      expect.objectContaining({ code: 'parameter.malformed', message: expect.stringMatching(message) }),
    );
  });
});

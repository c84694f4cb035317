/** A kernel without a machine around it, for tests of what needs no running guest. */
import { nullLogger } from '../../core/base/logger.ts';
import { Kernel, type KernelHost } from '../../core/kernel/kernel.ts';
import type { MicroLibrary } from '../../core/kernel/lib.ts';

/** Time stands at `monotonicNs`, which tests may set; libraries are initialised in the order given. */
export function fakeKernel(libraries: readonly MicroLibrary[], host: Partial<KernelHost> = {}): Kernel {
  const kernel = new Kernel(
    {
      clock: { monotonicNs: () => 0, realtimeOffsetNs: 1_700_000_000_000_000_000n },
      random: (into) => into.fill(7),
      console: {
        isTty: false,
        write: () => {},
        read: () => -1,
        hasInput: () => true,
        size: { columns: 80, rows: 24 },
      },
      logger: nullLogger,
      memoryBytes: 1 << 28,
      hostname: 'unikraft',
      hasRequest: () => false,
      idle: () => {},
      ...host,
    },
    libraries,
  );
  for (const library of libraries) library.init?.(kernel);
  return kernel;
}

/** ukboot: parameters of the boot and of devices that every image understands and that have no effect here. */
import { defineLib, type KernelParameter } from '../../lib.ts';

const withoutEffect = (name: string, help: string): KernelParameter => ({
  name,
  help: `${help} (accepted, no effect)`,
  isList: true,
  apply() {},
});

export const ukboot = defineLib({
  name: 'ukboot',
  option: 'LIBUKBOOT',
  summary: 'boot parameters',
  needs: [],
  syscalls: [],
  parameters: [
    withoutEffect('debug.gdbcon', 'console of the gdb stub'),
    withoutEffect('debug.gdb_cons', 'console of the gdb stub'),
    withoutEffect('virtio_mmio.device', 'virtio devices'),
    withoutEffect('ns16550.*', 'serial port'),
  ],
});

/**
 * Micro-libraries: the units an image is made of, with Unikraft's names. A library owns its system calls, its kernel
 * parameters and its state; it reaches another one only through `needs` and that library's lib.ts.
 */
import type { Kernel } from './kernel.ts';
import type { AnySyscall } from './syscall/define.ts';

export interface KernelParameter {
  /** As on the kernel command line: `env.vars`. */
  name: string;
  help: string;
  isList: boolean;
  /** Throws `ParameterError` when the value is malformed. */
  apply(kernel: Kernel, values: readonly string[]): void;
}

export interface MicroLibrary {
  /** Unikraft's name: `posix-futex`. */
  name: string;
  /** Kconfig option that selects it: `LIBPOSIX_FUTEX`. */
  option: string;
  summary: string;
  needs: readonly string[];
  syscalls: readonly AnySyscall[];
  parameters?: readonly KernelParameter[];
  /** Runs once at boot, after the libraries it needs. */
  init?(kernel: Kernel): void;
}

export function defineLib(lib: MicroLibrary): MicroLibrary {
  return lib;
}

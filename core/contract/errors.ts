/**
 * Expected failures: what a user or the outside world can cause. Each has a code, a message for a person that says what,
 * why and what to do, and structured details. The table is also the CLI's exit statuses; they stay clear of 0..63 and
 * of 128+n, which belong to guest programs.
 */

const codes = {
  'cli.usage': 64,
  'contract.malformed': 65,
  'contract.unknown-call': 65,
  'instance.internal': 70,
  'instance.out-of-memory': 71,
  'instance.not-running': 72,
  'project.not-built': 73,
  'host.file': 74,
  'connection.lost': 75,
  'connection.refused': 75,
  'vm.not-found': 76,
  'vm.name-taken': 77,
  'vm.wrong-state': 78,
  'vm.in-use': 79,
  'vm.interrupted': 79,
  'image.not-found': 80,
  'image.malformed': 81,
  'parameter.malformed': 82,
  'memory.out-of-range': 83,
  'cpu.unknown': 84,
  'rootfs.not-found': 85,
  'rootfs.not-directory': 86,
  'rootfs.not-readable': 87,
  'initrd.not-found': 88,
  'initrd.malformed': 89,
  'volume.unusable': 90,
  'mount.failed': 91,
  'user.unknown': 92,
  'store.broken': 93,
  'store.newer': 94,
  'store.unusable': 95,
  'archive.malformed': 96,
  'archive.refused': 97,
  'catalog.not-found': 98,
  'catalog.unreachable': 99,
  'net.malformed': 114,
  'net.port-taken': 115,
  'net.port-privileged': 116,
  'net.address-unusable': 117,
  'net.not-found': 118,
  'net.in-use': 119,
  'elf.not-elf': 100,
  'elf.wrong-architecture': 101,
  'elf.malformed': 102,
  'elf.interpreter-missing': 103,
  'elf.library-missing': 104,
  'elf.unsupported': 105,
  'catalog.checksum': 106,
  'job.not-found': 107,
  'job.cancelled': 108,
  'image.name-taken': 109,
  'rootfs.in-use': 110,
  'feature.unavailable': 111,
  'terminal.not-found': 112,
  'upload.not-found': 113,
  'serve.failed': 120,
  'program.not-executable': 126,
  'program.not-found': 127,
} as const;

export type VmErrorCode = keyof typeof codes;

/** A VmError as plain data. */
export interface VmErrorData {
  code: VmErrorCode;
  message: string;
  details: Readonly<Record<string, unknown>>;
  /** Where it comes from, for our own bugs only. */
  stack?: string;
}

export class VmError extends Error {
  override name = 'VmError';
  readonly code: VmErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: VmErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  /** Scripts of one process that are bundled apart (cli.cjs, managed.cjs) have a class of this name each. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'VmError' && 'code' in value && 'details' in value;
  }

  static from(data: VmErrorData): VmError {
    const error = new VmError(data.code, data.message, data.details);
    if (data.stack !== undefined) error.stack = data.stack;
    return error;
  }

  /** Exit status of a command that fails with this. */
  get exitStatus(): number {
    return exitStatusOf(this.code);
  }
}

export function exitStatusOf(code: VmErrorCode): number {
  return codes[code];
}

/** Any thrown value as data; what is not a VmError is a bug of ours and keeps its stack. */
export function toErrorData(error: unknown): VmErrorData {
  if (error instanceof VmError) return { code: error.code, message: error.message, details: error.details };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: 'instance.internal',
    message: error instanceof Error ? error.message : String(error),
    details: {},
    stack,
  };
}

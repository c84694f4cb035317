/** The resource limits (getrlimit(2)) that concern memory, as `Mm` asks for them; in bytes, Infinity for none. */
export interface MemoryLimits {
  readonly addressSpace: number;
  readonly data: number;
  readonly stack: number;
  readonly locked: number;
}

export const DEFAULT_STACK_BYTES = 8 * 1024 * 1024;

/** What holds until a process says otherwise. */
export const defaultMemoryLimits: MemoryLimits = {
  addressSpace: Number.POSITIVE_INFINITY,
  data: Number.POSITIVE_INFINITY,
  stack: DEFAULT_STACK_BYTES,
  locked: Number.POSITIVE_INFINITY,
};

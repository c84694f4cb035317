/** The resource limits (getrlimit(2)) as `Mm` asks for them: `ResourceLimits` of a process, or these defaults. */
import { RLIMIT_STACK } from '../abi/resource.ts';

export interface MemoryLimits {
  /** Soft limit in bytes, Infinity for none. */
  soft(resource: number): number;
}

const DEFAULT_STACK_BYTES = 8 * 1024 * 1024;

/** What holds until a process says otherwise. */
export const defaultMemoryLimits: MemoryLimits = {
  soft: (resource) => (resource === RLIMIT_STACK ? DEFAULT_STACK_BYTES : Number.POSITIVE_INFINITY),
};

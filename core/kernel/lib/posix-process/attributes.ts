/** What a process keeps besides its resources: attributes of prctl(2) and personality(2), and accounts of use. */
import { CAP_LAST_CAP } from '../../abi/prctl.ts';

export class ProcessAttributes {
  /** PR_SET_DUMPABLE. */
  isDumpable = true;
  /** PR_SET_NO_NEW_PRIVS; never goes back. */
  noNewPrivileges = false;
  isThpDisabled = false;
  /** PR_SET_KEEPCAPS. */
  keepsCapabilities = false;
  isChildSubreaper = false;
  /** personality(2). */
  personality = 0;
  /** capset(2): permitted, effective, inheritable; undefined until set: then what the user id implies. */
  capabilities: CapabilitySets | undefined = undefined;
  /** CAPBSET_DROP. */
  boundingSet = ALL_CAPABILITIES;
  ambientSet = 0n;
  securebits = 0;
  /** /proc/PID/oom_score_adj: kept and shown; memory that is used up ends the process that asks for more. */
  oomScoreAdjust = 0;
  /** MEMBARRIER_CMD_REGISTER_* that were made. */
  membarrierRegistrations = 0;

  /** As a fork child. */
  inherit(from: ProcessAttributes): void {
    Object.assign(this, from);
    this.isChildSubreaper = false;
  }
}

export interface CapabilitySets {
  permitted: bigint;
  effective: bigint;
  inheritable: bigint;
}

export const ALL_CAPABILITIES = (1n << BigInt(CAP_LAST_CAP + 1)) - 1n;

export class ProcessUsage {
  /** Tasks of this process that have exited. */
  exitedCpuNs = 0;
  exitedSystemNs = 0;
  exitedInstructions = 0;
  voluntarySwitches = 0;
  involuntarySwitches = 0;
  /** Children that were waited for. */
  childrenUserNs = 0;
  childrenSystemNs = 0;
}

/**
 * Memory that in-memory file systems may use. Each file system has a pool with its own limit (tmpfs size=), and all of
 * them draw on the one of the VM, so that together they never hold more than its RAM.
 */
export class RamPool {
  readonly limitBytes: number;
  usedBytes = 0;
  private readonly parent: RamPool | undefined;

  constructor(limitBytes: number, parent?: RamPool) {
    this.limitBytes = limitBytes;
    this.parent = parent;
  }

  /** Takes `bytes`; false, taking nothing, when they are not there. */
  take(bytes: number): boolean {
    if (this.usedBytes + bytes > this.limitBytes) return false;
    if (this.parent !== undefined && !this.parent.take(bytes)) return false;
    this.usedBytes += bytes;
    return true;
  }

  /** Takes `bytes` whether they are there or not: small amounts whose need was checked before. */
  charge(bytes: number): void {
    this.usedBytes += bytes;
    this.parent?.charge(bytes);
  }

  give(bytes: number): void {
    this.usedBytes -= bytes;
    this.parent?.give(bytes);
  }

  get freeBytes(): number {
    const own = this.limitBytes - this.usedBytes;
    return this.parent === undefined ? own : Math.min(own, this.parent.freeBytes);
  }
}

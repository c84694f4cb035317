/**
 * How a command that has run an instance ends: by itself, with nothing left to wait for. `process.exit` tears V8 down while
 * its threads still compile; one that asks for a garbage collection at that moment waits for the main thread, which waits
 * for it, and the process stays for ever (seen in 2 of 25 runs that wrote much).
 */

/** What still holds the process then is not ours to wait for, for example a read of a device that never comes back. */
const GRACE_MS = 1000;

/** The status of the process; nothing of it is to run on after this. */
export function endProcess(status: number): void {
  process.exitCode = status;
  process.stdin.destroy();
  setTimeout(() => process.exit(), GRACE_MS).unref();
}

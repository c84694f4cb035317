/** Socket addresses in guest memory: bytes and a length, of which the kernel fills in as much as there is room for. */
import { EINVAL } from '../../abi/errno.ts';
import { SOCKADDR_MAX } from '../../abi/socket.ts';
import { fail } from '../../errors.ts';
import type { Task } from '../../task.ts';

/** An address that the guest gives. EINVAL for a bad length, EFAULT. */
export function readAddress(task: Task, gva: number, len: number): Uint8Array {
  return len < 0 || len > SOCKADDR_MAX ? fail(EINVAL) : task.memory.readBytes(gva, len);
}

/** Writes an address, cut to the room that `lenGva` tells, and its whole length there. Does nothing for NULL. */
export function writeAddress(task: Task, gva: number, lenGva: number, address: Uint8Array): void {
  if (gva === 0) return;
  const { memory } = task;
  const room = memory.getI32(lenGva);
  if (room < 0) fail(EINVAL);
  memory.writeBytes(gva, address.subarray(0, room));
  memory.setU32(lenGva, address.length);
}

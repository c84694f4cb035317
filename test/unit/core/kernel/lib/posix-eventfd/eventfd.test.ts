import { describe, expect, it } from 'vitest';
import { EAGAIN, EINVAL } from '../../../../../../core/kernel/abi/errno.ts';
import { POLLIN, POLLOUT } from '../../../../../../core/kernel/abi/poll.ts';
import { EventFile } from '../../../../../../core/kernel/lib/posix-eventfd/eventfd.ts';

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}
function read(file: EventFile): bigint | number {
  const bytes = new Uint8Array(8);
  const count = file.read(bytes);
  return count < 0 ? count : new DataView(bytes.buffer).getBigUint64(0, true);
}
const MAX = 2n ** 64n - 2n;

describe('eventfd', () => {
  it('adds what is written and gives the sum once', () => {
    const file = new EventFile(2, 5, false);
    file.write(u64(2n ** 33n));
    file.write(u64(0xffffffffn));
    expect([file.poll(), read(file), file.poll(), read(file)]).toEqual([
      POLLIN | POLLOUT,
      5n + 2n ** 33n + 0xffffffffn,
      POLLOUT,
      -EAGAIN,
    ]);
  });

  it('counts down by one as a semaphore, across the words too', () => {
    const file = new EventFile(2, 0, true);
    file.write(u64(2n ** 32n));
    expect([read(file), read(file)]).toEqual([1n, 1n]);
    expect(file.fdinfo()).toContain('eventfd-count:         fffffffe\n');
  });

  it('holds at most 2^64-2', () => {
    const file = new EventFile(2, 0, false);
    expect([file.write(u64(MAX)), file.write(u64(1n)), file.write(u64(MAX + 1n)), file.poll()]).toEqual([
      8,
      -EAGAIN,
      -EINVAL,
      POLLIN,
    ]);
    expect(read(file)).toBe(MAX);
  });
});

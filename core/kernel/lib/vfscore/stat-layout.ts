/** struct stat and struct statx of x86-64, and struct timespec, in guest memory. */
import type { UserMemory } from '../../../mem/user-memory.ts';
import {
  devMajor,
  devMinor,
  STAT_SIZE,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  STATX_BTIME,
  STATX_MNT_ID,
  STATX_SIZE,
} from '../../abi/stat.ts';
import type { Attributes } from '../../vfs/inode.ts';

const SECOND = 1_000_000_000n;

/** Seconds and nanoseconds, the latter never negative. */
function splitTime(timeNs: bigint): [seconds: bigint, nanoseconds: number] {
  const nanoseconds = BigInt.asIntN(64, timeNs) % SECOND;
  if (nanoseconds >= 0n) return [timeNs / SECOND, Number(nanoseconds)];
  return [timeNs / SECOND - 1n, Number(nanoseconds + SECOND)];
}

function setTime(dv: DataView, at: number, timeNs: bigint): void {
  const [seconds, nanoseconds] = splitTime(timeNs);
  dv.setBigInt64(at, seconds, true);
  dv.setUint32(at + 8, nanoseconds, true);
  dv.setUint32(at + 12, 0, true);
}

function setLong(dv: DataView, at: number, value: number): void {
  dv.setUint32(at, value >>> 0, true);
  dv.setInt32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

/** Writes a struct stat; EFAULT. */
export function writeStat(memory: UserMemory, gva: number, a: Attributes): void {
  const at = memory.check(gva, STAT_SIZE, 'w');
  const { dv } = memory.space;
  setLong(dv, at, a.dev);
  setLong(dv, at + 8, a.ino);
  setLong(dv, at + 16, a.nlink);
  dv.setUint32(at + 24, a.mode, true);
  dv.setUint32(at + 28, a.uid, true);
  dv.setUint32(at + 32, a.gid, true);
  dv.setUint32(at + 36, 0, true);
  setLong(dv, at + 40, a.rdev);
  setLong(dv, at + 48, a.size);
  setLong(dv, at + 56, a.blksize);
  setLong(dv, at + 64, a.blocks);
  setTime(dv, at + 72, a.atimeNs);
  setTime(dv, at + 88, a.mtimeNs);
  setTime(dv, at + 104, a.ctimeNs);
  memory.space.u8.fill(0, at + 120, at + STAT_SIZE);
}

/** Writes a struct statx; EFAULT. */
export function writeStatx(
  memory: UserMemory,
  gva: number,
  a: Attributes,
  mount: { id: number; isRoot: boolean } | undefined,
): void {
  const at = memory.check(gva, STATX_SIZE, 'w');
  const { dv, u8 } = memory.space;
  u8.fill(0, at, at + STATX_SIZE);
  const mask = STATX_BASIC_STATS | (a.btimeNs !== 0n ? STATX_BTIME : 0) | (mount === undefined ? 0 : STATX_MNT_ID);
  dv.setUint32(at, mask, true);
  dv.setUint32(at + 4, a.blksize, true);
  setLong(dv, at + 8, mount?.isRoot === true ? STATX_ATTR_MOUNT_ROOT : 0);
  dv.setUint32(at + 16, a.nlink, true);
  dv.setUint32(at + 20, a.uid, true);
  dv.setUint32(at + 24, a.gid, true);
  dv.setUint16(at + 28, a.mode, true);
  setLong(dv, at + 32, a.ino);
  setLong(dv, at + 40, a.size);
  setLong(dv, at + 48, a.blocks);
  setLong(dv, at + 56, STATX_ATTR_MOUNT_ROOT);
  setTime(dv, at + 64, a.atimeNs);
  setTime(dv, at + 80, a.btimeNs);
  setTime(dv, at + 96, a.ctimeNs);
  setTime(dv, at + 112, a.mtimeNs);
  dv.setUint32(at + 128, devMajor(a.rdev), true);
  dv.setUint32(at + 132, devMinor(a.rdev), true);
  dv.setUint32(at + 136, devMajor(a.dev), true);
  dv.setUint32(at + 140, devMinor(a.dev), true);
  setLong(dv, at + 144, mount?.id ?? 0);
}

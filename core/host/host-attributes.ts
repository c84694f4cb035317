/**
 * Attributes of host files in the guest's terms, and their identity: one number below 2^53 for each (device, inode) pair
 * of the host, since a folder may hold mount points of other devices and inode numbers may use all 64 bits.
 *
 * | number                  | stands for                                                    |
 * |-------------------------|---------------------------------------------------------------|
 * | 0 .. 2^48-1             | that inode number on the device of the folder                 |
 * | n*2^48 + i, n = 1..15   | inode number i on the n-th other device seen                  |
 * | 2^52 and up             | pairs that fit neither, in the order seen                     |
 */
import type { BigIntStats } from 'node:fs';
import type { HostAttributes } from '../dev/host-folder.ts';

const PLAIN_LIMIT = 1n << 48n;
const PLAIN_SIZE = 2 ** 48;
const MAX_DEVICES = 16;

export class Identities {
  private readonly devices: bigint[];
  private readonly others = new Map<string, number>();

  constructor(rootDevice: bigint) {
    this.devices = [rootDevice];
  }

  of(dev: bigint, ino: bigint): number {
    let index = dev === this.devices[0] ? 0 : this.devices.indexOf(dev);
    if (index < 0 && this.devices.length < MAX_DEVICES) index = this.devices.push(dev) - 1;
    if (index >= 0 && ino < PLAIN_LIMIT) return index * PLAIN_SIZE + Number(ino);
    const key = `${dev}:${ino}`;
    let id = this.others.get(key);
    if (id === undefined) {
      id = 2 ** 52 + this.others.size;
      this.others.set(key, id);
    }
    return id;
  }
}

/** Permission bits of hosts that have none of their own (Windows): everything but "not writable" is allowed. */
function foreignMode(mode: number): number {
  const isWritable = (mode & 0o200) !== 0;
  return (mode & 0o170000) | (isWritable ? 0o755 : 0o555);
}

const isWindows = process.platform === 'win32';
const isLinux = process.platform === 'linux';

export function toAttributes(stats: BigIntStats, identities: Identities): HostAttributes {
  const mode = Number(stats.mode);
  return {
    ino: identities.of(stats.dev, stats.ino),
    mode: isWindows ? foreignMode(mode) : mode,
    nlink: Number(stats.nlink),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    // Other systems encode device numbers in their own way, and name other devices with them.
    rdev: isLinux ? Number(stats.rdev) : 0,
    size: Number(stats.size),
    blksize: isWindows ? 4096 : Number(stats.blksize),
    blocks: isWindows ? Math.ceil(Number(stats.size) / 512) : Number(stats.blocks),
    atimeNs: stats.atimeNs,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    btimeNs: stats.birthtimeNs,
  };
}

/**
 * `.elfdeck` files: a gzip-compressed tar archive of
 *
 *   elfdeck.json     what it holds: version, instance, and SHA-256 of the tree
 *   root/...         the root file system, when the instance has one of its own
 *   files/N          single files of a view (a program of the host with its libraries), by their number in the spec
 *   volumes/N/...    shared folders, by their number in the spec; folders/N/... those that fstab mounts
 *   overlay.cpio     changes kept of the root's overlay
 *   initrd           an initial RAM disk
 *   image.defconfig  an image of the user's own
 *
 * The manifest comes first, so it can't know the checksum of what follows: that is in the last member, `checksum`. It covers the
 * path, type, mode, target and content of every member before it, in order.
 */
import { createHash, type Hash } from 'node:crypto';
import * as z from 'zod/mini';
import { VmMeta } from '../../contract/api/vm.ts';
import { VmSpec } from '../../contract/vm-spec.ts';
import type { Member } from '../archive/members.ts';
import { DocumentKind } from '../store/document.ts';
import { withSpecDefaults } from '../store/instance-store.ts';

export const MANIFEST = 'elfdeck.json';
export const CHECKSUM = 'checksum';
/** Changes kept of the root's overlay. */
export const OVERLAY = 'overlay.cpio';

export const bundleDocument = new DocumentKind(
  'the manifest of the .elfdeck file',
  z.object({ name: z.string(), spec: VmSpec, meta: VmMeta, exportedAt: z.number() }),
  [],
  withSpecDefaults,
);

/** Runs along a sequence of members. */
export class TreeChecksum {
  private readonly hash: Hash = createHash('sha256');

  /** The same member, whose content is counted as it is read. */
  watch(member: Member): Member {
    const { path, type, mode, target, sizeBytes } = member;
    this.hash.update(JSON.stringify([path, type, mode & 0o777, target, type === 'file' ? sizeBytes : 0]));
    const { hash } = this;
    return {
      ...member,
      content: async function* () {
        for await (const piece of member.content()) {
          hash.update(piece);
          yield piece;
        }
      },
    };
  }
  digest(): string {
    return this.hash.digest('hex');
  }
}

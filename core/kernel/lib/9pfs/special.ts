/** Symbolic links and special files of a host folder. */
import type { Failure, HostAttributes, HostTarget } from '../../../dev/host-folder.ts';
import { EINVAL, ELOOP, ENXIO } from '../../abi/errno.ts';
import { fail } from '../../errors.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { must } from './failure.ts';
import { HostInode } from './host-inode.ts';

/** What is only ever reached by name. */
abstract class NamedInode extends HostInode {
  protected target(): HostTarget {
    return this.targetByName();
  }
  protected fetch(): HostAttributes | Failure {
    return this.fetchByName();
  }
  protected resize(): void {
    fail(EINVAL);
  }
}

export class HostSymlink extends NamedInode {
  /** Its text never changes, but its inode number may come back: good while the ctime is the same. */
  private text: { target: string; ctimeNs: bigint } | undefined = undefined;

  get isEvictable(): boolean {
    return this.watchers === undefined;
  }

  override readlink(): string {
    const { ctimeNs } = this.attributes;
    if (this.text?.ctimeNs !== ctimeNs) {
      const { dir, name } = this.targetByName() as Exclude<HostTarget, { isOpen: boolean }>;
      this.text = { target: must(this.fs.folder.readlink(dir, name)), ctimeNs };
    }
    return this.text.target;
  }

  override open(): OpenFile {
    return fail(ELOOP);
  }
}

/**
 * A FIFO, socket or device node that the folder holds. The host's object is never opened: a FIFO or socket is a meeting
 * point within the guest, a device node names one of the guest's devices, as on any network file system.
 */
export class HostSpecial extends NamedInode {
  /** Pipes and sockets are attached to the object. */
  readonly isEvictable = false;

  override open(): OpenFile {
    return fail(ENXIO);
  }
}

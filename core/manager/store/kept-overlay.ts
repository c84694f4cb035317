/**
 * The changes that an instance made in the overlay of its root folder, kept from run to run in its folder of the store. They belong
 * to the folder that they were made over: with another one the instance begins anew, and finds them again when it is back.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { VmSpec } from '../../contract/vm-spec.ts';
import { writeFileAtomic } from './atomic.ts';

export class KeptOverlay {
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }
  /** The archive (core/kernel/lib/overlay/archive.ts); null when there are no changes. */
  read(): Uint8Array | null {
    return existsSync(this.file) ? readFileSync(this.file) : null;
  }
  /** Of an instance that was removed nothing is written. */
  write(archive: Uint8Array): void {
    const folder = dirname(this.file);
    if (!existsSync(dirname(folder))) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileAtomic(this.file, archive);
  }
  remove(): void {
    rmSync(this.file, { force: true });
  }
}

/** Undefined when the instance's root is no overlay of a folder. */
export function keptOverlay(instanceFolder: string, { rootfs }: VmSpec): KeptOverlay | undefined {
  if (rootfs?.kind !== 'folder' || rootfs.mode !== 'overlay') return undefined;
  const name = createHash('sha256').update(rootfs.path).digest('hex').slice(0, 16);
  return new KeptOverlay(join(instanceFolder, 'overlay', `${name}.cpio`));
}

/** A folder of the host as the members of an archive: for copying it under the same rules, and for packing it. */
import { createReadStream, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Member } from './members.ts';

/** Depth first, names sorted. Links are not followed. */
export async function* folderMembers(root: string, prefix = '', signal?: AbortSignal): AsyncGenerator<Member> {
  for (const name of readdirSync(join(root, prefix)).sort()) {
    signal?.throwIfAborted();
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const full = join(root, path);
    const stat = lstatSync(full);
    const base = { path, mode: stat.mode & 0o777, sizeBytes: 0, target: '', content: empty };
    if (stat.isDirectory()) {
      yield { ...base, type: 'folder' };
      yield* folderMembers(root, path, signal);
    } else if (stat.isSymbolicLink()) yield { ...base, type: 'link', target: readlinkSync(full) };
    else if (stat.isFile())
      yield { ...base, type: 'file', sizeBytes: stat.size, content: () => createReadStream(full) };
    else yield { ...base, type: 'device' };
  }
}

async function* empty(): AsyncGenerator<Uint8Array> {}

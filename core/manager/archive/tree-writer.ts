/**
 * Writes a tree into a fresh folder and nowhere else: every part of a path is a folder that this writer has made, so no link
 * that an archive brings is ever followed. Links that climb out of the tree, devices and names with `..` are refused.
 */
import { chmodSync, closeSync, linkSync, lstatSync, mkdirSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { VmError } from '../../contract/errors.ts';
import { hostReason } from '../../host/services.ts';
import { writeAll } from '../store/atomic.ts';
import { checkMemberPath } from './member-path.ts';
import type { Member } from './members.ts';

const MAX_ENTRIES = 1_000_000;

export interface TreeWriterOptions {
  /** Devices are refused, or left out: the archives of initial RAM disks often have some. */
  devices: 'refuse' | 'skip';
}

export class TreeWriter {
  private readonly root: string;
  private readonly options: TreeWriterOptions;
  private readonly folders = new Set<string>(['']);
  /** Modes of folders are set last: a read-only one could not be filled. */
  private readonly folderModes = new Map<string, number>();
  private count = 0;
  bytes = 0;

  constructor(root: string, options: TreeWriterOptions = { devices: 'refuse' }) {
    this.root = root;
    this.options = options;
  }

  /** `parts` is where it goes; it may differ from the member's own path. */
  async add(member: Member, parts: readonly string[]): Promise<void> {
    if (++this.count > MAX_ENTRIES) throw this.refuse(member, 'the archive has more than a million entries');
    if (parts.length === 0) return;
    if (member.type === 'folder') {
      this.folder(member, parts);
      this.folderModes.set(parts.join('/'), member.mode);
    } else if (member.type === 'file') await this.file(member, parts);
    else if (member.type === 'link') this.link(member, parts);
    else if (member.type === 'device' && this.options.devices === 'refuse')
      throw this.refuse(member, 'it is a device or pipe');
  }

  private folder(member: Member, parts: readonly string[]): void {
    let at = '';
    for (const part of parts) {
      at = at === '' ? part : `${at}/${part}`;
      if (this.folders.has(at)) continue;
      const path = join(this.root, at);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat !== undefined && !stat.isDirectory())
        throw this.refuse(member, `its path leads through ${at}, which is no folder`);
      if (stat === undefined) mkdirSync(path, { mode: 0o755 });
      this.folders.add(at);
    }
  }

  /** Makes way for a member that comes again: the later one counts, as for tar. */
  private place(member: Member, parts: readonly string[]): string {
    this.folder(member, parts.slice(0, -1));
    const path = join(this.root, ...parts);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) throw this.refuse(member, 'there is a folder of that name already');
    if (stat !== undefined) rmSync(path);
    return path;
  }

  private async file(member: Member, parts: readonly string[]): Promise<void> {
    const path = this.place(member, parts);
    const fd = openSync(path, 'wx', 0o600);
    try {
      for await (const piece of member.content()) {
        this.bytes += piece.length;
        writeAll(fd, piece);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      throw new VmError('host.file', `cannot write ${member.path}: ${hostReason(error)}`, { path: member.path }, error);
    } finally {
      closeSync(fd);
    }
    chmodSync(path, member.mode | 0o400);
  }

  private link(member: Member, parts: readonly string[]): void {
    const { target } = member;
    if (target === '' || target.includes('\0')) throw this.refuse(member, 'it is a link to nothing');
    if (!target.startsWith('/') && climbsOut(parts.length - 1, target))
      throw this.refuse(member, `it is a link out of the archive (${target})`);
    symlinkSync(target, this.place(member, parts));
  }

  /** `target` is where the other name has gone to. */
  hardlink(member: Member, parts: readonly string[], target: readonly string[]): void {
    this.folder(member, target.slice(0, -1));
    const from = join(this.root, ...target);
    if (lstatSync(from, { throwIfNoEntry: false })?.isFile() !== true)
      throw this.refuse(member, `it is another name of ${member.target}, which is no file of the archive`);
    linkSync(from, this.place(member, parts));
  }

  finish(): void {
    const deepestFirst = [...this.folderModes].sort(([a], [b]) => b.length - a.length);
    for (const [at, mode] of deepestFirst) chmodSync(join(this.root, at), mode | 0o700);
  }

  private refuse(member: Member, why: string): VmError {
    const entry = member.path.slice(0, 120);
    return new VmError('archive.refused', `the entry "${entry}" is refused: ${why}; nothing was unpacked`, { entry });
  }
}

/** Whether a relative link in a folder of that depth leads above the top. */
function climbsOut(depth: number, target: string): boolean {
  let at = depth;
  for (const part of target.split('/')) {
    if (part === '..') at--;
    else if (part !== '' && part !== '.') at++;
    if (at < 0) return true;
  }
  return false;
}

/** Where a member of an archive goes: the parts of its place, or undefined for what is left out. */
export type Place = (parts: readonly string[]) => readonly string[] | undefined;

/** Adds members to a tree, hard links among them too. Every name is checked, also of what is left out. */
export async function writeMembers(
  members: AsyncIterable<Member>,
  writer: TreeWriter,
  place: Place = (parts) => parts,
): Promise<void> {
  for await (const member of members) {
    const parts = place(checkMemberPath(member.path));
    if (parts === undefined) continue;
    if (member.type !== 'hardlink') await writer.add(member, parts);
    else {
      const target = place(checkMemberPath(member.target));
      if (target === undefined)
        throw new VmError(
          'archive.malformed',
          `the entry "${member.path}" is another name of a file that is not there`,
        );
      writer.hardlink(member, parts, target);
    }
  }
  writer.finish();
}

/** A program to load: a file of the guest's file systems, or bytes in host memory (an ELF given as initrd). */

import { type Backing, BytesBacking, FileBacking } from '../mm/backing.ts';
import type { OpenFile } from '../vfs/open-file.ts';
import type { PathRef } from '../vfs/path.ts';
import type { ProgramSource } from './elf.ts';

export interface ProgramFile extends ProgramSource {
  /** A fresh backing for one mapping. */
  backing(): Backing;
  /** Gives the file up; mappings keep it. */
  close(): void;
}

/** Takes over one reference of `file`, which was opened at `place`. */
export function fileProgram(file: OpenFile, place: PathRef): ProgramFile {
  const { inode } = place;
  file.path = place;
  const size = inode.stat().size;
  return {
    read: (into, offset) => file.read(into, offset),
    size: () => size,
    backing: () => new FileBacking(file, inode),
    close: () => file.drop(),
  };
}

export function bytesProgram(bytes: Uint8Array, name: string): ProgramFile {
  return {
    read(into, offset) {
      const part = bytes.subarray(offset, offset + into.length);
      into.set(part);
      return part.length;
    },
    size: () => bytes.length,
    backing: () => new BytesBacking(bytes, name),
    close() {},
  };
}

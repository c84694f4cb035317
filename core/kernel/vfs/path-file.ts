/** What open(2) with O_PATH gives: a place that can be named by a descriptor, without any access to the object. */
import type { Inode } from './inode.ts';
import { OpenFile } from './open-file.ts';

export class PathFile extends OpenFile {
  declare readonly inode: Inode;
  get describe(): string {
    return '(deleted)';
  }
}

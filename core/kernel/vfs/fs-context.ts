/** What a process takes for `/` and `.`, and its umask (Linux: fs_struct). */
import type { PathRef } from './path.ts';

export class FsContext {
  root: PathRef;
  cwd: PathRef;
  umask = 0o022;

  constructor(root: PathRef, cwd: PathRef = root) {
    this.root = root;
    this.cwd = cwd;
  }

  clone(): FsContext {
    const copy = new FsContext(this.root, this.cwd);
    copy.umask = this.umask;
    return copy;
  }
}

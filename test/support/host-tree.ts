/** Temporary folders on the host for tests: made from a description, removed after the test. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** A file's text, a symlink as `{ link: target }`, or a folder. */
export type HostTree = { [name: string]: string | Uint8Array | { link: string } | { dir: HostTree } };

function fill(folder: string, tree: HostTree): void {
  for (const [name, what] of Object.entries(tree)) {
    const at = path.join(folder, name);
    if (typeof what === 'string' || what instanceof Uint8Array) fs.writeFileSync(at, what);
    else if ('link' in what) fs.symlinkSync(what.link as string, at);
    else {
      fs.mkdirSync(at);
      fill(at, what.dir as HostTree);
    }
  }
}

/** Path of a fresh folder with this content. */
export function hostTree(tree: HostTree = {}): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'elfdeck-test-'));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  fill(folder, tree);
  return folder;
}

/** Random changes of the same tree through an overlay and through a 9pfs, where the host's kernel says what is right. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { openHostFolder } from '../../../../../../core/host/host-folder.ts';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../../../../../../core/kernel/abi/stat.ts';
import { SysError } from '../../../../../../core/kernel/errors.ts';
import { createNinePFs } from '../../../../../../core/kernel/lib/9pfs/lib.ts';
import {
  createOverlay,
  type OverlayFs,
  overlayArchive,
  restoreOverlay,
} from '../../../../../../core/kernel/lib/overlay/lib.ts';
import type { Inode } from '../../../../../../core/kernel/vfs/inode.ts';
import { commitChanges } from '../../../../../../core/manager/rootfs/overlay-changes.ts';
import { fakeKernel } from '../../../../../support/fake-kernel.ts';
import { type HostTree, hostTree } from '../../../../../support/host-tree.ts';

const STEPS = 1000;
const NAMES = ['a', 'b', 'c', 'd'];

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const tree: HostTree = {
  a: { dir: { a: 'aa', b: { dir: { c: 'abc', d: { link: '../a' } } } } },
  b: 'b'.repeat(5000),
  c: { dir: {} },
};

function openTree(isOverlay: boolean): Inode {
  return isOverlay ? overlayOn(hostTree(tree)).root : openFolder(hostTree(tree), false).root;
}
function openFolder(path: string, readOnly: boolean) {
  const folder = openHostFolder(path, { readOnly });
  onTestFinished(() => folder.dispose());
  return createNinePFs(fakeKernel([]), folder);
}
const overlayOn = (path: string): OverlayFs => createOverlay(fakeKernel([]), openFolder(path, true));

type Step = (root: Inode) => void;

function at(root: Inode, path: readonly string[]): Inode {
  let inode: Inode | undefined = root;
  for (const name of path) inode = inode?.type === S_IFDIR ? inode.lookup(name) : undefined;
  if (inode?.type !== S_IFDIR) throw new SysError(20);
  return inode;
}

/** A step without what the VFS would refuse before it asks a file system. */
function makeStep(next: (below: number) => number): Step {
  const directory = (): string[] => Array.from({ length: Math.max(0, next(4) - 1) }, () => NAMES[next(4)]!);
  const [kind, from, to, name, newName, size] = [
    next(9),
    directory(),
    directory(),
    NAMES[next(4)]!,
    NAMES[next(4)]!,
    next(9000),
  ];
  const child = (root: Inode): Inode => at(root, from).lookup(name) ?? fail();
  const fail = (): never => {
    throw new SysError(2);
  };
  switch (kind) {
    case 0:
      return (root) =>
        at(root, from)
          .create(name, S_IFREG | 0o640, 0, 0, 0)
          .open(1)
          .write(new Uint8Array(size).fill(7), 0);
    case 1:
      return (root) => at(root, from).mkdir(name, 0o750, 0, 0);
    case 2:
      return (root) => at(root, from).symlink(name, newName, 0, 0);
    case 3:
      return (root) => (child(root).type === S_IFDIR ? at(root, from).rmdir(name) : at(root, from).unlink(name));
    case 4:
      return (root) => {
        if (child(root).type !== S_IFREG) fail();
        at(root, to).link(newName, child(root));
      };
    case 5:
      return (root) => child(root).type === S_IFREG && child(root).setattr({ size, mode: 0o604 });
    case 6:
      return (root) =>
        child(root).type === S_IFREG &&
        child(root)
          .open(2)
          .write(new Uint8Array([size]), size);
    default:
      return (root) => {
        const isBelow = [...from, name].every((each, i) => to[i] === each);
        if (isBelow) fail();
        at(root, from).rename(name, at(root, to), newName, 0);
      };
  }
}

function attempt(step: Step, root: Inode): number {
  try {
    step(root);
    return 0;
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    return 1;
  }
}

/** Everything about a tree that both must agree on. */
function describeTree(inode: Inode, path = ''): string[] {
  const { mode, nlink, size } = inode.stat();
  if (inode.type === S_IFLNK) return [`${path} -> ${inode.readlink()}`];
  if (inode.type === S_IFREG) {
    const bytes = new Uint8Array(size + 1);
    const file = inode.open(0);
    const count = file.read(bytes, 0);
    file.drop();
    const sum = bytes.reduce((total, byte, i) => (total + byte * (i + 1)) % 65521, 0);
    return [`${path} ${mode.toString(8)} ${nlink} ${size} ${count} ${sum}`];
  }
  const names = inode.entries().map(({ name }) => name);
  return [
    `${path}/ ${mode.toString(8)}`,
    ...names.sort().flatMap((name) => describeTree(inode.lookup(name)!, `${path}/${name}`)),
  ];
}

describe('overlay against the host', () => {
  it.each([1, 2, 3, 4])('agrees after random changes, seed %i', (seed) => {
    const next = random(seed);
    const host = openTree(false);
    const overlay = openTree(true);
    let failures = 0;
    for (let i = 0; i < STEPS; i++) {
      const step = makeStep(next);
      const answer = attempt(step, host);
      failures += answer;
      expect([i, attempt(step, overlay)]).toEqual([i, answer]);
      if (i % 40 === 0) expect(describeTree(overlay)).toEqual(describeTree(host));
    }
    expect(describeTree(overlay)).toEqual(describeTree(host));
    expect(failures).toBeLessThan(STEPS * 0.85);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'keeps random changes in an archive, for an overlay and for the folder, seed %i',
    (seed) => {
      const next = random(seed);
      const below = hostTree(tree);
      const changed = overlayOn(below);
      for (let i = 0; i < STEPS / 4; i++) attempt(makeStep(next), changed.root);
      const archive = overlayArchive(changed);
      const again = overlayOn(below);
      restoreOverlay(again, archive);
      // Two names of one file are two files in an archive.
      const plain = (root: Inode): string[] => describeTree(root).map((line) => line.replace(/ (\d+) \d+ /, ' $1 '));
      expect(plain(again.root)).toEqual(plain(changed.root));
      const wanted = plain(changed.root);
      commitChanges(archive, below);
      expect(plain(openFolder(below, true).root)).toEqual(wanted);
    },
  );
});

/**
 * Root file systems from Debian packages: apt works out and downloads what a set needs (as if nothing were installed),
 * dpkg-deb unpacks it; install scripts do not run. They are kept in a folder outside the repository and made anew when
 * a set changes.
 *
 * `inRoot` is the reference: the same files run by this machine, in a chroot with its own /tmp and this machine's
 * /dev and /proc, in a mount namespace of its own, so that nothing stays mounted.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PackageSet } from './sets.ts';

const filesFolder = fileURLToPath(new URL('./files', import.meta.url));

/** Where the packages and root file systems are kept. */
export const cacheFolder =
  process.env.ELFDECK_APPS_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'elfdeck-apps');

/** Changes when root file systems are made another way, so that kept ones are made anew. */
const LAYOUT = 2;

/** A set that cannot be had here; the message says why. */
export class SetUnavailable extends Error {}

/** Words that run a shell command in `root` as this machine's own program. */
export function inRoot(root: string, words: readonly string[]): string[] {
  const enter = [
    'mount --rbind /dev "$0/dev"',
    'mount --rbind /proc "$0/proc"',
    'mount -t tmpfs tmpfs "$0/tmp"',
    // Shells export it.
    'unset PWD OLDPWD',
    'exec chroot "$0" "$@"',
  ].join(' && ');
  const user = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  return ['unshare', '--mount', ...user, 'sh', '-c', enter, root, ...words];
}

/** Folder with the set's files; downloads, unpacks and builds what is missing. */
export function prepareSet(name: string, set: PackageSet): string {
  const root = join(cacheFolder, name);
  const stamp = join(root, '.complete');
  const wanted = JSON.stringify([LAYOUT, set.packages, set.links]);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    const fresh = `${root}.new`;
    rmSync(fresh, { recursive: true, force: true });
    rmSync(root, { recursive: true, force: true });
    unpack(download(['libc-bin', ...set.packages]), fresh);
    for (const [link, pattern] of Object.entries(set.links ?? {})) addLink(fresh, link, pattern);
    writeFileSync(join(fresh, '.complete'), wanted);
    renameSync(fresh, root);
  }
  build(root, set.builds ?? []);
  return root;
}

/** Paths of the package files of `packages` and of all they depend on. */
function download(packages: readonly string[]): string[] {
  const archives = join(cacheFolder, 'packages');
  mkdirSync(join(archives, 'partial'), { recursive: true });
  const nothingInstalled = join(cacheFolder, 'status');
  writeFileSync(nothingInstalled, '');
  const options = ['-y', '-q', '--no-install-recommends', '-o', `Dir::State::status=${nothingInstalled}`];
  const place = ['-o', `Dir::Cache::archives=${archives}`, '-o', 'Debug::NoLocking=1'];
  run(['apt-get', ...options, ...place, '--download-only', 'install', ...packages]);
  const uris = run([
    'apt-get',
    ...options,
    '-o',
    'Dir::Cache::archives=/nonexistent',
    '--print-uris',
    'install',
    ...packages,
  ]);
  return [...uris.matchAll(/^'\S+' (\S+\.deb) /gm)].map(([, file]) => join(archives, file!));
}

function unpack(files: readonly string[], root: string): void {
  for (const folder of ['dev', 'proc', 'sys', 'tmp', 'etc', 'apps', 'root', 'run', 'var/tmp']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  // Debian's layout of today, which its base-files package's install script makes.
  for (const folder of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', folder), { recursive: true });
    symlinkSync(`usr/${folder}`, join(root, folder));
  }
  // dpkg-deb -x would put folders in the place of these links.
  const extract = 'dpkg-deb --fsys-tarfile "$0" | tar -x --keep-directory-symlink -C "$1"';
  for (const file of files) run(['bash', '-o', 'pipefail', '-c', extract, file, root]);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
}

function addLink(root: string, link: string, pattern: string): void {
  const [target] = globSync(join(root, pattern));
  if (target === undefined) throw new SetUnavailable(`its packages have no ${pattern}`);
  if (existsSync(join(root, link))) return;
  symlinkSync(relative(join(root, dirname(link)), target), join(root, link));
}

/** Copies the sample files to /apps and builds those that changed. */
function build(root: string, commands: readonly string[]): void {
  const folder = join(root, 'apps');
  const stamp = join(root, '.built');
  const sources = readdirSync(filesFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'));
  const wanted = JSON.stringify([commands, sources]);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  cpSync(filesFolder, folder, { recursive: true });
  for (const command of commands) run(inRoot(root, ['/usr/bin/env', '-C', '/apps', 'sh', '-c', command]));
  writeFileSync(stamp, wanted);
}

function run(words: readonly string[]): string {
  const env = { ...process.env, LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  const options = { encoding: 'utf8', maxBuffer: 1 << 28, env } as const;
  const { error, status, stdout, stderr } = spawnSync(words[0]!, words.slice(1), options);
  if (error !== undefined) throw new SetUnavailable(`${words[0]} cannot be run: ${error.message}`);
  if (status === 0) return stdout;
  const last = stderr.trim().split('\n').at(-1);
  throw new SetUnavailable(`${words.slice(0, 2).join(' ')} ... ended with ${status}: ${last}`);
}

/**
 * Dynamic loaders and where they look for libraries: glibc's (ld.so(8)) with ld.so.conf, and musl's, which is its own C
 * library. glibc's cache is not read: its content comes from the same directories.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';

export interface Loader {
  /** Where it looks without any configuration, so in a guest, too. */
  readonly directories: readonly string[];
  /** Where its configuration on this computer says. */
  readonly configuredDirectories: () => readonly string[];
  /** True for a library that the loader is itself. */
  readonly isBuiltIn: (name: string) => boolean;
}

const glibc: Loader = {
  directories: ['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib64', '/usr/lib64', '/lib', '/usr/lib'],
  configuredDirectories: once(() => readLoaderConfig('/etc/ld.so.conf', 0)),
  isBuiltIn: () => false,
};

const musl: Loader = {
  directories: ['/lib', '/usr/local/lib', '/usr/lib'],
  configuredDirectories: once(() => readIfThere('/etc/ld-musl-x86_64.path').split(/[:\n]/).filter(isAbsolute)),
  // As the loader's own list has it.
  isBuiltIn: (name) => /^lib(c|pthread|rt|m|dl|util|xnet)\./.test(name),
};

/** The loader behind a program's interpreter. */
export const loaderOf = (interpreter: string | undefined): Loader =>
  interpreter !== undefined && basename(interpreter).startsWith('ld-musl-') ? musl : glibc;

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Systems without the file have only the default directories. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const MAX_INCLUDE_DEPTH = 8;

/** Directories of ld.so.conf and what it includes. */
function readLoaderConfig(path: string, depth: number): string[] {
  return readIfThere(path)
    .split('\n')
    .flatMap((rawLine) => {
      const line = rawLine.replace(/#.*/, '').trim();
      const include = /^include\s+(.+)$/.exec(line);
      if (include && depth < MAX_INCLUDE_DEPTH) {
        return expandPattern(join(dirname(path), include[1]!), include[1]!).flatMap((p) =>
          readLoaderConfig(p, depth + 1),
        );
      }
      return line.startsWith('/') ? [line] : [];
    });
}

/** Files that match a pattern with `*` in its last component. */
function expandPattern(joined: string, pattern: string): string[] {
  const path = isAbsolute(pattern) ? pattern : joined;
  if (!path.includes('*')) return [path];
  const parts = basename(path)
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const matcher = new RegExp(`^${parts.join('.*')}$`);
  try {
    return readdirSync(dirname(path))
      .filter((name) => matcher.test(name))
      .sort()
      .map((name) => join(dirname(path), name));
  } catch {
    return [];
  }
}

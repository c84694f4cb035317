/**
 * The files a dynamic program of the host needs, found as its loader would (ld.so(8)): interpreter, then DT_NEEDED of
 * everything, looked up in DT_RPATH (unless there is a DT_RUNPATH), LD_LIBRARY_PATH, DT_RUNPATH, ld.so.conf and the
 * default directories. The loader's cache is not read: its content comes from the same directories.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { VmError } from '../../contract/errors.ts';
import { type ElfInfo, elfInfoOf, isElfFile, scriptInterpreter } from './elf-info.ts';

const defaultDirectories = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
];

export interface ElfClosure {
  /** The program's interpreter, when it has one. */
  interpreter: string | undefined;
  /** Absolute host paths as the loader would open them: program, interpreter, libraries. */
  files: string[];
  /** Of those, libraries found only through ld.so.conf or LD_LIBRARY_PATH: the guest has neither. */
  configured: string[];
}

interface Needed {
  name: string;
  by: string;
  info: ElfInfo;
}

/** Throws VmError `elf.interpreter-missing` or `elf.library-missing` with the path that was searched. */
export function elfClosure(program: string): ElfClosure {
  const script = scriptInterpreter(program);
  if (script !== undefined) return scriptClosure(program, script);
  const info = elfInfoOf(program);
  const closure: ElfClosure = { interpreter: info.interpreter, files: [program], configured: [] };
  if (info.interpreter !== undefined) {
    if (!isElfFile(info.interpreter)) {
      const message = `${program} needs the interpreter ${info.interpreter}, which is not on this computer; give a root file system that has it with --rootfs`;
      throw new VmError('elf.interpreter-missing', message, { program, interpreter: info.interpreter });
    }
    closure.files.push(info.interpreter);
  }
  const seen = new Set([info.interpreter === undefined ? '' : basename(info.interpreter)]);
  const queue = neededOf(program, info);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (seen.has(next.name)) continue;
    seen.add(next.name);
    const found = findLibrary(next, info);
    closure.files.push(found.path);
    if (found.isConfigured) closure.configured.push(found.path);
    queue.push(...neededOf(found.path, elfInfoOf(found.path)));
  }
  return closure;
}

/** A script with its interpreter and what that needs. */
function scriptClosure(program: string, interpreter: string): ElfClosure {
  if (!isElfFile(interpreter)) {
    const message = `${program} is a script for ${interpreter}, which is no program of this computer; give a root file system that has it with --rootfs`;
    throw new VmError('elf.interpreter-missing', message, { program, interpreter });
  }
  const closure = elfClosure(interpreter);
  return { ...closure, files: [program, ...closure.files] };
}

const neededOf = (by: string, info: ElfInfo): Needed[] => info.needed.map((name) => ({ name, by, info }));

function findLibrary({ name, by, info }: Needed, program: ElfInfo): { path: string; isConfigured: boolean } {
  if (name.includes('/')) return { path: isAbsolute(name) ? name : join(dirname(by), name), isConfigured: false };
  const origin = (path: string): string => path.replace(/\$ORIGIN|\$\{ORIGIN\}/g, dirname(by));
  // The program's own RPATH counts for its libraries' needs too; a RUNPATH only for the file that has it.
  const rpath = info.runpath.length > 0 ? [] : [...info.rpath, ...(program.runpath.length > 0 ? [] : program.rpath)];
  const own = [...rpath, ...info.runpath].map(origin);
  const configured = [
    ...(process.env.LD_LIBRARY_PATH ?? '').split(':').filter((d) => d !== ''),
    ...loaderDirectories(),
  ];
  for (const directory of [...own, ...defaultDirectories, ...configured]) {
    const path = join(directory, name);
    if (isUsable(path))
      return { path, isConfigured: !own.includes(directory) && !defaultDirectories.includes(directory) };
  }
  const searched = [...new Set([...own, ...defaultDirectories, ...configured])];
  const message = `the library ${name}, which ${by} needs, was not found; searched: ${searched.join(', ')}`;
  throw new VmError('elf.library-missing', message, { library: name, by, searched });
}

/** A library for another machine in a search directory is passed over, as the loader does. */
function isUsable(path: string): boolean {
  try {
    elfInfoOf(path);
    return true;
  } catch (error) {
    if (error instanceof VmError) return false;
    throw error;
  }
}

let loaderPath: string[] | undefined;

/** Directories of /etc/ld.so.conf and what it includes. */
function loaderDirectories(): string[] {
  loaderPath ??= readLoaderConfig('/etc/ld.so.conf', 0);
  return loaderPath;
}

const MAX_INCLUDE_DEPTH = 8;

function readLoaderConfig(path: string, depth: number): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // Systems without the file have only the default directories.
    return [];
  }
  return text.split('\n').flatMap((rawLine) => {
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

/**
 * The files a dynamic program of the host needs, found as its loader would (ld.so(8)): interpreter, then DT_NEEDED of
 * everything, looked up in DT_RPATH (unless there is a DT_RUNPATH), LD_LIBRARY_PATH, DT_RUNPATH, the loader's configuration
 * and its default directories (loaders.ts).
 */
import { basename, dirname, isAbsolute, join } from 'node:path';
import { VmError } from '../../contract/errors.ts';
import { type ElfInfo, elfInfoOf, isElfFile, scriptInterpreter } from './elf-info.ts';
import { type Loader, loaderOf } from './loaders.ts';

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
  const loader = loaderOf(info.interpreter);
  const queue = neededOf(program, info);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (seen.has(next.name) || loader.isBuiltIn(next.name)) continue;
    seen.add(next.name);
    const found = findLibrary(next, info, loader);
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

function findLibrary(
  { name, by, info }: Needed,
  program: ElfInfo,
  loader: Loader,
): { path: string; isConfigured: boolean } {
  if (name.includes('/')) return { path: isAbsolute(name) ? name : join(dirname(by), name), isConfigured: false };
  const origin = (path: string): string => path.replace(/\$ORIGIN|\$\{ORIGIN\}/g, dirname(by));
  // The program's own RPATH counts for its libraries' needs too; a RUNPATH only for the file that has it.
  const rpath = info.runpath.length > 0 ? [] : [...info.rpath, ...(program.runpath.length > 0 ? [] : program.rpath)];
  const own = [...rpath, ...info.runpath].map(origin);
  const known = [...own, ...loader.directories];
  const configured = [
    ...(process.env.LD_LIBRARY_PATH ?? '').split(':').filter((d) => d !== ''),
    ...loader.configuredDirectories(),
  ];
  for (const directory of [...known, ...configured]) {
    const path = join(directory, name);
    if (isUsable(path)) return { path, isConfigured: !known.includes(directory) };
  }
  const searched = [...new Set([...known, ...configured])];
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

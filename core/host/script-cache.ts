/**
 * Runs a bundled script with V8's code cache beside it. Unlike Node's compile cache it is made after the script has run, so
 * it holds the functions that were compiled on the way, too: that takes a third off the start of an instance. V8 rejects
 * the cache of another version of itself or of the script; then it is made anew by the first run. The build makes it with
 * ELFDECK_GROW_CODE_CACHE set: then each run adds what it needed and the cache lacks.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

export interface RunScript {
  /** What the script exports. */
  readonly exports: unknown;
  /** Writes the cache if that is to be done. Call it when all that a start needs has run. */
  saveCache(): void;
}

/** Runs the script `name` of a folder, a CommonJS function that may require Node's own modules and files of that folder. */
export function runScript(folder: string, name: string): RunScript {
  const filename = join(folder, name);
  const cacheFile = join(folder, 'cache', `${name}-${process.version}-${process.arch}${flagsTag()}`);
  const cachedData = readIfThere(cacheFile);
  // The bundler writes ASCII, and a function's head and end around the script.
  const text = readBytes(filename).toString('latin1');
  const script = new Script(text, { filename, ...(cachedData === undefined ? {} : { cachedData }) });
  const isUsed = cachedData !== undefined && script.cachedDataRejected === false;
  const module = { exports: {} };
  const require = (id: string): unknown =>
    id.startsWith('.')
      ? process.getBuiltinModule('node:module').createRequire(filename)(id)
      : process.getBuiltinModule(id);
  script.runInThisContext()(module.exports, require, module, filename, folder);
  return {
    exports: module.exports,
    saveCache() {
      if (!isUsed || process.env.ELFDECK_GROW_CODE_CACHE !== undefined)
        writeCache(cacheFile, script.createCachedData());
    },
  };
}

/** V8 refuses a cache that was made under other flags: those who use some get a cache of their own. */
function flagsTag(): string {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').trim();
  let hash = 0;
  for (const character of flags) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) | 0;
  return flags === '' ? '' : `-${(hash >>> 0).toString(16)}`;
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readBytes(file);
  } catch {
    return undefined;
  }
}

/**
 * The bytes of a file, in pages of their own: to give back a large piece of the heap would teach malloc to keep as much for
 * later, 5 MB in each instance.
 */
function readBytes(file: string): Buffer {
  const fd = openSync(file, 'r');
  const { size } = fstatSync(fd);
  const bytes = Buffer.from(new ArrayBuffer(size, { maxByteLength: size }));
  for (let at = 0, count = -1; at < size && count !== 0; at += count) count = readSync(fd, bytes, at, size - at, at);
  closeSync(fd);
  return bytes;
}

/** Others may read or write the same file meanwhile. A folder that can't be written costs speed, nothing else. */
function writeCache(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.${process.pid}`;
  try {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(temporary, bytes);
    renameSync(temporary, file);
  } catch {}
}

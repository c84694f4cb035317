/**
 * Locks between processes that die with their holder. A lock is a file `NAME.N` in the folder of locks, complete from the
 * moment it is there (written beside, then linked), which says who holds it.
 *
 * To take it: find the highest N. If its holder lives, the lock is taken; else link `N+1`, which only one process can. Then look
 * once more: whoever finds another living holder's file beside its own gives up its own. As all create before they look,
 * of two at least the later sees the other. Files of the dead are removed by the new holder.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { namesIn, stagingName } from './atomic.ts';
import { isAlive, ownProcess, type ProcessMark } from './process-mark.ts';

export interface Lock {
  release(): void;
}

interface Claim extends ProcessMark {
  number: number;
  /** Tells claims of one process apart. */
  key: string;
}

const WAIT_MS = 5;
const SUPERFLUOUS = /[^A-Za-z0-9_-]/;

/** Takes the lock, or says who has it. Names are letters, digits, `_` and `-`. */
export function tryLock(folder: string, name: string): Lock | ProcessMark {
  if (SUPERFLUOUS.test(name)) throw new Error(`not a name of a lock: ${name}`);
  const before = claims(folder, name);
  const holder = before.find(isAlive);
  if (holder !== undefined) return holder;
  const number = Math.max(0, ...before.map((claim) => claim.number)) + 1;
  const key = stagingName();
  const path = claimPath(folder, name, number);
  if (!link(folder, path, { ...ownProcess(), number, key })) return claims(folder, name).find(isAlive) ?? ownProcess();
  const rival = claims(folder, name).find((claim) => claim.key !== key && isAlive(claim));
  if (rival !== undefined) {
    rmSync(path, { force: true });
    return rival;
  }
  for (const dead of before) rmSync(claimPath(folder, name, dead.number), { force: true });
  return { release: () => rmSync(path, { force: true }) };
}

/** Who holds it now. */
export function lockHolder(folder: string, name: string): ProcessMark | undefined {
  return claims(folder, name).find(isAlive);
}

/** Waits for the lock, which is to be held for a moment only, and runs `use` with it. */
export async function withLock<T>(folder: string, name: string, use: () => T | Promise<T>): Promise<T> {
  for (;;) {
    const lock = tryLock(folder, name);
    if ('release' in lock) {
      try {
        return await use();
      } finally {
        lock.release();
      }
    }
    await delay(WAIT_MS * (1 + Math.random()));
  }
}

const claimPath = (folder: string, name: string, number: number): string => join(folder, `${name}.${number}`);

function link(folder: string, path: string, claim: Claim): boolean {
  const temporary = join(folder, `.claim.${claim.key}`);
  writeFileSync(temporary, JSON.stringify(claim), { flag: 'wx', mode: 0o600 });
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function claims(folder: string, name: string): Claim[] {
  const found: Claim[] = [];
  for (const file of namesIn(folder)) {
    const number = file.startsWith(`${name}.`) ? Number(file.slice(name.length + 1)) : Number.NaN;
    if (!Number.isInteger(number)) continue;
    const claim = readClaim(join(folder, file));
    if (claim !== undefined) found.push({ ...claim, number });
  }
  return found;
}

/** Undefined when it was released meanwhile. One that is no claim (a disk that lost it) is that of a dead process. */
function readClaim(path: string): Claim | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const dead = { pid: -1, start: 1, number: 0, key: '' };
  try {
    return { ...dead, ...(JSON.parse(text) as Partial<Claim>) };
  } catch {
    return dead;
  }
}

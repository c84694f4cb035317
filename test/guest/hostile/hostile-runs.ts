/**
 * Guests that mean no good, each determined by a seed: one that makes random system calls, one that runs random bytes, and
 * damaged ELF files. They may end as they like; what counts is that it is they who end and not the machine, that the
 * machine can say how, and that nothing beside their root folder changes.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitStatusOf, VmError } from '../../../core/contract/errors.ts';
import { Random } from '../../diff/isa/random.ts';
import { type CommandResult, elfdeck } from '../../support/elfdeck.ts';
import { quietInstance } from '../../support/instances.ts';
import { callTable } from './call-table.ts';
import { randomBytes } from './random-code.ts';

const SECRET = 'kept from guests\n';
const PIECE = 32;
const SYSCALL = [0x0f, 0x05];

/** What a run must not end with: each is a fault of ours. */
const OWN_FAULTS: readonly number[] = [exitStatusOf('instance.internal'), exitStatusOf('contract.malformed'), -1, -2];

/** Flags for the compiler that put the table of system calls into hostile-calls.c. */
export function tableFlags(folder: string): string[] {
  const header = join(folder, 'call-table.h');
  writeFileSync(header, callTable());
  return ['-static', '-O1', '-Wno-unused-variable', '-include', header];
}

/** A complaint, or undefined when the machine is whole. */
function complaint({ status, stderr }: CommandResult): string | undefined {
  const isOurs = OWN_FAULTS.includes(status) || /^\s+at .*\.ts:\d+/m.test(stderr);
  return isOurs ? `ended with ${status}: ${stderr.slice(0, 2000)}` : undefined;
}

/** Random system calls of a program on a root folder inside `base`, which is made anew. */
export function runCalls(program: string, base: string, seed: number, count: number): string | undefined {
  const root = join(base, 'root');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, 'work'), { recursive: true });
  writeFileSync(join(base, 'secret'), SECRET);
  copyFileSync(program, join(root, 'fuzz'));
  const access = ['', ':overlay'][seed % 2];
  const result = elfdeck([
    'run',
    '-q',
    '-m',
    '64M',
    '-r',
    root + access,
    '/fuzz',
    `${seed}`,
    `${count}`,
    `${seed % 3}`,
  ]);
  const beside = readdirSync(base).sort().join();
  if (beside !== 'root,secret') return `left ${beside} beside its root`;
  if (readFileSync(join(base, 'secret'), 'utf8') !== SECRET) return 'changed what is beside its root';
  return complaint(result);
}

/** Pieces of code for hostile-bytes.c. */
function pieces(random: Random, count: number): Uint8Array {
  const out = new Uint8Array(count * PIECE).fill(0x90);
  for (let i = 0; i < count; i++) out.set(randomBytes(random).subarray(0, PIECE), i * PIECE);
  // System calls have a program of their own.
  for (let at = 0; at + 1 < out.length; at++) if (out[at] === SYSCALL[0] && out[at + 1] === SYSCALL[1]) out[at] = 0x90;
  return out;
}

export function runBytes(program: string, seed: number, count: number): string | undefined {
  const result = elfdeck(['run', '-q', '-m', '64M', program, String(seed)], pieces(new Random(seed), count));
  return complaint(result);
}

/** A copy with some bytes of its headers, or anywhere, changed, or cut short. */
export function damagedElf(image: Uint8Array, seed: number): Uint8Array {
  const random = new Random(seed);
  const bytes = image.slice();
  const dv = new DataView(bytes.buffer);
  for (let i = random.below(6); i >= 0; i--) {
    const at = random.below(random.chance(70) ? Math.min(bytes.length, 0x300) : bytes.length);
    if (random.chance(40)) bytes[at] = random.u32();
    else if (random.chance(50) && at + 8 <= bytes.length) dv.setBigUint64(at & ~7, random.integer(), true);
    else if (at + 4 <= bytes.length) dv.setUint32(at & ~3, Number(random.integer() & 0xffff_ffffn), true);
  }
  return random.chance(15) ? bytes.subarray(0, random.below(bytes.length)) : bytes;
}

/** The built-in hello world: a static PIE. */
export const helloImage = (): Uint8Array =>
  readFileSync(fileURLToPath(new URL('../../../core/image/examples/hello', import.meta.url)));

const PATIENCE_MS = 2000;

/** Starts a damaged program; one that runs on and on is killed. */
export async function runElf(folder: string, seed: number): Promise<string | undefined> {
  const path = join(folder, 'damaged');
  writeFileSync(path, damagedElf(helloImage(), seed));
  const { instance } = quietInstance(path, { program: ['damaged'] });
  const timer = setTimeout(() => instance.kill(), PATIENCE_MS);
  try {
    await instance.start();
    const { error } = await instance.ended;
    return error?.code === 'instance.internal' ? (error.stack ?? error.message) : undefined;
  } catch (error) {
    return error instanceof VmError && error.code !== 'instance.internal' ? undefined : String(error);
  } finally {
    clearTimeout(timer);
    await instance.ended;
  }
}

/**
 * Programs that once went wrong, cut down, with what a real CPU did: kept as they are, because a seed means another program
 * as soon as the generator changes. `run.ts --keep WHY` adds to kept.json.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Image, Outcome } from './layout.ts';

const file = join(import.meta.dirname, 'kept.json');

export interface Kept {
  readonly why: string;
  readonly image: Image;
  readonly definedAt: ReadonlyMap<number, number>;
  /** On a real CPU. */
  readonly expected: Outcome;
}

/** JSON with byte strings, whole numbers of 64 bits and maps. */
function replace(this: Record<string, unknown>, key: string, value: unknown): unknown {
  // A Buffer has turned itself into something else before it comes here as the value.
  const bytes = this[key];
  if (bytes instanceof Uint8Array) return { base64: Buffer.from(bytes).toString('base64') };
  if (value instanceof Map) return { map: [...value] };
  return typeof value === 'bigint' ? { hex: value.toString(16) } : value;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if ('base64' in value) return new Uint8Array(Buffer.from(value.base64 as string, 'base64'));
  if ('map' in value) return new Map(value.map as [number, number][]);
  return 'hex' in value ? BigInt(`0x${value.hex as string}`) : value;
}

const pack = (kept: Kept): string => gzipSync(JSON.stringify(kept, replace)).toString('base64');
const unpack = (text: string): Kept => JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString(), revive) as Kept;

interface Line {
  readonly why: string;
  readonly program: string;
}

export const readKept = (): Kept[] =>
  (JSON.parse(readFileSync(file, 'utf8')) as Line[]).map(({ program }) => unpack(program));

export function keep(kept: Kept): void {
  const lines = JSON.parse(readFileSync(file, 'utf8')) as Line[];
  lines.push({ why: kept.why, program: pack(kept) });
  writeFileSync(file, `${JSON.stringify(lines, null, 1)}\n`);
}

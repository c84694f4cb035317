/**
 * The main stack as a program finds it at its first instruction: psABI 3.4.1, and what Linux puts where. From the stack
 * pointer upwards:
 *
 *   argc | argv pointers, NULL | envp pointers, NULL | auxv pairs, AT_NULL | padding
 *   16 random bytes | "x86_64" | argv strings | envp strings | path of the program | 8 zero bytes | stack top
 */
import { strToBytes } from '../../base/bytes.ts';
import type { RandomFill } from '../../dev/clock.ts';
import { PAGE_SIZE } from '../../mem/layout.ts';
import { AT_EXECFN, AT_NULL, AT_PLATFORM, AT_RANDOM, AT_RSEQ_ALIGN, AT_RSEQ_FEATURE_SIZE } from '../abi/auxv.ts';
import { E2BIG } from '../abi/errno.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../abi/mman.ts';
import { fail } from '../errors.ts';
import { type Mm, pageDown } from '../mm/mm.ts';
import { VM_GROWSDOWN, VM_MAYEXEC, VM_MAYWRITE } from '../mm/vma.ts';

const PLATFORM = 'x86_64';
const RANDOM_BYTES = 16;
/** struct rseq: bytes up to mm_cid, the last field in use, and its alignment. */
const RSEQ_FEATURE_SIZE = 28;
const RSEQ_ALIGN = 32;
/** Linux maps this much stack below what the program starts with. */
const INITIAL_ROOM = 128 * 1024;
/** Limits of execve(2): one string, and all strings with their pointers. */
const MAX_STRING = 32 * PAGE_SIZE;
const MIN_TOTAL = 128 * 1024;
const MAX_TOTAL = 6 * 1024 * 1024;

export interface StackInput {
  argv: readonly string[];
  envp: readonly string[];
  /** AT_EXECFN. */
  path: string;
  isExecutable: boolean;
  /** Entries before those that this file adds (from AT_RANDOM on), in order. */
  auxv: readonly (readonly [key: number, value: number])[];
  random: RandomFill;
}

export interface InitialStack {
  stackPointer: number;
  /** The auxiliary vector, as /proc/PID/auxv shows it. */
  auxv: Uint8Array;
}

/** E2BIG when the strings exceed what `stackLimit` (RLIMIT_STACK) allows. */
export function checkArguments(
  argv: readonly string[],
  envp: readonly string[],
  path: string,
  stackLimit: number,
): void {
  const limit = Math.max(MIN_TOTAL, Math.min(stackLimit / 4, MAX_TOTAL));
  let total = path.length + 1 + (argv.length + envp.length) * 8;
  for (const list of [argv, envp]) {
    for (const text of list) {
      if (text.length >= MAX_STRING) fail(E2BIG);
      total += text.length + 1;
    }
  }
  if (total > limit) fail(E2BIG);
}

/** Maps the main stack below `mm.stackTop` and fills it in. */
export function buildStack(mm: Mm, input: StackInput): InitialStack {
  const { argv, envp, path } = input;
  const strings = layOutStrings(mm.stackTop, argv, envp, path);
  const platform = strings.start - PLATFORM.length - 1;
  const random = platform - RANDOM_BYTES;
  const auxv: (readonly [number, number])[] = [
    ...input.auxv,
    [AT_RANDOM, random],
    [AT_EXECFN, strings.path],
    [AT_PLATFORM, platform],
    [AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_SIZE],
    [AT_RSEQ_ALIGN, RSEQ_ALIGN],
    [AT_NULL, 0],
  ];
  const words = 1 + argv.length + 1 + envp.length + 1 + auxv.length * 2;
  const stackPointer = Math.floor((Math.floor(random / 16) * 16 - words * 8) / 16) * 16;
  mapStack(mm, stackPointer, input.isExecutable);
  writeStrings(mm, strings, argv, envp, path);
  mm.user.writeBytes(platform, strToBytes(PLATFORM));
  input.random(mm.user.view(random, RANDOM_BYTES, 'w'));
  const vector = new BigUint64Array(
    [argv.length, ...strings.argv, 0, ...strings.envp, 0, ...auxv.flat()].map((value) => BigInt(value)),
  );
  const bytes = new Uint8Array(vector.buffer);
  mm.user.writeBytes(stackPointer, bytes);
  mm.image = {
    ...mm.image,
    startStack: stackPointer,
    argStart: strings.start,
    argEnd: strings.envStart,
    envStart: strings.envStart,
    envEnd: strings.path,
  };
  return { stackPointer, auxv: bytes.slice(bytes.length - auxv.length * 16) };
}

interface StringPlaces {
  start: number;
  envStart: number;
  path: number;
  argv: number[];
  envp: number[];
}

function layOutStrings(top: number, argv: readonly string[], envp: readonly string[], path: string): StringPlaces {
  const sizeOf = (list: readonly string[]): number => list.reduce((sum, text) => sum + text.length + 1, 0);
  const pathAt = top - 8 - path.length - 1;
  const envStart = pathAt - sizeOf(envp);
  const start = envStart - sizeOf(argv);
  const places = (list: readonly string[], from: number): number[] => {
    let at = from;
    return list.map((text) => {
      const place = at;
      at += text.length + 1;
      return place;
    });
  };
  return { start, envStart, path: pathAt, argv: places(argv, start), envp: places(envp, envStart) };
}

function mapStack(mm: Mm, stackPointer: number, isExecutable: boolean): void {
  const start = pageDown(stackPointer) - INITIAL_ROOM;
  mm.map({
    address: start,
    len: mm.stackTop - start,
    prot: PROT_READ | PROT_WRITE | (isExecutable ? PROT_EXEC : 0),
    flags: VM_GROWSDOWN | VM_MAYWRITE | VM_MAYEXEC,
    fixed: 'replace',
    name: '[stack]',
  });
}

function writeStrings(
  mm: Mm,
  places: StringPlaces,
  argv: readonly string[],
  envp: readonly string[],
  path: string,
): void {
  mm.user.writeBytes(places.start, strToBytes([...argv, ...envp, path].map((text) => `${text}\0`).join('')));
}

/**
 * The system call table of a machine: the union of the selected micro-libraries' manifests, by number, with the counters
 * that `--stats` and `--missing` show. A number that no selected library owns has an entry too, made on its first use.
 */
import { assert } from '../../base/assert.ts';
import type { MicroLibrary } from '../lib.ts';
import type { AnySyscall, ArgType, Support } from './define.ts';
import { SYSCALL_LIMIT, syscallName } from './names.ts';

/** More arguments than registers is a mistake in a definition. */
const MAX_ARGS = 6;
/** A guest that tries every number must not fill the host's memory. */
const MAX_UNKNOWN = 1024;

export class SyscallEntry {
  readonly nr: number;
  readonly name: string;
  /** Name of the micro-library that has it; undefined when none of the image's has. */
  readonly library: string | undefined;
  readonly call: AnySyscall | undefined;
  /** Taken out of `call` for the dispatcher. */
  readonly args: readonly ArgType<unknown>[];
  readonly arity: number;
  readonly run: AnySyscall['run'];
  /** Calls made, and those of them that failed. */
  count = 0;
  errors = 0;
  /** Time in the handler, while the dispatcher measures it. */
  timeNs = 0;

  constructor(nr: number, call: AnySyscall | undefined, library: string | undefined) {
    this.nr = nr;
    this.name = call?.name ?? syscallName(nr) ?? `syscall_${nr}`;
    this.library = library;
    this.call = call;
    this.args = call?.args ?? [];
    this.arity = this.args.length;
    this.run = call?.run ?? noSuchCall;
  }

  get support(): Support {
    return this.call?.support ?? { stub: 'no selected library has it' };
  }
  get isMissing(): boolean {
    return typeof this.support === 'object' && 'stub' in this.support;
  }
}

function noSuchCall(): never {
  throw new Error('a missing system call was run');
}

export class SyscallTable {
  /** By number; holes where no selected library has a call and none was tried. */
  readonly entries: (SyscallEntry | undefined)[] = new Array(SYSCALL_LIMIT).fill(undefined);
  private readonly unknown = new Map<number, SyscallEntry>();
  private readonly tooMany = new SyscallEntry(-1, undefined, undefined);

  constructor(libraries: readonly MicroLibrary[]) {
    for (const library of libraries) {
      for (const call of library.syscalls) this.add(call, library.name);
    }
  }

  private add(call: AnySyscall, library: string): void {
    const other = this.entries[call.nr];
    assert(other === undefined, `system call ${call.nr} is both ${library}'s ${call.name} and ${other?.library}'s`);
    assert(call.nr >= 0 && call.nr < SYSCALL_LIMIT, `${call.name}: no such number ${call.nr}`);
    assert(syscallName(call.nr) === call.name, `system call ${call.nr} is ${syscallName(call.nr)}, not ${call.name}`);
    assert(call.args.length <= MAX_ARGS, `${call.name}: too many arguments`);
    this.entries[call.nr] = new SyscallEntry(call.nr, call, library);
  }

  /** The entry of a number that isn't in `entries`. */
  absent(nr: number): SyscallEntry {
    let entry = this.unknown.get(nr);
    if (entry === undefined) {
      if (this.unknown.size >= MAX_UNKNOWN) return this.tooMany;
      entry = new SyscallEntry(nr, undefined, undefined);
      this.unknown.set(nr, entry);
    }
    return entry;
  }

  get(name: string): SyscallEntry | undefined {
    return this.entries.find((entry) => entry?.name === name);
  }

  /** Every entry that was called or is provided, by number. */
  *[Symbol.iterator](): IterableIterator<SyscallEntry> {
    for (const entry of this.entries) if (entry !== undefined) yield entry;
    yield* [...this.unknown.values()].sort((a, b) => a.nr - b.nr);
  }

  /** Calls that the guest made and that are absent or stubs, most frequent first. */
  missing(): SyscallEntry[] {
    return [...this].filter((entry) => entry.count > 0 && entry.isMissing).sort((a, b) => b.count - a.count);
  }
}

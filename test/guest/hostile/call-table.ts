/**
 * The table of system calls as C data for test/guest/c/hostile-calls.c: what each argument is, found out from how the call
 * itself decodes and shows it, so that random calls get arguments that go deeper than the first check.
 */
import { libraries } from '../../../core/kernel/lib/index.ts';
import type { AnySyscall, ArgType, FormatContext } from '../../../core/kernel/syscall/define.ts';

/** One letter for each kind, as the C program reads them. */
type Kind = 'f' | 'p' | 'a' | 's' | 'x' | 'v' | 'g' | 'z' | 't' | 'i';

// biome-ignore lint/suspicious/noExplicitAny: any argument type
type AnyArg = ArgType<any>;

/** What an argument shows for a value; undefined when it needs a machine for that. */
function shown(arg: AnyArg, value: number): string | undefined {
  try {
    return arg.format(value as never, { printType: false, result: -1 } as FormatContext);
  } catch {
    return undefined;
  }
}

/** Bits that have names. */
function namedBits(arg: AnyArg): number {
  let mask = 0;
  for (let bit = 0; bit < 31; bit++) {
    const text = shown(arg, 2 ** bit);
    if (text !== undefined && /^[A-Z]/.test(text) && !text.includes('0x')) mask |= 1 << bit;
  }
  return mask;
}

function namedValues(arg: AnyArg): number[] {
  const values: number[] = [];
  for (let value = -2; value < 0x600 && values.length < 100; value++) {
    if (/^[A-Z]/.test(shown(arg, value) ?? '')) values.push(value);
  }
  return values;
}

function kindOf(arg: AnyArg): Kind {
  if (arg.kind === 'fd') return 'f';
  if (arg.kind === 'path') return 'p';
  // Without a machine only a pointer into its memory can't be shown.
  const text = shown(arg, 0x4000_5a5b);
  if (text === undefined || shown(arg, 0) === 'NULL') return 'a';
  // Quotes around nothing: a string, of which a number has no character.
  if (text === '""') return 'p';
  const { name } = arg;
  if (/sigsetsize/.test(name)) return 'z';
  if (/sig/.test(name)) return 'g';
  if (/^[pt]?g?id$|pid|who/.test(name)) return 't';
  if (/len|size|count|nr|num|max|cnt|off|pos/.test(name)) return 's';
  if (!/[A-Z]|0x/.test(text)) return namedValues(arg).length > 0 ? 'v' : 'i';
  return namedBits(arg) !== 0 ? 'x' : 'i';
}

function row({ nr, name, args }: AnySyscall): string {
  const all = args as readonly AnyArg[];
  const kinds = all.map(kindOf);
  const masks = all.map((arg, i) => (kinds[i] === 'x' ? namedBits(arg) : 0));
  const values = all.map((arg, i) => (kinds[i] === 'v' ? namedValues(arg) : []));
  const lists = values.map((list, i) => (list.length === 0 ? '' : `static const int v${nr}_${i}[] = {${list}};\n`));
  const pointers = values.map((list, i) => (list.length === 0 ? '{0, 0}' : `{v${nr}_${i}, ${list.length}}`));
  rows.push(`{${nr}, "${name}", "${kinds.join('')}", {${masks.join(', ')}}, {${pointers.join(', ')}}},`);
  return lists.join('');
}

const rows: string[] = [];

/** The C header. */
export function callTable(): string {
  rows.length = 0;
  const lists = libraries.flatMap((library) => library.syscalls.map(row)).join('');
  const type = `struct call { int nr; const char *name; const char *kinds; unsigned mask[6];
  struct { const int *list; int count; } values[6]; };`;
  return `${lists}${type}\nstatic const struct call calls[] = {\n${rows.join('\n')}\n};\n`;
}

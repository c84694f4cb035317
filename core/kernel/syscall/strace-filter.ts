/**
 * Which calls `--strace=FILTER` shows: items separated by commas, each a name, a pattern with `*` and `?`, `all`, `none`,
 * or a class as in strace(1) (`file`, `desc`, `memory`, `process`, `signal`, `network`, with or without a leading `%`)
 * or a micro-library. `!` before an item takes it out; with only such items the rest is shown.
 */
import { SYSCALL_LIMIT, syscallName } from './names.ts';
import type { SyscallEntry } from './table.ts';

export type SyscallFilter = (entry: SyscallEntry) => boolean;

const hasKind = (entry: SyscallEntry, kind: string): boolean => entry.args.some((arg) => arg.kind === kind);
const isIn = (entry: SyscallEntry, ...libraries: string[]): boolean =>
  entry.library !== undefined && libraries.includes(entry.library);
const processCalls = new Set(['clone', 'clone3', 'fork', 'vfork', 'execve', 'execveat', 'exit', 'exit_group', 'wait4']);
for (const name of ['waitid', 'kill', 'tkill', 'tgkill', 'pidfd_send_signal', 'unshare']) processCalls.add(name);

const classes: Readonly<Record<string, SyscallFilter>> = {
  all: () => true,
  none: () => false,
  file: (entry) => hasKind(entry, 'path'),
  desc: (entry) => hasKind(entry, 'fd'),
  memory: (entry) => isIn(entry, 'posix-mmap'),
  process: (entry) => processCalls.has(entry.name),
  signal: (entry) => isIn(entry, 'uksignal'),
  network: (entry) => isIn(entry, 'posix-socket', 'posix-unixsocket', 'lwip'),
};

export const filterClasses: readonly string[] = Object.keys(classes);

/** Items that name no class, none of the micro-libraries and no system call of Linux. */
export function unknownFilterItems(text: string, libraries: readonly string[]): string[] {
  const names = Array.from({ length: SYSCALL_LIMIT }, (_, nr) => syscallName(nr)).filter((name) => name !== undefined);
  return itemsOf(text).filter((item) => {
    const name = item.replace(/^!/, '').replace(/^%/, '');
    const pattern = patternOf(name);
    return !filterClasses.includes(name) && !libraries.includes(name) && !names.some((call) => pattern.test(call));
  });
}

function itemsOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Never fails: an item that names nothing matches nothing. */
export function parseSyscallFilter(text: string): SyscallFilter {
  const items = itemsOf(text);
  const shown = items.filter((item) => !item.startsWith('!')).map(parseItem);
  const hidden = items.filter((item) => item.startsWith('!')).map((item) => parseItem(item.slice(1)));
  const cache = new Map<string, boolean>();
  return (entry) => {
    let isShown = cache.get(entry.name);
    if (isShown === undefined) {
      isShown = (shown.length === 0 || shown.some((f) => f(entry))) && !hidden.some((f) => f(entry));
      cache.set(entry.name, isShown);
    }
    return isShown;
  };
}

function parseItem(item: string): SyscallFilter {
  const name = item.startsWith('%') ? item.slice(1) : item;
  const ofClass = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (ofClass !== undefined) return ofClass;
  const pattern = patternOf(name);
  return (entry) => pattern.test(entry.name) || entry.library === name;
}

function patternOf(name: string): RegExp {
  const literal = name.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replace(/\*/g, '.*').replace(/\?/g, '.')}$`);
}

/** `elfdeck syscalls [--missing]`: the table of system calls with owner and support level. */
import { libraries } from '../../kernel/lib/index.ts';
import type { Support } from '../../kernel/syscall/define.ts';
import { SYSCALL_LIMIT, syscallName } from '../../kernel/syscall/names.ts';

interface Row {
  name: string;
  library: string;
  support: Support;
}

/** Every call that Linux has, by number; with `onlyMissing` those that are not fully there. */
export function listSyscalls(onlyMissing: boolean): void {
  const rows = new Map<number, Row>();
  for (const library of libraries) {
    for (const { nr, name, support } of library.syscalls) rows.set(nr, { name, library: library.name, support });
  }
  const lines: string[] = [];
  const counts = { full: 0, partial: 0, stub: 0, absent: 0 };
  for (let nr = 0; nr < SYSCALL_LIMIT; nr++) {
    const name = syscallName(nr);
    if (name === undefined) continue;
    const row = rows.get(nr) ?? { name, library: '-', support: { stub: 'no library has it: ENOSYS' } };
    const level = rows.has(nr) ? levelOf(row.support) : 'absent';
    counts[level]++;
    if (onlyMissing && level === 'full') continue;
    const start = `${String(nr).padStart(3)}  ${row.name.padEnd(24)}${row.library.padEnd(18)}`;
    lines.push(`${start}${level.padEnd(9)}${reasonOf(row.support)}`.trimEnd());
  }
  const total = `${counts.full} full, ${counts.partial} partial, ${counts.stub} stubs, ${counts.absent} absent`;
  process.stdout.write(`${[...lines, total].join('\n')}\n`);
}

function levelOf(support: Support): 'full' | 'partial' | 'stub' {
  if (support === 'full') return 'full';
  return 'partial' in support ? 'partial' : 'stub';
}

function reasonOf(support: Support): string {
  if (support === 'full') return '';
  return 'partial' in support ? support.partial : support.stub;
}

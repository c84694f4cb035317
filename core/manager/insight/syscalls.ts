/** System calls of a run: how often, whose, and what is missing of them. */
import type { MissingCall } from '../../contract/api/console.ts';
import type { SyscallFigure } from '../../contract/api/insight.ts';
import type { Statistics } from '../../contract/worker-protocol.ts';
import { libraries } from '../../kernel/lib/index.ts';
import type { Support } from '../../kernel/syscall/define.ts';

interface Owned {
  library: string;
  support: Support;
}

let table: Map<string, Owned> | undefined;
function owners(): Map<string, Owned> {
  table ??= new Map(
    libraries.flatMap((library) =>
      library.syscalls.map((call) => [call.name, { library: library.name, support: call.support }] as const),
    ),
  );
  return table;
}

export function missingCalls({ syscalls, missingSyscalls }: Statistics): MissingCall[] {
  const missing: MissingCall[] = Object.entries(missingSyscalls).map(([name, count]) => {
    const owned = owners().get(name);
    if (owned === undefined) return { name, count, support: 'absent', reason: 'no micro-library has it: ENOSYS' };
    const { library, support } = owned;
    if (typeof support === 'object' && 'stub' in support)
      return { name, count, support: 'stub', reason: support.stub, library };
    return { name, count, support: 'absent', reason: `the image leaves out ${library}, which has it`, library };
  });
  const partial = Object.entries(syscalls).flatMap(([name, count]): MissingCall[] => {
    const owned = owners().get(name);
    if (typeof owned?.support !== 'object' || !('partial' in owned.support)) return [];
    return [{ name, count, support: 'partial', reason: owned.support.partial, library: owned.library }];
  });
  return [...missing, ...partial].sort((a, b) => b.count - a.count);
}

export function syscallFigures({ syscalls, missingSyscalls }: Statistics): SyscallFigure[] {
  const all = { ...missingSyscalls, ...syscalls };
  return Object.entries(all)
    .map(([name, count]): SyscallFigure => {
      const owned = owners().get(name);
      if (owned === undefined)
        return { name, library: '', count, support: 'absent', reason: 'no micro-library has it' };
      return { name, library: owned.library, count, ...supportOf(owned.support) };
    })
    .sort((a, b) => b.count - a.count);
}

function supportOf(support: Support): Pick<SyscallFigure, 'support' | 'reason'> {
  if (support === 'full') return { support: 'full', reason: '' };
  return 'partial' in support
    ? { support: 'partial', reason: support.partial }
    : { support: 'stub', reason: support.stub };
}

/**
 * Where a program spends its instructions, by function: the engine tells the address it is at every so many instructions, at
 * the target of a branch. A sample stands for all that ran since the one before.
 */
import type { ProfileRow } from '../contract/worker-protocol.ts';
import type { Process } from '../kernel/process.ts';
import { Symbolizer } from '../kernel/symbols.ts';

export class Profile {
  private readonly samples = new Map<number, number>();

  add(ip: number, instructions: number): void {
    this.samples.set(ip, (this.samples.get(ip) ?? 0) + instructions);
  }

  /** By function, the most first; named by the files that the process has mapped now. */
  rows(process: Process): ProfileRow[] {
    const symbolizer = new Symbolizer(process);
    const rows = new Map<string, ProfileRow>();
    for (const [ip, instructions] of this.samples) {
      const { symbol, file } = nameOf(symbolizer, ip);
      const key = `${symbol}\n${file}`;
      const row = rows.get(key);
      if (row) row.instructions += instructions;
      else rows.set(key, { symbol, file, instructions });
    }
    return [...rows.values()].sort((a, b) => b.instructions - a.instructions);
  }
}

function nameOf(symbolizer: Symbolizer, ip: number): { symbol: string; file: string } {
  try {
    const place = symbolizer.place(ip);
    if (place?.symbol === undefined) return { symbol: '', file: place?.file ?? '' };
    const { name, value, size } = place.symbol;
    // Stripped files name few functions: code behind one is not it.
    const isInside = size === 0 || place.address < value + size;
    return { symbol: isInside ? name : `(after ${name})`, file: place.file };
  } catch (error) {
    // A malformed file gives fewer names (core/kernel/symbols.ts).
    if (error instanceof RangeError) return { symbol: '', file: '' };
    throw error;
  }
}

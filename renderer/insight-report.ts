/** A crash report cut into its sections: a title line with a colon at its end, and lines that are set in below it. */
export interface ReportSection {
  title: string;
  lines: string[];
}

/** The first section has no title: the signal, the program, and the registers. */
export function sectionsOf(report: string): ReportSection[] {
  const sections: ReportSection[] = [{ title: '', lines: [] }];
  for (const line of report.split('\n')) {
    const title = /^([a-z][a-z ]*):$/.exec(line)?.[1];
    if (title !== undefined) sections.push({ title, lines: [] });
    else sections.at(-1)!.lines.push(line.startsWith('  ') ? line.slice(2) : line);
  }
  return sections.filter((section) => section.title !== '' || section.lines.some((line) => line !== ''));
}

const REGISTER = /\b(R[A-Z0-9]{1,2}|RFLAGS|MXCSR|[FG]S base)\s+((?:0x)?[0-9a-f]{4,16})\b/g;
/** Registers of a report's head, in its order. */
export function registersOf(lines: readonly string[]): { name: string; value: string }[] {
  return lines.flatMap((line) =>
    [...line.matchAll(REGISTER)].map(([, name, value]) => ({ name: name!, value: value! })),
  );
}

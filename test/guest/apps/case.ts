/**
 * One row of the tables: a command line in a shell-like notation, run natively and under elfdeck, whose output and exit
 * status must agree. `a | b` runs a, then b with a's output as its standard input, each a run of its own (the guest
 * makes no processes). Words take '...' and "..." as in a shell; there are no other expansions.
 */
export interface AppCase {
  /** As written above. */
  command: string;
  /** Standard input of the first stage. */
  input?: string;
  /** What the native program must end with, so that a row that does not do its work is noticed; 0 by default. */
  status?: number;
  /** Why it cannot work under elfdeck: the row passes when it does not. */
  gap?: string;
  /** Why only the exit status is compared; by default stdout and stderr are too. */
  statusOnly?: string;
  /** Why stderr is not compared. */
  stdoutOnly?: string;
  /** What to take out of the output before comparing: figures that change with every run. */
  ignore?: RegExp;
  timeoutSeconds?: number;
  /** In MiB, for --memory. */
  memory?: number;
  env?: Readonly<Record<string, string>>;
}

/** A row, or only its command. */
export type Row = AppCase | string;

export const rowCase = (row: Row): AppCase => (typeof row === 'string' ? { command: row } : row);

/** The stages of a command, each a list of words. */
export function stagesOf(command: string): string[][] {
  const stages: string[][] = [[]];
  for (const [token] of command.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (token === '|') stages.push([]);
    else stages.at(-1)!.push(token.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double));
  }
  return stages;
}

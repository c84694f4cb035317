/** `#!` scripts: what the first line asks for, by Linux's rules (execve(2), "Interpreter scripts"). */

/** Bytes of a file that the line must fit in. */
export const SCRIPT_LINE = 256;

export interface ScriptLine {
  interpreter: string;
  /** At most one: everything after the interpreter's name. */
  argument: string | undefined;
}

/** The parsed line of a file that begins with `start`; undefined when it is no script, 'malformed' when it is a bad one. */
export function parseScript(start: string): ScriptLine | 'malformed' | undefined {
  if (!start.startsWith('#!')) return undefined;
  const head = start.slice(0, SCRIPT_LINE);
  const newline = head.indexOf('\n');
  const isCut = newline < 0 && start.length >= SCRIPT_LINE;
  const line = trim(head.slice(2, newline < 0 ? undefined : newline));
  const nameEnd = line.search(/[ \t\0]/);
  // A name that may go on beyond what is looked at is not run.
  if (line === '' || (isCut && nameEnd < 0)) return 'malformed';
  if (nameEnd < 0) return { interpreter: line, argument: undefined };
  const argument = trim(line.slice(nameEnd));
  const interpreter = line.slice(0, nameEnd);
  if (interpreter === '') return 'malformed';
  const end = argument.indexOf('\0');
  const text = end < 0 ? argument : argument.slice(0, end);
  return { interpreter, argument: text === '' ? undefined : text };
}

function trim(text: string): string {
  return text.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '');
}

/**
 * The kernel command line: `[param ...] -- program arg ...`. Without `--` all words are the program's. Words are split at
 * white space; single and double quotes keep it, and there is no escape character (the other quote quotes a quote).
 * A parameter is `name=value`, `name=[ value ... ]` or the word `help`; positions count from 0.
 */

/** A word and where it begins in the text. */
export interface Word {
  text: string;
  position: number;
  isQuoted: boolean;
}

export interface Parameter {
  name: string;
  values: readonly Word[];
  /** Written with brackets. */
  isList: boolean;
  position: number;
}

export interface CommandLine {
  parameters: readonly Parameter[];
  hasHelp: boolean;
  program: readonly string[];
}

export class CommandLineError extends Error {
  override name = 'CommandLineError';
  readonly position: number;
  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

export function parseCommandLine(text: string): CommandLine {
  const words = splitWords(text);
  const separator = words.findIndex((word) => word.text === '--' && !word.isQuoted);
  const program = words.slice(separator + 1).map((word) => word.text);
  return { ...parseParameters(words.slice(0, Math.max(0, separator))), program };
}

/** The parameters of a text that holds nothing else. */
export function parseParameters(words: readonly Word[]): Pick<CommandLine, 'parameters' | 'hasHelp'> {
  const parameters: Parameter[] = [];
  let hasHelp = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const equals = word.text.indexOf('=');
    if (word.text === 'help') hasHelp = true;
    else if (equals > 0 && word.text.slice(equals + 1) === '[') {
      const end = words.findIndex((w, at) => at > i && w.text === ']' && !w.isQuoted);
      const name = word.text.slice(0, equals);
      if (end === -1) throw new CommandLineError(`the list of "${name}" has no closing "]" word`, word.position);
      parameters.push({ name, values: words.slice(i + 1, end), isList: true, position: word.position });
      i = end;
    } else if (equals > 0) {
      const value = { ...word, text: word.text.slice(equals + 1), position: word.position + equals + 1 };
      parameters.push({ name: word.text.slice(0, equals), values: [value], isList: false, position: word.position });
    } else
      throw new CommandLineError(
        `"${word.text}" is not a parameter: expected name=value or name=[ value ... ]`,
        word.position,
      );
  }
  return { parameters, hasHelp };
}

export function splitWords(text: string): Word[] {
  const words: Word[] = [];
  let current: Word | undefined;
  let quote: { mark: string; position: number } | undefined;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quote === undefined && /[ \t\r\n\v]/.test(c)) {
      if (current) words.push(current);
      current = undefined;
      continue;
    }
    current ??= { text: '', position: i, isQuoted: false };
    if (quote === undefined && (c === '"' || c === "'")) {
      quote = { mark: c, position: i };
      current.isQuoted = true;
    } else if (quote?.mark === c) quote = undefined;
    else current.text += c;
  }
  if (quote) throw new CommandLineError(`the quote ${quote.mark} is never closed`, quote.position);
  if (current) words.push(current);
  return words;
}

/** `word` quoted so that `splitWords` gives it back. */
export function quoteWord(word: string): string {
  if (word !== '' && !/[\s"']/.test(word) && word !== '--') return word;
  if (!word.includes('"')) return `"${word}"`;
  return word
    .split('"')
    .map((part) => (part === '' ? '' : `"${part}"`))
    .join(`'"'`);
}

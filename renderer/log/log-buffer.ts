/** The lines of an instance's kernel log and system call trace, as many as a reader may want, and what a filter leaves of them. */
import type { LogLevelName, LogLine } from '../../core/contract/api/console.ts';

export const MAX_LINES = 20_000;

export interface LogFilter {
  /** Words that a line must all have; `/re/` is a regular expression. */
  text: string;
  kinds: ReadonlySet<LogLine['kind']>;
  /** The least urgent level shown. */
  level: LogLevelName;
  failedOnly: boolean;
}

const URGENCY: Record<LogLevelName, number> = { crit: 0, error: 1, warn: 2, info: 3, debug: 4 };

/** The test of a filter; undefined when its regular expression can't be read. */
export function matcher(filter: LogFilter): ((line: LogLine) => boolean) | undefined {
  const test = textTest(filter.text.trim());
  if (test === undefined) return undefined;
  return (line) =>
    filter.kinds.has(line.kind) &&
    URGENCY[line.level] <= URGENCY[filter.level] &&
    (!filter.failedOnly || line.failed === true) &&
    test(line.text);
}

function textTest(text: string): ((line: string) => boolean) | undefined {
  if (text.length > 2 && text.startsWith('/') && text.endsWith('/')) {
    try {
      const pattern = new RegExp(text.slice(1, -1), 'i');
      return (line) => pattern.test(line);
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (line) => {
    const lower = line.toLowerCase();
    return words.every((word) => lower.includes(word));
  };
}

/** Splits a byte stream of JSON lines; what is cut in the middle waits for its rest. */
export class LineSplitter {
  private readonly decoder = new TextDecoder();
  private rest = '';

  push(bytes: Uint8Array): LogLine[] {
    const parts = (this.rest + this.decoder.decode(bytes, { stream: true })).split('\n');
    this.rest = parts.pop()!;
    return parts.filter((part) => part !== '').map((part) => JSON.parse(part) as LogLine);
  }
}

/** Pieces of a strace line to colour: the call, its arguments, the result. */
export function straceParts(text: string): { call: string; args: string; result: string } | undefined {
  const match = /^([a-z_0-9]+)(\(.*\)) = (.*)$/.exec(text);
  return match === null ? undefined : { call: match[1]!, args: match[2]!, result: match[3]! };
}

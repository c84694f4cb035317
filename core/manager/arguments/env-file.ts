/** The text of an `.env` file: `NAME=value` lines, `export` before them, comments, quotes as shells have them. */
import type { ArgumentsForm, LineError } from '../../contract/api/arguments.ts';

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', $: '$' };

export function readEnvFile(text: string): { env: ArgumentsForm['env']; errors: LineError[] } {
  const env: ArgumentsForm['env'] = [];
  const errors: LineError[] = [];
  let position = 0;
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    const match = /^(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*)$/.exec(trimmed);
    if (match !== null) env.push({ name: match[1]!, value: textOfValue(match[2]!) });
    else if (trimmed !== '' && !trimmed.startsWith('#'))
      errors.push({ position, length: line.length, message: 'expected NAME=value', severity: 'error' });
    position += line.length + 1;
  }
  return { env, errors };
}

function textOfValue(text: string): string {
  const single = /^'([^']*)'/.exec(text);
  if (single !== null) return single[1]!;
  const double = /^"((?:[^"\\]|\\.)*)"/.exec(text);
  if (double !== null) return double[1]!.replace(/\\(.)/g, (whole, c: string) => escapes[c] ?? whole);
  return text.replace(/\s+#.*$/, '');
}

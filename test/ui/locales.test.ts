/** Every language has every text, with the same placeholders, and every text that the sources ask for is there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../renderer');
type Tree = { [key: string]: string | Tree };

function flatten(tree: Tree, prefix: string): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${prefix}${key}`, value] as [string, string]] : flatten(value, `${prefix}${key}.`),
  );
}
function textsOf(language: string): Map<string, string> {
  const folder = join(root, 'locales', language);
  return new Map(
    readdirSync(folder).flatMap((file) =>
      flatten(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Tree, `${file.replace('.json', '')}.`),
    ),
  );
}
const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

const en = textsOf('en');
const zh = textsOf('zh-CN');
const sources = (readdirSync(root, { recursive: true }) as string[])
  .filter((file) => /\.(vue|ts)$/.test(file))
  .map((file) => readFileSync(join(root, file), 'utf8'));
/** Whole keys, and beginnings of keys that end in a value. */
const quoted = sources.flatMap((text) => [...text.matchAll(/['`]([a-z]\w*\.[^'`\s]*)['`]/g)].map((match) => match[1]!));

describe('locales', () => {
  it('are complete: the same keys in every language', () => {
    expect([...zh.keys()].sort()).toEqual([...en.keys()].sort());
  });

  it('fill in the same values', () => {
    const different = [...en].filter(
      ([key, text]) => String(placeholders(text)) !== String(placeholders(zh.get(key)!)),
    );
    expect(different).toEqual([]);
  });

  it('are translated: Chinese texts have Chinese characters, but for names', () => {
    const names = /^(?:CPU|MIPS|ELF|Elfdeck|Kraftfile|initrd)$/;
    expect([...zh].filter(([, text]) => !/\p{Script=Han}/u.test(text) && !names.test(text))).toEqual([]);
  });

  it('have every text that the sources ask for', () => {
    const groups = new Set([...en.keys()].map((key) => key.split('.')[0]!));
    const asked = quoted.filter(
      (key) => groups.has(key.split('.')[0]!) && !/\.(ts|vue|json|css|value|length)\b/.test(key),
    );
    const missing = asked.filter((key) => {
      const start = key.replace(/\$\{.*$/, '');
      return start === key ? !en.has(key) : ![...en.keys()].some((known) => known.startsWith(start));
    });
    // Names of calls, events and errors of the contract have the same form.
    const contract = (readdirSync(join(root, '../core/contract'), { recursive: true }) as string[])
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(root, '../core/contract', file), 'utf8'))
      .join('');
    expect(missing.filter((key) => !contract.includes(`'${key}'`) && !isCommand(key))).toEqual([]);
  });

  it('have no text that nobody asks for', () => {
    const starts = quoted.filter((key) => key.includes('${')).map((key) => key.replace(/\$\{.*$/, ''));
    const used = new Set(quoted);
    const unused = [...en.keys()].filter((key) => !used.has(key) && !starts.some((start) => key.startsWith(start)));
    expect(unused).toEqual([]);
  });
});

/** Ids of commands, and what views remember. */
function isCommand(key: string): boolean {
  return sources.some(
    (text) =>
      text.includes(`id: '${key}'`) ||
      text.includes(`id: \`${key}`) ||
      text.includes(`remember('${key}'`) ||
      text.includes(`remembered('${key}'`),
  );
}

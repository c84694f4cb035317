/**
 * Kconfig values in the two places that hold them: defconfig files (`CONFIG_NAME=y|n|number|"string"` lines) and the
 * `kconfig` of a Kraftfile. Names lose their `CONFIG_`.
 */
import type { OptionValue } from './options.ts';

export type KconfigValues = Map<string, OptionValue>;

/** Malformed image source; the caller adds the file's name. */
export class ImageSyntaxError extends Error {
  override name = 'ImageSyntaxError';
}

/** Reads a defconfig. `# CONFIG_NAME is not set` is n; other comments and empty lines say nothing. */
export function parseDefconfig(text: string): KconfigValues {
  const values: KconfigValues = new Map();
  for (const [index, rawLine] of text.split('\n').entries()) {
    const line = rawLine.trim();
    const unset = /^# CONFIG_(\w+) is not set$/.exec(line);
    if (unset) values.set(unset[1]!, false);
    else if (line !== '' && !line.startsWith('#')) {
      const set = /^CONFIG_(\w+)=(.*)$/.exec(line);
      if (!set) throw new ImageSyntaxError(`line ${index + 1}: expected CONFIG_NAME=VALUE, found "${line}"`);
      values.set(set[1]!, parseValue(set[2]!, `line ${index + 1}`));
    }
  }
  return values;
}

/** The defconfig text of values, in their order. */
export function formatDefconfig(values: ReadonlyMap<string, OptionValue>): string {
  return [...values].map(([name, value]) => `CONFIG_${name}=${formatValue(value)}\n`).join('');
}

/** One value as a defconfig spells it. */
function parseValue(text: string, where: string): OptionValue {
  if (text === 'y') return true;
  if (text === 'n' || text === '') return false;
  if (/^-?\d+$/.test(text) || /^0x[0-9a-fA-F]+$/.test(text)) return Number(text);
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(text);
  if (quoted) return quoted[1]!.replace(/\\(.)/g, '$1');
  throw new ImageSyntaxError(`${where}: "${text}" is not y, n, a number or a "string"`);
}

export function formatValue(value: OptionValue): string {
  if (typeof value === 'boolean') return value ? 'y' : 'n';
  return typeof value === 'number' ? String(value) : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** Values from YAML, which may hold them as booleans, numbers or text, under names with or without `CONFIG_`. */
export function kconfigFromYaml(node: unknown): KconfigValues {
  const values: KconfigValues = new Map();
  if (node === undefined || node === null) return values;
  if (Array.isArray(node)) {
    for (const [index, item] of node.entries()) {
      const set = typeof item === 'string' ? /^([^=]+)=(.*)$/.exec(item.trim()) : null;
      if (!set) throw new ImageSyntaxError(`kconfig entry ${index + 1}: expected CONFIG_NAME=VALUE`);
      values.set(bareName(set[1]!), yamlValue(set[2]!));
    }
  } else if (typeof node === 'object') {
    for (const [name, value] of Object.entries(node)) values.set(bareName(name), yamlValue(value));
  } else throw new ImageSyntaxError('kconfig: expected a map or a list');
  return values;
}

const bareName = (name: string): string => name.trim().replace(/^CONFIG_/, '');

function yamlValue(value: unknown): OptionValue {
  if (typeof value === 'boolean' || typeof value === 'number') return value;
  const text = String(value ?? '').trim();
  if (text === 'y' || text === 'yes') return true;
  if (text === 'n' || text === 'no' || text === '') return false;
  if (/^-?\d+$/.test(text)) return Number(text);
  return text.replace(/^"(.*)"$/, '$1');
}

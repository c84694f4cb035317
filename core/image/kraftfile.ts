/** Reads what concerns an image from a Kraftfile (v0.6, YAML): `name`, `cmd`, `env` and every `kconfig`. */
import { parse, YAMLParseError } from 'yaml';
import { ImageSyntaxError, type KconfigValues, kconfigFromYaml } from './kconfig.ts';

export interface Kraftfile {
  name: string | undefined;
  /** Default program and arguments. */
  cmd: readonly string[];
  /** K=V. */
  env: readonly string[];
  options: KconfigValues;
}

export function parseKraftfile(text: string): Kraftfile {
  let root: unknown;
  try {
    root = parse(text);
  } catch (error) {
    if (error instanceof YAMLParseError) throw new ImageSyntaxError(error.message.split('\n')[0]!.replace(/:$/, ''));
    throw error;
  }
  if (!isRecord(root)) throw new ImageSyntaxError('expected a map with keys such as spec, name, unikraft');
  if (root.spec === undefined && root.specification === undefined)
    throw new ImageSyntaxError('the key "spec" is missing');
  const options: KconfigValues = new Map();
  const collect = (node: unknown): void => {
    if (isRecord(node)) for (const [name, value] of kconfigFromYaml(node.kconfig)) options.set(name, value);
  };
  collect(root.unikraft);
  // Libraries, then the template: all end up in one configuration of the image.
  if (isRecord(root.libraries)) for (const library of Object.values(root.libraries)) collect(library);
  collect(root.template);
  return {
    name: typeof root.name === 'string' ? root.name : undefined,
    cmd: words(root.cmd),
    env: environment(root.env),
    options,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function words(node: unknown): string[] {
  if (typeof node === 'string') return node.split(/\s+/).filter((word) => word !== '');
  if (Array.isArray(node)) return node.map(String);
  return [];
}

function environment(node: unknown): string[] {
  if (isRecord(node)) return Object.entries(node).map(([name, value]) => `${name}=${value ?? ''}`);
  if (Array.isArray(node)) return node.map(String);
  return [];
}

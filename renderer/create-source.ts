/** The ways to begin an instance, and the source of each for `vm.plan`. */
import type { VmSource } from '../core/contract/api/vm.ts';

export const sourceKinds = [
  'catalog',
  'host-program',
  'folder',
  'initrd',
  'elf',
  'kraftfile',
  'copy',
  'path',
  'elfdeck',
] as const;
export type SourceKind = (typeof sourceKinds)[number];

export interface SourceDraft {
  path: string;
  /** Arguments, or program and arguments, as a shell line. */
  words: string;
  app: string;
  /** Name of the built-in example that the app is, or empty. */
  example: string;
  vm: string;
}

/** Splits at spaces; quotes of both kinds keep them. */
export function splitWords(line: string): string[] {
  return [...line.matchAll(/(?:"([^"]*)"|'([^']*)'|([^\s"']+))+/g)].map(([whole]) =>
    whole!.replace(/"([^"]*)"|'([^']*)'/g, (_all, double, single) => double ?? single ?? ''),
  );
}

/** Undefined while something is still missing. An .elfdeck file is imported, not planned. */
export function sourceOf(kind: SourceKind, { path, words, app, example, vm }: SourceDraft): VmSource | undefined {
  const list = splitWords(words);
  const args = list.length > 0 ? { args: list } : {};
  if (kind === 'catalog' && example !== '') return { kind: 'example', name: example };
  if (kind === 'catalog') return app === '' ? undefined : { kind, app };
  if (kind === 'copy') return vm === '' ? undefined : { kind, vm };
  if (kind === 'elfdeck' || path.trim() === '') return undefined;
  const place = { path: path.trim() };
  if (kind === 'folder') return { kind, ...place, ...(list.length > 0 ? { program: list } : {}) };
  if (kind === 'path' || kind === 'kraftfile') return { kind, ...place };
  return { kind, ...place, ...args };
}

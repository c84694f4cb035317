/** The built-in example programs: static-PIE ELF files beside their sources in core/image/examples. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const examples: readonly { name: string; summary: string }[] = [
  { name: 'hello', summary: 'says hello' },
  { name: 'tour', summary: 'shows arguments, environment, system, memory and files as a program sees them' },
  { name: 'calc', summary: 'a calculator that reads the terminal' },
];

/** Host path of an example's ELF file. */
export function findExample(name: string): string | undefined {
  return examples.some((example) => example.name === name)
    ? join(projectRoot(), 'core/image/examples', name)
    : undefined;
}

/** The folder of package.json: this file runs from the sources or from the bundle. */
export function projectRoot(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return directory;
}

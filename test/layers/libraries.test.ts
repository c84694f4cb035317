/** Tables that span the micro-libraries: every fact once, every reference to something that exists. */
import { describe, expect, it } from 'vitest';
import { libraries } from '../../core/kernel/lib/index.ts';
import { syscallName } from '../../core/kernel/syscall/names.ts';

const calls = libraries.flatMap((library) => library.syscalls.map((call) => ({ ...call, library: library.name })));

/** Values that more than one item has, with the items. */
function shared<T>(items: readonly T[], keyOf: (item: T) => string | number, nameOf: (item: T) => string): string[] {
  const groups = Map.groupBy(items, keyOf);
  return [...groups]
    .filter(([, group]) => group.length > 1)
    .map(([key, group]) => `${key}: ${group.map(nameOf).join(', ')}`);
}

describe('micro-libraries', () => {
  it('have names, options and parameters of their own', () => {
    expect(
      shared(
        libraries,
        (l) => l.name,
        (l) => l.option,
      ),
    ).toEqual([]);
    expect(
      shared(
        libraries,
        (l) => l.option,
        (l) => l.name,
      ),
    ).toEqual([]);
    const parameters = libraries.flatMap((library) => library.parameters ?? []);
    expect(
      shared(
        parameters,
        (p) => p.name,
        (p) => p.help,
      ),
    ).toEqual([]);
  });

  it('need only libraries that exist, and never themselves', () => {
    const byName = new Map(libraries.map((library) => [library.name, library]));
    const needs = (name: string, seen: readonly string[]): string[] =>
      seen.includes(name)
        ? [[...seen, name].join(' → ')]
        : (byName.get(name)?.needs ?? [`${name} is missing`]).flatMap((n) => needs(n, [...seen, name]));
    expect(libraries.flatMap((library) => needs(library.name, []).filter((text) => text.includes('→')))).toEqual([]);
    expect(libraries.flatMap((library) => library.needs.filter((name) => !byName.has(name)))).toEqual([]);
  });

  it('own each system call once, under its Linux number', () => {
    expect(
      shared(
        calls,
        (call) => call.name,
        (call) => call.library,
      ),
    ).toEqual([]);
    expect(calls.filter((call) => syscallName(call.nr) !== call.name).map((call) => `${call.nr} ${call.name}`)).toEqual(
      [],
    );
  });
});

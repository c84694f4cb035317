/** Two images side by side, and the image that one run needs. */
import type { ImageComparison, Specialisation } from '../../contract/api/image.ts';
import type { Statistics } from '../../contract/worker-protocol.ts';
import { Image } from '../../image/image.ts';
import { formatValue } from '../../image/kconfig.ts';
import { callsByOption, imageOptions, libraryDefaults } from '../../image/options.ts';
import { libraries } from '../../kernel/lib/index.ts';
import { selectLibraries } from '../../machine/select-libraries.ts';

export function compareImages(a: Image, b: Image): ImageComparison {
  const names = new Set([...a.options.keys(), ...b.options.keys()]);
  const show = (image: Image, name: string): string => {
    const value = image.options.get(name);
    return value === undefined ? '' : formatValue(value);
  };
  const helpOf = (name: string): string =>
    imageOptions.find((option) => option.name === name)?.help ??
    libraries.find((library) => library.option === name)?.summary ??
    '';
  const options = [...names]
    .map((name) => ({ name, a: show(a, name), b: show(b, name), help: helpOf(name) }))
    .filter((row) => row.a !== row.b)
    .sort((x, y) => (x.name < y.name ? -1 : 1));
  const [librariesA, librariesB] = [libraryNames(a), libraryNames(b)];
  const [callsA, callsB] = [callNames(a), callNames(b)];
  return {
    options,
    librariesOnlyA: without(librariesA, librariesB),
    librariesOnlyB: without(librariesB, librariesA),
    callsOnlyA: without(callsA, callsB),
    callsOnlyB: without(callsB, callsA),
  };
}

const without = (list: readonly string[], others: readonly string[]): string[] => {
  const set = new Set(others);
  return list.filter((name) => !set.has(name)).sort();
};
const libraryNames = (image: Image): string[] =>
  libraries.filter((library) => image.hasLibrary(library.option)).map((library) => library.name);
const callNames = (image: Image): string[] =>
  selectLibraries(image).flatMap((library) => library.syscalls.map((call) => call.name));

/** Libraries that the machine itself stands on, whatever calls a program makes. */
const always: Readonly<Record<string, string>> = {
  ukboot: 'boots the machine',
  elfloader: 'loads the program',
  syscall_shim: 'takes the system calls',
  uksched: 'runs the threads',
  vfscore: 'holds the file systems',
  'vfscore-fstab': 'mounts the root file system',
  ramfs: 'holds what is written into RAM',
  'posix-environ': 'gives the environment',
};

/** `image` is the one that the run was made with. */
export function specialise(image: Image, statistics: Statistics): Specialisation {
  const used = Object.entries(statistics.syscalls).filter(([, count]) => count > 0);
  const ownerOf = new Map(libraries.flatMap((library) => library.syscalls.map((call) => [call.name, library.name])));
  const calls = used
    .filter(([name]) => ownerOf.has(name))
    .map(([name, count]) => ({ name, count, library: ownerOf.get(name)! }))
    .sort((a, b) => b.count - a.count);
  const rows = libraries
    .filter((library) => image.hasLibrary(library.option))
    .map((library) => ({
      library,
      ...reasonFor(library.name, image, calls),
    }));
  // What a kept library needs is kept as well.
  for (let isGrowing = true; isGrowing; ) {
    isGrowing = false;
    for (const row of rows) {
      const user = row.isKept
        ? undefined
        : rows.find((other) => other.isKept && other.library.needs.includes(row.library.name));
      if (user === undefined) continue;
      Object.assign(row, { isKept: true, why: `${user.library.name} needs it` });
      isGrowing = true;
    }
  }
  const options = specialisedOptions(image, rows, calls);
  const special = new Image('', new Map(Object.entries(options)));
  return {
    options,
    libraries: rows.map(({ library, isKept, why }) => ({ name: library.name, isKept, why })),
    calls,
    callsBefore: callNames(image).length,
    callsAfter: callNames(special).length,
  };
}

function reasonFor(name: string, image: Image, calls: Specialisation['calls']): { isKept: boolean; why: string } {
  const own = calls.filter((call) => call.library === name).map((call) => call.name);
  if (own.length > 0)
    return { isKept: true, why: `used: ${own.slice(0, 4).join(', ')}${own.length > 4 ? ', ...' : ''}` };
  if (always[name] !== undefined) return { isKept: true, why: always[name] };
  if (name === '9pfs' && image.root === '9pfs') return { isKept: true, why: 'holds the root file system' };
  if (name === 'initrd' && image.root === 'initrd') return { isKept: true, why: 'holds the root file system' };
  // Files that a program opens don't show among its calls.
  if (['devfs', 'procfs', 'sysfs'].includes(name))
    return { isKept: true, why: 'the program may have opened its files' };
  return { isKept: false, why: 'the program made none of its calls' };
}

function specialisedOptions(
  image: Image,
  rows: readonly { library: (typeof libraries)[number]; isKept: boolean }[],
  calls: Specialisation['calls'],
): Specialisation['options'] {
  const options: Specialisation['options'] = Object.fromEntries(image.options);
  // An alias would switch on again what is left out.
  if (options.LIBPOSIX_EVENT !== undefined) delete options.LIBPOSIX_EVENT;
  for (const { library, isKept } of rows) {
    if (!isKept) options[library.option] = false;
    else if (libraryDefaults[library.option] === false) options[library.option] = true;
  }
  for (const [option, names] of Object.entries(callsByOption)) {
    if (image.isSet(option) && !calls.some((call) => names.includes(call.name))) options[option] = false;
  }
  return options;
}

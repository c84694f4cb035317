/** The micro-libraries of an image, with the calls that its options leave out taken away. */
import { assert } from '../base/assert.ts';
import type { Image } from '../image/image.ts';
import { libraries } from '../kernel/lib/index.ts';
import type { MicroLibrary } from '../kernel/lib.ts';

/** Those that the image selects, each after those it needs; a needed one is there even when the image leaves it out. */
export function selectLibraries(image: Image): MicroLibrary[] {
  const byName = new Map(libraries.map((library) => [library.name, library]));
  const selected = new Set<MicroLibrary>();
  const visiting = new Set<MicroLibrary>();
  const add = (library: MicroLibrary): void => {
    if (selected.has(library)) return;
    assert(!visiting.has(library), `${library.name} needs itself`);
    visiting.add(library);
    for (const name of library.needs) {
      const needed = byName.get(name);
      assert(needed !== undefined, `${library.name} needs ${name}, which does not exist`);
      add(needed);
    }
    selected.add(library);
  };
  for (const library of libraries) if (image.hasLibrary(library.option)) add(library);
  return [...selected].map((library) => withCallsOf(image, library));
}

/** A library that is only there because another needs it offers no calls of its own. */
function withCallsOf(image: Image, library: MicroLibrary): MicroLibrary {
  const syscalls = image.hasLibrary(library.option) ? library.syscalls.filter((call) => image.hasCall(call.name)) : [];
  return syscalls.length === library.syscalls.length ? library : { ...library, syscalls };
}

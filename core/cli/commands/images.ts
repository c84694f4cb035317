/** `elfdeck images [show NAME]`. */

import { nodeImageFiles } from '../../host/image-files.ts';
import { formatValue } from '../../image/kconfig.ts';
import { stockImages } from '../../image/stock.ts';
import { libraries, libraryOptions } from '../../kernel/lib/index.ts';
import { loadImage } from '../../machine/load-image.ts';

export function listImages(): void {
  const width = Math.max(...stockImages.map((image) => image.name.length));
  for (const { name, summary } of stockImages) process.stdout.write(`${name.padEnd(width)}  ${summary}\n`);
}

export async function showImage(name: string): Promise<void> {
  const image = await loadImage(name, nodeImageFiles);
  const selected = libraries.filter((library) => image.hasLibrary(library.option)).map((library) => library.name);
  const left = libraries.filter((library) => !image.hasLibrary(library.option)).map((library) => library.name);
  const lines = [
    `image        ${image.name}`,
    `root         ${image.root}`,
    `program      ${image.isSet('APPELFLOADER_INITRDEXEC') ? 'the initrd' : 'from the root file system'}`,
    `banner       ${image.banner}`,
    `messages     ${image.logLevel}`,
    `strace       ${image.isSet('LIBSYSCALL_SHIM_STRACE') ? 'on' : 'off'}`,
    `environment  ${image.environment.join(' ')}`,
    `libraries    ${selected.join(' ')}`,
    `left out     ${left.join(' ') || 'none'}`,
    `unknown      ${image.unknownOptions(libraryOptions).join(' ') || 'none'}`,
    'options',
    ...[...image.options].map(([option, value]) => `  CONFIG_${option}=${formatValue(value)}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

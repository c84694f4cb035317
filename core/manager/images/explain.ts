/** An image in words. */
import type { ImageInfo } from '../../contract/api/image.ts';
import type { Image, RootKind } from '../../image/image.ts';
import { Image as ImageClass } from '../../image/image.ts';
import { libraries, libraryOptions } from '../../kernel/lib/index.ts';

const roots: Readonly<Record<RootKind, string>> = {
  '9pfs': 'The root file system is a folder of this computer, which the guest sees as it is.',
  initrd: 'The root file system is unpacked from a cpio archive into RAM at boot; changes are gone at the end.',
  ramfs: 'The root file system begins empty, in RAM.',
  none: 'No root file system is mounted at boot; vfs.fstab may mount one.',
};

export function explainImage(name: string, image: Image, summary: string | undefined, usedBy: string[]): ImageInfo {
  const libraryNames = libraries.filter((library) => image.hasLibrary(library.option)).map((library) => library.name);
  const leftOut = libraries.filter((library) => !image.hasLibrary(library.option)).map((library) => library.name);
  return {
    name,
    kind: ImageClass.stock(name) === undefined ? 'own' : 'stock',
    summary: summary ?? `your own: ${image.options.size} options set`,
    explanation: explanation(image, leftOut),
    options: Object.fromEntries(image.options),
    root: image.root,
    banner: image.banner,
    logLevel: image.logLevel,
    hasStrace: image.isSet('LIBSYSCALL_SHIM_STRACE'),
    environment: image.environment,
    libraries: libraryNames,
    leftOut,
    unknownOptions: image.unknownOptions(libraryOptions),
    usedBy,
  };
}

function explanation(image: Image, leftOut: readonly string[]): string {
  const sentences = [
    roots[image.root],
    image.isSet('APPELFLOADER_INITRDEXEC')
      ? 'The initial RAM disk is the program itself.'
      : 'The first word of the command line names the program.',
    image.isSet('LIBSYSCALL_SHIM_STRACE')
      ? 'Each system call is shown as it ends (strace).'
      : 'System calls are not shown unless the instance asks for it.',
    image.logLevel === 'crit'
      ? 'The kernel speaks up in emergencies only.'
      : `Kernel messages down to level ${image.logLevel} are shown.`,
    image.banner === 'none'
      ? 'There is no boot banner.'
      : `A ${image.banner === 'full' ? '' : 'one-line '}banner is shown at boot.`,
  ];
  if (leftOut.length > 0) sentences.push(`Left out, so that their system calls are ENOSYS: ${leftOut.join(', ')}.`);
  return sentences.join(' ').replaceAll('A banner', 'The banner');
}

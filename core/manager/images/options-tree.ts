/** The options of images as a tree for people: the table of core/image, the micro-libraries, and what depends on what. */
import type { OptionNode, OptionProblem, OptionValues } from '../../contract/api/image.ts';
import { Image } from '../../image/image.ts';
import { imageOptions, libraryDefaults, optionsWithoutEffect } from '../../image/options.ts';
import { libraries, libraryOptions } from '../../kernel/lib/index.ts';

/** Menus by the beginning of an option's name; the first that fits. */
const menus: readonly (readonly [prefix: RegExp, menu: string, title: string])[] = [
  [/^APPELFLOADER_/, 'loader', 'Program and ELF loader'],
  [/^LIBVFSCORE_/, 'rootfs', 'Root file system'],
  [/^LIBSYSCALL_SHIM_|^LIBPOSIX_PROCESS_DEBUG/, 'calls', 'System calls and strace'],
  [/^LIBUKDEBUG_/, 'messages', 'Kernel messages'],
  [/^LIBUKBOOT_BANNER_/, 'banner', 'Boot banner'],
  [/^LIBPOSIX_ENVIRON_ENVP/, 'environment', 'Built-in environment'],
  [/^LIBPOSIX_PROCESS_CLONE|^LIBUKNETDEV/, 'features', 'Features'],
  [/^/, 'general', 'General'],
];

/** Options that mean nothing unless another one is set. */
const dependencies: Readonly<Record<string, readonly string[]>> = {
  LIBVFSCORE_ROOTFS_9PFS: ['LIBVFSCORE_AUTOMOUNT_ROOTFS'],
  LIBVFSCORE_ROOTFS_INITRD: ['LIBVFSCORE_AUTOMOUNT_ROOTFS'],
  LIBVFSCORE_ROOTFS_RAMFS: ['LIBVFSCORE_AUTOMOUNT_ROOTFS'],
  LIBVFSCORE_ROOTDEV: ['LIBVFSCORE_ROOTFS_9PFS'],
  LIBSYSCALL_SHIM_STRACE_ANSI_COLOR: ['LIBSYSCALL_SHIM_STRACE'],
  LIBSYSCALL_SHIM_STRACE_PRINT_TYPE: ['LIBSYSCALL_SHIM_STRACE'],
  LIBUKDEBUG_PRINTK_INFO: ['LIBUKDEBUG_PRINTK'],
  LIBUKDEBUG_PRINTK_WARN: ['LIBUKDEBUG_PRINTK'],
  LIBUKDEBUG_PRINTK_ERR: ['LIBUKDEBUG_PRINTK'],
  LIBUKDEBUG_PRINTK_CRIT: ['LIBUKDEBUG_PRINTK'],
  APPELFLOADER_VFSEXEC_ENVPATH: ['APPELFLOADER_VFSEXEC', 'APPELFLOADER_CUSTOMAPPNAME'],
  APPELFLOADER_VFSEXEC_EXECBIT: ['APPELFLOADER_VFSEXEC'],
};

/** Of these at most one is set. */
const choices: readonly (readonly string[])[] = [
  ['LIBVFSCORE_ROOTFS_9PFS', 'LIBVFSCORE_ROOTFS_INITRD', 'LIBVFSCORE_ROOTFS_RAMFS'],
  ['LIBUKDEBUG_PRINTK_INFO', 'LIBUKDEBUG_PRINTK_WARN', 'LIBUKDEBUG_PRINTK_ERR', 'LIBUKDEBUG_PRINTK_CRIT'],
  ['LIBUKBOOT_BANNER_NONE', 'LIBUKBOOT_BANNER_MINIMAL', 'LIBUKBOOT_BANNER_POWEREDBY'],
  ['APPELFLOADER_VFSEXEC', 'APPELFLOADER_INITRDEXEC'],
];

export function optionsTree(): OptionNode[] {
  const nodes = new Map<string, OptionNode>();
  for (const [, name, title] of menus) nodes.set(name, menu(name, title));
  for (const { name, default: value, help } of imageOptions) {
    const [, parent] = menus.find(([prefix]) => prefix.test(name))!;
    nodes.get(parent)!.children.push({
      name,
      title: help,
      help: helpOf(name, help),
      type: typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? 'int' : 'string',
      default: value,
      dependsOn: [...(dependencies[name] ?? [])],
      children: [],
    });
  }
  nodes.set('libraries', menu('libraries', 'Micro-libraries', libraries.map(libraryNode)));
  const idle = [...optionsWithoutEffect].map((name) =>
    leaf(name, 'accepted, changes nothing here', 'an option of the build or platform'),
  );
  nodes.set('no-effect', menu('no-effect', 'Build and platform', idle));
  return [...nodes.values()].filter((node) => node.children.length > 0);
}

const menu = (name: string, title: string, children: OptionNode[] = []): OptionNode => ({
  name,
  title,
  help: '',
  type: 'menu',
  dependsOn: [],
  children,
});

const leaf = (name: string, title: string, noEffect: string): OptionNode => ({
  name,
  title,
  help: title,
  type: 'bool',
  default: false,
  dependsOn: [],
  noEffect,
  children: [],
});

function libraryNode({ name, option, summary, needs, syscalls }: (typeof libraries)[number]): OptionNode {
  const needed = needs.map((need) => libraries.find((library) => library.name === need)!.option);
  const isThere = libraryDefaults[option] ?? true;
  const calls = syscalls.map((call) => call.name).sort();
  const owns = calls.length === 0 ? 'It has no system calls of its own.' : `It has ${calls.length} system calls.`;
  return {
    name: option,
    title: `${name}: ${summary}`,
    help: `${summary}. ${owns} ${isThere ? 'There unless set to n.' : 'There only when set to y.'}`,
    type: 'bool',
    default: isThere,
    dependsOn: needed,
    library: name,
    systemCalls: calls,
    children: [],
  };
}

function helpOf(name: string, help: string): string {
  const others = choices.find((choice) => choice.includes(name))?.filter((other) => other !== name) ?? [];
  return others.length === 0 ? help : `${help}; one of several (${others.join(', ')})`;
}

export function checkOptions(options: OptionValues): OptionProblem[] {
  const image = new Image('', new Map(Object.entries(options)));
  const isOn = (name: string): boolean => (libraryOptions.has(name) ? image.hasLibrary(name) : image.isSet(name));
  const problems: OptionProblem[] = [];
  for (const [option, value] of Object.entries(options)) {
    const definition = imageOptions.find((candidate) => candidate.name === option);
    if (definition !== undefined && typeof definition.default !== typeof value)
      problems.push({ option, message: `expected ${kindName(typeof definition.default)}` });
    const missing = (dependencies[option] ?? []).find((needed) => !isOn(needed));
    if (value !== false && missing !== undefined)
      problems.push({ option, message: `means nothing while ${missing} is not set` });
  }
  for (const choice of choices) {
    const chosen = choice.filter((name) => options[name] === true);
    if (chosen.length > 1) problems.push({ option: chosen[1]!, message: `${chosen.join(' and ')} exclude each other` });
  }
  for (const option of image.unknownOptions(libraryOptions))
    problems.push({ option, message: 'is not known here and changes nothing' });
  for (const library of libraries.filter((candidate) => options[candidate.option] === false)) {
    const user = libraries.find((other) => image.hasLibrary(other.option) && other.needs.includes(library.name));
    if (user !== undefined)
      problems.push({ option: library.option, message: `${user.name} needs it: it stays, without its system calls` });
  }
  return problems;
}

const kindName = (type: string): string => (type === 'boolean' ? 'y or n' : type === 'number' ? 'a number' : 'a text');

/**
 * The build options that change what a user sees, as data: Kconfig names without `CONFIG_`. Options that select a
 * micro-library are not here but in the libraries' manifests; `libraryDefaults` only says which of those an image leaves
 * out unless it asks for them. Defaults are those of the elfloader's and the libraries' own Kconfig files.
 */
export type OptionValue = boolean | number | string;

export interface OptionDefinition {
  name: string;
  default: OptionValue;
  help: string;
}

const option = (name: string, value: OptionValue, help: string): OptionDefinition => ({ name, default: value, help });

export const imageOptions: readonly OptionDefinition[] = [
  option('UK_NAME', 'elfloader', 'name of the image'),
  option('APPELFLOADER_VFSEXEC', true, 'the program comes from the root file system'),
  option('APPELFLOADER_INITRDEXEC', false, 'the initrd is the program'),
  option('APPELFLOADER_CUSTOMAPPNAME', true, 'the first word of the command line names the program'),
  option('APPELFLOADER_VFSEXEC_PATH', '/init', 'path of the program without CUSTOMAPPNAME'),
  option('APPELFLOADER_VFSEXEC_ENVPATH', true, 'a bare name is looked up in PATH'),
  option('APPELFLOADER_VFSEXEC_ENVPWD', true, 'PWD of the environment is the working directory'),
  option('APPELFLOADER_VFSEXEC_EXECBIT', true, 'the program needs its execute bit'),
  option('APPELFLOADER_AUTOGEN', true, 'write /etc files that are missing'),
  option('APPELFLOADER_VDSO', true, 'offer a vDSO to the program'),
  option('APPELFLOADER_STACK_NBPAGES', 2048, 'stack of the program in pages'),
  option('APPELFLOADER_BRK_NBPAGES', 0, 'limit of the brk heap in pages, 0 for none'),
  option('APPELFLOADER_DEBUG', false, 'messages of the ELF loader'),
  option('LIBVFSCORE_AUTOMOUNT_ROOTFS', true, 'mount a root file system at boot'),
  option('LIBVFSCORE_ROOTFS_9PFS', false, 'root from a host folder'),
  option('LIBVFSCORE_ROOTFS_INITRD', false, 'root from a cpio archive'),
  option('LIBVFSCORE_ROOTFS_RAMFS', false, 'empty root in RAM'),
  option('LIBVFSCORE_ROOTDEV', 'fs0', 'tag of the host folder'),
  option('LIBSYSCALL_SHIM_STRACE', false, 'strace lines on the kernel console'),
  option('LIBSYSCALL_SHIM_STRACE_ANSI_COLOR', false, 'colours in strace lines'),
  option('LIBSYSCALL_SHIM_STRACE_PRINT_TYPE', true, 'type prefixes in strace lines'),
  option('LIBSYSCALL_SHIM_DEBUG', false, 'messages of the system call shim'),
  option('LIBPOSIX_PROCESS_DEBUG', false, 'messages of posix-process'),
  option('LIBUKDEBUG_PRINTK', true, 'kernel messages'),
  option('LIBUKDEBUG_PRINTK_INFO', false, 'all kernel messages'),
  option('LIBUKDEBUG_PRINTK_WARN', false, 'kernel messages from warnings on'),
  option('LIBUKDEBUG_PRINTK_ERR', false, 'kernel messages from errors on (default)'),
  option('LIBUKDEBUG_PRINTK_CRIT', false, 'critical kernel messages only'),
  option('LIBUKDEBUG_PRINTD', false, 'debug messages'),
  option('LIBUKBOOT_BANNER_NONE', false, 'no banner'),
  option('LIBUKBOOT_BANNER_MINIMAL', false, 'banner of one line'),
  option('LIBUKBOOT_BANNER_POWEREDBY', false, 'full banner (default)'),
  option('LIBPOSIX_PROCESS_CLONE', false, 'threads: clone and clone3'),
  option('LIBUKNETDEV', false, 'network devices'),
  ...Array.from({ length: 16 }, (_, i) =>
    option(`LIBPOSIX_ENVIRON_ENVP${i}`, builtinEnvironment(i), 'built-in environment'),
  ),
];

function builtinEnvironment(index: number): string {
  return ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/'][index] ?? '';
}

/** Micro-libraries that an image has only when it names their option; every other one is there unless set to n. */
export const libraryDefaults: Readonly<Record<string, boolean>> = {
  LIBDEVFS: false,
  LIBPOSIX_ENVIRON: false,
  LIBPOSIX_FUTEX: false,
  LIBUKSIGNAL: false,
  LIBLWIP: false,
  LIBNETLINK: false,
};

/** Older or wider option names and the ones they stand for. */
export const optionAliases: Readonly<Record<string, readonly string[]>> = {
  VDSO: ['APPELFLOADER_VDSO'],
  // A network is told of by netlink, which Unikraft does not have.
  LIBLWIP: ['LIBNETLINK'],
  LIBPOSIX_EVENT: ['LIBPOSIX_POLL', 'LIBPOSIX_EVENTFD', 'LIBPOSIX_TIMERFD'],
  ...Object.fromEntries(
    ['CLASSIC', 'POWEREDBY_ANSI', 'POWEREDBY_ANSI2', 'POWEREDBY_EA', 'POWEREDBY_EAANSI', 'POWEREDBY_EAANSI2']
      .concat(['POWEREDBY_U8', 'POWEREDBY_U8ANSI', 'POWEREDBY_U8ANSI2'])
      .map((kind) => [`LIBUKBOOT_BANNER_${kind}`, ['LIBUKBOOT_BANNER_POWEREDBY']]),
  ),
};

/** Options of the platform and the build that stock configurations name and that change nothing here. */
export const optionsWithoutEffect: ReadonlySet<string> = new Set([
  'PLAT_KVM',
  'PLAT_XEN',
  'KVM_VMM_QEMU',
  'KVM_VMM_FIRECRACKER',
  'ARCH_X86_64',
  'OPTIMIZE_PIE',
  'PAGING',
  'LIBUKVMEM',
]);

/** Calls that exist only with an option other than their library's. */
export const callsByOption: Readonly<Record<string, readonly string[]>> = {
  LIBPOSIX_PROCESS_CLONE: ['clone', 'clone3', 'vfork', 'fork'],
};

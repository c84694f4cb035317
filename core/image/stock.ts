/** The images whose names Unikraft's users know, as sets of options (defconfigs of app-elfloader, run-app-elfloader). */
import type { OptionValue } from './options.ts';

export interface StockImage {
  name: string;
  summary: string;
  options: Readonly<Record<string, OptionValue>>;
}

const common = {
  UK_NAME: 'elfloader',
  PLAT_KVM: true,
  LIBDEVFS: true,
  LIBPOSIX_ENVIRON: true,
  LIBPOSIX_EVENT: true,
  LIBPOSIX_FUTEX: true,
  LIBPOSIX_PROCESS_CLONE: true,
  LIBUKSIGNAL: true,
  LIBVFSCORE_AUTOMOUNT_ROOTFS: true,
  LIBLWIP: true,
} as const;

const bases = [
  {
    name: 'qemu-x86_64-9pfs',
    summary: 'root from a host folder',
    options: { LIBVFSCORE_ROOTFS_9PFS: true, LIBVFSCORE_ROOTDEV: 'fs1' },
  },
  {
    name: 'qemu-x86_64-initrd',
    summary: 'root from a cpio archive in RAM',
    options: { LIBVFSCORE_ROOTFS_INITRD: true },
  },
  {
    name: 'fc-x86_64-initrd',
    summary: 'root from a cpio archive in RAM (Firecracker)',
    options: { KVM_VMM_FIRECRACKER: true, LIBVFSCORE_ROOTFS_INITRD: true },
  },
];

const strace = { LIBSYSCALL_SHIM_STRACE: true };
const debug = {
  ...strace,
  LIBPOSIX_PROCESS_DEBUG: true,
  LIBSYSCALL_SHIM_DEBUG: true,
  LIBUKDEBUG_PRINTK_INFO: true,
  LIBUKDEBUG_PRINTD: true,
};

const variants = [
  { suffix: '', summary: '', options: {} },
  { suffix: '-strace', summary: ', strace on', options: strace },
  { suffix: '-debug', summary: ', strace and all messages', options: debug },
];

/** The ready-made images of run-app-elfloader, which find the root folder under the tag fs0. */
const folderRoot = { LIBVFSCORE_ROOTFS_9PFS: true, LIBVFSCORE_ROOTDEV: 'fs0' };
const plain = { LIBUKBOOT_BANNER_NONE: true, LIBUKDEBUG_PRINTK_CRIT: true };
const runImages: StockImage[] = [
  { name: 'app-elfloader_qemu-x86_64', summary: 'run.sh: strace on', options: { ...common, ...folderRoot, ...strace } },
  {
    name: 'app-elfloader_qemu-x86_64_plain',
    summary: 'run.sh: quiet',
    options: { ...common, ...folderRoot, ...plain },
  },
  {
    name: 'app-elfloader_qemu-x86_64_strace',
    summary: 'run.sh: strace on',
    options: { ...common, ...folderRoot, ...strace },
  },
  {
    name: 'app-elfloader_qemu-x86_64_full-debug',
    summary: 'run.sh: strace and all messages',
    options: { ...common, ...folderRoot, ...debug, APPELFLOADER_DEBUG: true },
  },
];

export const stockImages: readonly StockImage[] = [
  ...bases.flatMap((base) =>
    variants.map((variant) => ({
      name: base.name + variant.suffix,
      summary: base.summary + variant.summary,
      options: { ...common, ...base.options, ...variant.options },
    })),
  ),
  ...runImages,
];

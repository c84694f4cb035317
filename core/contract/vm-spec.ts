/** What a VM is made of: the input of every way to start one. Paths are the host's unless said otherwise. */
import * as z from 'zod/mini';

/** How a host folder is used: changes go to it, are refused, or stay in RAM. */
export const FolderMode = z.enum(['rw', 'ro', 'overlay']);

/** The root file system: a host folder, or single files at guest paths (in RAM what is written). */
export const RootfsSpec = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('folder'), path: z.string(), mode: FolderMode }),
  z.object({ kind: z.literal('files'), files: z.array(z.tuple([z.string(), z.string()])) }),
]);

export const VolumeSpec = z.object({ source: z.string(), target: z.string(), isReadOnly: z.boolean() });

/** A host folder under a tag, for vfs.fstab to mount. */
export const FolderSpec = z.object({ tag: z.string(), path: z.string(), isReadOnly: z.boolean() });

export const StraceSpec = z.object({
  /** Which calls to show (kernel/syscall/strace-filter.ts); empty shows all. */
  filter: z.string(),
  format: z.enum(['text', 'json']),
});

/** A network card: the network it is on, and its addresses there when they are not to be leased. */
export const CardSpec = z.object({ network: z.string(), addresses: z.array(z.string()) });

/** A port of the host that leads to one of the guest. */
export const ForwardSpec = z.object({
  /** Address of the host. */
  address: z.string(),
  /** 0: any free one. */
  hostPort: z.int().check(z.gte(0), z.lte(65535)),
  guestPort: z.int().check(z.gte(1), z.lte(65535)),
  protocol: z.enum(['tcp', 'udp']),
});

/** Where the guest may go beyond its networks. */
export const OutsideSpec = z.object({
  mode: z.enum(['open', 'listed', 'none']),
  /** `ADDRESS[:PORT]`, `CIDR[:PORT]` or `NAME[:PORT]` each (core/net/policy.ts). */
  listed: z.array(z.string()),
  /** Ports of this computer's loopback that it reaches at its gateway's address. */
  hostPorts: z.array(z.int().check(z.gte(1), z.lte(65535))),
});

/**
 * Faults on purpose of a link: what passes a machine's card to and from others is treated so. Of several rules the first that
 * fits counts.
 */
export const FaultRule = z.object({
  /** Card of that network; without it any. */
  network: z.optional(z.string()),
  /** What the machine exchanges with: its name or address, a prefix, or `outside` for what is beyond the network. */
  peer: z.optional(z.string()),
  /** Seen from the machine; without it both. */
  direction: z.optional(z.enum(['in', 'out'])),
  /** On the way one way. */
  latencyMs: z.optional(z.number().check(z.gte(0), z.lte(60_000))),
  /** Added at random, from 0 to this. */
  jitterMs: z.optional(z.number().check(z.gte(0), z.lte(60_000))),
  lossPercent: z.optional(z.number().check(z.gte(0), z.lte(100))),
  bytesPerSecond: z.optional(z.int().check(z.gte(1))),
  /** Nothing passes. */
  isPartitioned: z.optional(z.boolean()),
  /** The same seed gives the same losses and delays, packet by packet. */
  seed: z.optional(z.int()),
});

export const TerminalSize = z.object({ columns: z.int(), rows: z.int() });

/** Smallest and largest memory of a VM, in MiB: the guest address space ends below 4 GiB. */
export const MIN_MEMORY_MIB = 8;
export const MAX_MEMORY_MIB = 3968;
export const DEFAULT_MEMORY_MIB = 2048;

export const VmSpec = z.object({
  name: z.string(),
  /** Name of a stock image, or path of a defconfig or Kraftfile. */
  image: z.string(),
  rootfs: z.optional(RootfsSpec),
  /** A cpio archive, a folder to make one of, or an ELF file that is the program itself. */
  initrd: z.optional(z.string()),
  /** Program and arguments. Empty when `append` has them. */
  program: z.array(z.string()),
  /** Kernel parameters, each a word or a list `name=[ ... ]`. */
  kernelArgs: z.array(z.string()),
  /** The whole kernel command line instead of `kernelArgs` and `program`. */
  append: z.optional(z.string()),
  /** K=V, over the image's built-in environment; a later one wins. */
  env: z.array(z.string()),
  memoryMiB: z.int().check(z.gte(MIN_MEMORY_MIB), z.lte(MAX_MEMORY_MIB)),
  volumes: z.array(VolumeSpec),
  folders: z.array(FolderSpec),
  /** Guest path. */
  workdir: z.optional(z.string()),
  /** `UID[:GID]`, or a name of the guest's /etc/passwd. */
  user: z.optional(z.string()),
  /** A card on the default network, with the way out open. */
  network: z.boolean(),
  /** Its cards, when they are other ones. */
  networks: z.optional(z.array(CardSpec)),
  forwards: z.optional(z.array(ForwardSpec)),
  /** Without it the way out is open when there are cards, and closed when there are forwards only. */
  outside: z.optional(OutsideSpec),
  faults: z.optional(z.array(FaultRule)),
  /** File that takes a capture of all its cards (pcapng). */
  capture: z.optional(z.string()),
  strace: z.optional(StraceSpec),
  /** CPU model name. */
  cpu: z.string(),
  /** What is translated: hot code, all that runs, or nothing (tier 0 alone). */
  jit: z.enum(['auto', 'always', 'off']),
  /** Sample where the program spends its instructions. */
  profile: z.optional(z.boolean()),
  /** Size of the terminal at the other end; without one fds 0 to 2 are pipes. */
  terminal: z.optional(TerminalSize),
  /** False: nothing is taken from the cache on disk nor left in it. */
  cache: z.optional(z.boolean()),
  /** No banner and no kernel messages below errors. */
  isQuiet: z.boolean(),
});

export type VmSpec = z.infer<typeof VmSpec>;
export type RootfsSpec = z.infer<typeof RootfsSpec>;
export type VolumeSpec = z.infer<typeof VolumeSpec>;
export type StraceSpec = z.infer<typeof StraceSpec>;
export type CardSpec = z.infer<typeof CardSpec>;
export type ForwardSpec = z.infer<typeof ForwardSpec>;
export type OutsideSpec = z.infer<typeof OutsideSpec>;
export type FaultRule = z.infer<typeof FaultRule>;
export type TerminalSize = z.infer<typeof TerminalSize>;
export type FolderMode = z.infer<typeof FolderMode>;

/** A spec with every optional choice at its default. */
export function vmSpec(given: Partial<VmSpec> & Pick<VmSpec, 'program'>): VmSpec {
  return {
    name: 'vm',
    image: 'qemu-x86_64-9pfs',
    kernelArgs: [],
    env: [],
    memoryMiB: DEFAULT_MEMORY_MIB,
    volumes: [],
    folders: [],
    network: false,
    cpu: 'default',
    jit: 'auto',
    isQuiet: false,
    ...given,
  };
}

/** From the words of `elfdeck run` to a VM spec: each malformed one fails with what is wrong and what to write instead. */
import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { VmError } from '../contract/errors.ts';
import {
  MAX_MEMORY_MIB,
  MIN_MEMORY_MIB,
  type RootfsSpec,
  type VmSpec,
  type VolumeSpec,
  vmSpec,
} from '../contract/vm-spec.ts';
import { kindOf } from '../host/services.ts';
import { hostProgram } from '../manager/rootfs/host-program.ts';
import { type NetworkOptions, networkSpec } from './network-options.ts';

export interface RunOptions extends NetworkOptions {
  name?: string;
  rootfs?: string;
  initrd?: string;
  image?: string;
  memory?: string;
  env?: string[];
  kernelArg?: string[];
  volume?: string[];
  workdir?: string;
  user?: string;
  append?: string;
  /** A filter, or empty for all. */
  strace?: string;
  straceOutput?: string;
  profile?: boolean;
  profileOutput?: string;
  straceFormat?: string;
  cpu?: string;
  jit?: string;
  tty?: boolean;
  quiet?: boolean;
  /** False for --no-cache. */
  cache?: boolean;
}

/** The CPU we emulate by its names: level x86-64-v2 and more, or with AVX2 and FMA besides. */
const cpuModels = ['default', 'x86-64-v2', 'host', 'x86-64-v3', 'max'];

export function specFrom(options: RunOptions, words: readonly string[]): VmSpec {
  const spec = vmSpec({
    name: options.name ?? 'vm',
    image: options.image ?? (options.initrd === undefined ? 'qemu-x86_64-9pfs' : 'qemu-x86_64-initrd'),
    program: [...words],
    kernelArgs: options.kernelArg ?? [],
    env: (options.env ?? []).map(environmentEntry),
    volumes: (options.volume ?? []).map(parseVolume),
    ...networkSpec(options),
    cpu: parseCpu(options.cpu ?? 'default'),
    jit: parseJit(options.jit ?? 'auto'),
    isQuiet: options.quiet ?? false,
  });
  if (options.memory !== undefined) spec.memoryMiB = parseMemory(options.memory);
  if (options.append !== undefined) spec.append = options.append;
  if (options.workdir !== undefined) spec.workdir = options.workdir;
  if (options.user !== undefined) spec.user = options.user;
  const strace = parseStrace(options);
  if (strace !== undefined) spec.strace = strace;
  if (options.profile || options.profileOutput !== undefined) spec.profile = true;
  if (options.cache === false) spec.cache = false;
  if (options.initrd !== undefined) spec.initrd = checkInitrd(options.initrd);
  if (options.rootfs !== undefined) spec.rootfs = parseRootfs(options.rootfs);
  else if (options.initrd === undefined && words.length > 0) Object.assign(spec, hostProgram(words));
  return spec;
}

/** `512M`, `2G`, `64MiB`; a bare number is MiB, as for qemu. */
export function parseMemory(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?$/i.exec(text);
  if (!match) throw new VmError('memory.out-of-range', `"${text}" is no memory size; write for example 512M or 2G`);
  const factor = { k: 1 / 1024, m: 1, g: 1024 }[match[2]!.toLowerCase()] ?? 1;
  const mib = Math.round(Number(match[1]) * factor);
  if (mib >= MIN_MEMORY_MIB && mib <= MAX_MEMORY_MIB) return mib;
  const message = `a memory size of ${text} is out of range; it must be from ${MIN_MEMORY_MIB}M to ${MAX_MEMORY_MIB}M`;
  throw new VmError('memory.out-of-range', message, { memory: text });
}

const rootfsModes = { ro: 'ro', rw: 'rw', overlay: 'overlay', '/': 'rw' } as const;

/** `DIR[:ro|:overlay]`; `DIR:/` is kraft's form. */
export function parseRootfs(text: string): RootfsSpec {
  const match = /^(.+):(ro|rw|overlay|\/)$/.exec(text);
  const path = match?.[1] ?? text;
  const mode = rootfsModes[(match?.[2] ?? 'rw') as keyof typeof rootfsModes];
  if (match === null) checkRootfsMode(text);
  checkFolder(path, 'the root file system');
  return { kind: 'folder', path: resolve(path), mode };
}

/** `DIR:word` with a word that is no mode, where DIR is there. */
function checkRootfsMode(text: string): void {
  const [, path, mode] = /^(.+):([^/:]*)$/.exec(text) ?? [];
  if (path === undefined || kindOf(text) !== undefined || kindOf(path) !== 'folder') return;
  throw new VmError('cli.usage', `--rootfs ${text}: "${mode}" is no mode; write DIR, DIR:ro or DIR:overlay`);
}

function checkFolder(path: string, what: string): void {
  const kind = kindOf(path);
  if (kind === undefined) throw new VmError('rootfs.not-found', `${what} ${path} does not exist`, { path });
  if (kind !== 'folder') {
    throw new VmError(
      'rootfs.not-directory',
      `${what} ${path} is not a directory; give the folder that has bin, lib, ...`,
      { path },
    );
  }
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
  } catch (error) {
    const message = `${what} ${path} is not readable for this user; check its permissions`;
    throw new VmError('rootfs.not-readable', message, { path }, error);
  }
}

function checkInitrd(path: string): string {
  if (kindOf(path) === undefined) {
    throw new VmError(
      'initrd.not-found',
      `the initrd ${path} does not exist; give a cpio archive, a folder or an ELF file`,
      { path },
    );
  }
  return resolve(path);
}

/** `SRC:DST[:ro]`, the destination an absolute guest path. */
function parseVolume(text: string): VolumeSpec {
  const match = /^(.+?):(\/[^:]*)(?::(ro|rw))?$/.exec(text);
  if (!match) throw new VmError('volume.unusable', `"${text}" is no volume; write SRC:/DST or SRC:/DST:ro`);
  const source = match[1]!;
  const kind = kindOf(source);
  if (kind !== 'folder') {
    const reason = kind === undefined ? 'does not exist' : 'is no folder; give the folder that has it';
    throw new VmError('volume.unusable', `the source ${source} of volume ${text} ${reason}`, { source });
  }
  return { source: resolve(source), target: match[2]!, isReadOnly: match[3] === 'ro' };
}

/** `K=V`, or `K` for the value it has here. */
function environmentEntry(text: string): string {
  if (text.indexOf('=') > 0) return text;
  const value = process.env[text];
  if (value !== undefined) return `${text}=${value}`;
  throw new VmError('cli.usage', `--env ${text}: write NAME=VALUE; there is no variable ${text} here to pass on`);
}

function parseCpu(name: string): string {
  if (cpuModels.includes(name)) return name;
  throw new VmError('cpu.unknown', `there is no CPU model "${name}"; choose one of ${cpuModels.join(', ')}`);
}

const jitModes = ['auto', 'always', 'off'] as const;

function parseJit(name: string): VmSpec['jit'] {
  const mode = jitModes.find((m) => m === name);
  if (mode !== undefined) return mode;
  throw new VmError('cli.usage', `there is no translation mode "${name}"; choose one of ${jitModes.join(', ')}`);
}

function parseStrace({ strace, straceFormat, straceOutput }: RunOptions): VmSpec['strace'] {
  if (straceFormat !== undefined && straceFormat !== 'json' && straceFormat !== 'text') {
    throw new VmError('cli.usage', `-o ${straceFormat}: the format of strace lines is text or json`);
  }
  if (strace === undefined && straceFormat === undefined && straceOutput === undefined) return undefined;
  return { filter: strace ?? '', format: straceFormat ?? 'text' };
}

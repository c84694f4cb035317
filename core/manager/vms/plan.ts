/** Makes a spec of where a new instance comes from: what the create wizard and a drop on the window begin with. */
import { basename, extname, resolve } from 'node:path';
import type { Settings } from '../../contract/api/app.ts';
import type { VmPlan, VmSource } from '../../contract/api/vm.ts';
import { VmError } from '../../contract/errors.ts';
import { type VmSpec, vmSpec } from '../../contract/vm-spec.ts';
import { examples } from '../../host/examples.ts';
import { nodeImageFiles } from '../../host/image-files.ts';
import { kindOf } from '../../host/services.ts';
import { loadImage } from '../../machine/load-image.ts';
import { elfKindOf, isElfFile } from '../rootfs/elf-info.ts';
import { isCpioFile } from '../rootfs/file-kinds.ts';
import { guessProgram } from '../rootfs/guess-program.ts';
import { hostProgram, locateProgram } from '../rootfs/host-program.ts';

/** What planning needs of the rest. */
export interface PlanSources {
  settings(): Settings;
  copyOf(vm: string): VmSpec;
  /** Root file system folder, program and needs of an imported app. */
  app(id: string): { name: string; path: string; program: string[]; env: string[]; memoryMiB: number };
}

type Plan = Omit<VmPlan, 'name'> & { name: string };

export async function planVm(source: VmSource, sources: PlanSources): Promise<Plan> {
  if (source.kind === 'example') return planExample(source.name);
  if (source.kind === 'copy') return planCopy(source.vm, sources);
  if (source.kind === 'catalog') return planApp(source.app, sources);
  if (source.kind === 'kraftfile') return planKraftfile(source.path);
  if (source.kind === 'folder') return planFolder(source.path, source.program, sources);
  if (source.kind === 'initrd') return planInitrd(source.path, source.args ?? [], 'a cpio archive as initial RAM disk');
  if (source.kind === 'elf') return planInitrd(source.path, source.args ?? [], 'an ELF file as initial RAM disk');
  if (source.kind === 'host-program') return planHostProgram(source.path, source.args ?? []);
  return planPath(source.path, sources);
}

/** A path as dropped: the folder, archive, Kraftfile, static or dynamic program that it is. */
async function planPath(path: string, sources: PlanSources): Promise<Plan> {
  const kind = kindOf(path);
  if (kind === undefined) throw new VmError('rootfs.not-found', `${path} does not exist`, { path });
  if (kind === 'folder') {
    const kraftfile = ['Kraftfile', 'kraft.yaml', 'kraft.yml'].map((name) => resolve(path, name)).find(kindOf);
    return kraftfile === undefined ? planFolder(path, undefined, sources) : planKraftfile(kraftfile);
  }
  if (/^kraft(file|\.ya?ml)$/i.test(basename(path))) return planKraftfile(path);
  if (isElfFile(path)) {
    return elfKindOf(path) === 'static-pie'
      ? planInitrd(path, [], 'a static program, which is its own RAM disk')
      : planHostProgram(path, []);
  }
  if (isCpioFile(path)) return planInitrd(path, [], 'a cpio archive as initial RAM disk');
  const message = `${path} is no folder, ELF file, cpio archive or Kraftfile; an .elfdeck file or another archive is imported instead`;
  throw new VmError('image.malformed', message, { path });
}

function planExample(name: string): Plan {
  const example = examples.find((candidate) => candidate.name === name);
  if (example === undefined)
    throw new VmError(
      'program.not-found',
      `there is no example "${name}"; there are ${examples.map((e) => e.name).join(', ')}`,
    );
  const spec = vmSpec({ name, memoryMiB: 64, ...hostProgram([name]) });
  return { name, spec, summary: `built-in example: ${example.summary}`, warnings: [] };
}

function planCopy(vm: string, sources: PlanSources): Plan {
  const spec = sources.copyOf(vm);
  return { name: `${spec.name}-copy`, spec, summary: `a copy of ${spec.name}`, warnings: [] };
}

function planApp(id: string, sources: PlanSources): Plan {
  const { name, path, program, env, memoryMiB } = sources.app(id);
  const { defaultRootfsMode } = sources.settings();
  const spec = vmSpec({ name, program, env, memoryMiB, rootfs: { kind: 'folder', path, mode: defaultRootfsMode } });
  return { name: nameOf(name), spec, summary: `${name} of the catalog`, warnings: [] };
}

async function planKraftfile(path: string): Promise<Plan> {
  const image = await loadImage(path, nodeImageFiles);
  const folder = resolve(path, '..');
  const rootfs = ['rootfs', 'initrd', '.'].map((name) => resolve(folder, name)).find((p) => kindOf(p) === 'folder')!;
  const spec = vmSpec({ program: [], image: resolve(path), rootfs: { kind: 'folder', path: rootfs, mode: 'rw' } });
  const warnings = image.cmd.length === 0 ? ['the Kraftfile names no program (cmd); give one'] : [];
  return { name: nameOf(image.name), spec, summary: `the Kraftfile of ${image.name}`, warnings };
}

function planFolder(path: string, program: string[] | undefined, sources: PlanSources): Plan {
  if (kindOf(path) !== 'folder')
    throw new VmError('rootfs.not-directory', `${path} is not a folder; give the one that has bin, lib, ...`, { path });
  const guessed = program ?? guessProgram(path);
  const warnings = guessed.length === 0 ? ['no program was found in the folder; give its path in the guest'] : [];
  const { defaultRootfsMode, defaultMemoryMiB, defaultImage } = sources.settings();
  const spec = vmSpec({
    program: guessed,
    image: defaultImage,
    memoryMiB: defaultMemoryMiB,
    rootfs: { kind: 'folder', path: resolve(path), mode: defaultRootfsMode },
  });
  return { name: nameOf(basename(resolve(path))), spec, summary: 'a folder as root file system', warnings };
}

function planInitrd(path: string, args: string[], summary: string): Plan {
  if (kindOf(path) === undefined) throw new VmError('initrd.not-found', `${path} does not exist`, { path });
  const isProgram = kindOf(path) === 'file' && isElfFile(path);
  const spec = vmSpec({ program: args, image: 'qemu-x86_64-initrd', initrd: resolve(path) });
  const warnings = isProgram || args.length > 0 ? [] : ['give the program to run, by its path in the archive'];
  return { name: nameOf(basename(path, extname(path))), spec, summary, warnings };
}

function planHostProgram(path: string, args: string[]): Plan {
  const located = locateProgram(path);
  const spec = vmSpec(hostProgram([located, ...args]));
  const count = spec.rootfs?.kind === 'files' ? spec.rootfs.files.length - 1 : 0;
  const summary =
    count === 0 ? 'a program of this computer' : `a program of this computer with ${count} files it needs`;
  return { name: nameOf(basename(path)), spec, summary, warnings: [] };
}

/** A name that instances may have. */
function nameOf(text: string): string {
  const name = text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  return name.slice(0, 58) || 'app';
}

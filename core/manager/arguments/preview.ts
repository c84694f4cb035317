/** What the guest will find on its first stack: the machine's own rules, applied without booting one. */

import { displayBytes } from '../../base/bytes.ts';
import type { GuestPreview, ParameterInfo } from '../../contract/api/arguments.ts';
import { VmError } from '../../contract/errors.ts';
import type { VmSpec } from '../../contract/vm-spec.ts';
import type { Image } from '../../image/image.ts';
import { Kernel, type KernelHost } from '../../kernel/kernel.ts';
import { libraries } from '../../kernel/lib/index.ts';
import { setEnvironment } from '../../kernel/lib/posix-environ/lib.ts';
import { applyParameters, readBootLine } from '../../machine/apply-parameters.ts';
import { selectLibraries } from '../../machine/select-libraries.ts';
import { specLine } from './spec-line.ts';

const atBoot = 'chosen at boot';
const auxiliary: readonly (readonly [name: string, value: string, meaning: string])[] = [
  ['AT_SYSINFO_EHDR', atBoot, 'address of the vDSO'],
  ['AT_HWCAP', atBoot, 'features of the processor (CPUID)'],
  ['AT_PAGESZ', '4096', 'size of a page'],
  ['AT_CLKTCK', '100', 'ticks of a second in times(2)'],
  ['AT_PHDR', atBoot, 'address of the program headers'],
  ['AT_PHENT', '56', 'size of a program header'],
  ['AT_PHNUM', atBoot, 'number of program headers'],
  ['AT_BASE', atBoot, 'where the dynamic loader is'],
  ['AT_ENTRY', atBoot, 'first instruction of the program'],
  ['AT_RANDOM', atBoot, 'address of 16 random bytes'],
  ['AT_PLATFORM', 'x86_64', 'kind of processor'],
];

export function previewGuest(spec: VmSpec, image: Image): GuestPreview {
  const kernel = new Kernel({ hostname: 'unikraft' } as KernelHost, selectLibraries(image));
  const problems: string[] = [];
  let program: readonly string[] = spec.program;
  try {
    const line = readBootLine(spec);
    program = line.program;
    setEnvironment(kernel, image.environment);
    applyParameters(kernel, line);
    setEnvironment(kernel, spec.env);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    if (!(error instanceof VmError) && (error as Error).name !== 'ParameterError') throw error;
  }
  if (spec.workdir !== undefined) kernel.environment.set('PWD', spec.workdir);
  const argv = argvOf(spec, image, program);
  if (argv.length === 0) problems.push('no program to run: neither the command line nor the image names one');
  const [uid = '0', gid = '0'] = (spec.user ?? '0:0').split(':');
  const workdir = image.isSet('APPELFLOADER_VFSEXEC_ENVPWD') ? kernel.environment.get('PWD') : spec.workdir;
  return {
    commandLine: specLine(spec),
    argv,
    envp: [...kernel.environment].map(([name, value]) => displayBytes(`${name}=${value}`)),
    auxv: [
      ...auxiliary.map(([name, value, meaning]) => ({ name, value, meaning })),
      { name: 'AT_UID, AT_EUID', value: uid, meaning: 'user' },
      { name: 'AT_GID, AT_EGID', value: gid, meaning: 'group' },
      { name: 'AT_SECURE', value: '0', meaning: 'no set-user-ID program' },
      { name: 'AT_EXECFN', value: argv[0] ?? '', meaning: 'name that the program was started by' },
    ],
    workdir: workdir ?? '/',
    problems,
  };
}

/** As the machine puts it together: the image's words without any given, the initrd's name, the fixed path. */
function argvOf({ initrd }: VmSpec, image: Image, given: readonly string[]): string[] {
  const words = given.length > 0 ? [...given] : [...image.cmd];
  if (image.isSet('APPELFLOADER_INITRDEXEC') && initrd !== undefined)
    words.unshift(initrd.slice(initrd.lastIndexOf('/') + 1));
  else if (!image.isSet('APPELFLOADER_CUSTOMAPPNAME')) words.unshift(image.text('APPELFLOADER_VFSEXEC_PATH'));
  return words;
}

export function parametersOf(image: Image): ParameterInfo[] {
  return libraries
    .filter((library) => image.hasLibrary(library.option))
    .flatMap((library) =>
      (library.parameters ?? []).map(({ name, isList, help }) => ({ name, isList, help, library: library.name })),
    );
}

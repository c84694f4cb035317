/** `elfdeck run`: options, and what happens with them. */
import { type Command, Option } from 'commander';
import { endProcess } from '../end-process.ts';
import { type RunOptions, specFrom } from '../run-spec.ts';
import { type SuperviseOptions, supervise } from '../supervise.ts';

const collect = (value: string, before: string[] = []): string[] => [...before, value];

const epilogue = `
Without --rootfs and --initrd the program is one of the examples (hello, tour, calc) or a program of this computer, which
then sees nothing but itself and its libraries; with "-r /" it sees the computer's own files.

Exit status: the program's, or 128+n when signal n ended it; 64 and up as listed in core/contract/errors.ts when it could
not be run (64 wrong usage, 80 unknown image, 85-87 root file system, 100-105 ELF file, 126 not executable, 127 not found).`;

export function addRunCommands(program: Command): void {
  addProgramCommand(program, 'run', 'run a program as an instance', {});
  addProgramCommand(program, 'profile', 'run a program, then show which of its functions ran most', { profile: true });
}

function addProgramCommand(program: Command, name: string, description: string, preset: { profile?: true }): void {
  const run = addSpecOptions(program.command(name).description(description))
    .option('--strace-output <FILE>', 'write strace lines to a file')
    .option('-t, --tty', 'treat the console as a terminal (default: when stdin and stdout are one)')
    .option('--no-tty', 'treat the console as pipes')
    .option('--profile', 'show at the end which functions ran most, by samples')
    .option('--profile-output <FILE>', 'write the profile to a file: folded stacks, or JSON for *.cpuprofile')
    .option('--stats', 'print figures of the run as JSON to stderr')
    .option('--missing', 'list the system calls that the program missed')
    .addHelpText('after', epilogue)
    .action(
      async (name: string | undefined, args: string[], given: RunOptions & SuperviseOptions & { n?: boolean }) => {
        const options = { ...given, ...preset, network: given.network ?? given.n ?? false };
        const words = name === undefined ? [] : [name, ...args];
        if (
          words.length === 0 &&
          options.append === undefined &&
          options.initrd === undefined &&
          options.image === undefined
        ) {
          run.error('error: no program to run; try "elfdeck run hello"');
        }
        endProcess(await supervise(specFrom(options, words), options));
      },
    );
}

/** Program, arguments and the options that say what an instance is made of. */
export function addSpecOptions(command: Command): Command {
  return command
    .argument('[program]', 'program in the guest (or of this computer, see below)')
    .argument('[args...]', 'its arguments')
    .passThroughOptions()
    .option(
      '-r, --rootfs <DIR[:ro|:overlay]>',
      'root file system: a folder; changes go to it unless ro, or stay in RAM',
    )
    .option('-i, --initrd <FILE|DIR|ELF>', 'initial RAM disk: a cpio archive, a folder, or the program itself')
    .option('-k, --image <NAME|FILE>', 'image: a built-in one (see "elfdeck images"), a defconfig or a Kraftfile')
    .option('-m, --memory <SIZE>', 'memory, for example 512M (default 2G)')
    .option('-e, --env <K=V>', 'environment variable (repeatable)', collect)
    .option('-a, --kernel-arg <ARG>', 'kernel parameter, for example vfs.fstab=... (repeatable)', collect)
    .option('-v, --volume <SRC:DST[:ro]>', 'mount a folder in the guest (repeatable)', collect)
    .option('-w, --workdir <DIR>', 'working directory in the guest')
    .option('-u, --user <UID[:GID]>', 'user and group')
    .option('-n', 'a card on the default network, with the way out to where this computer can go')
    .option('--network <NET[:IP]>', 'a card on that network (repeatable); see "elfdeck net"', collect)
    .option(
      '-p, --publish <[ADDR:]HOST:GUEST[/udp]>',
      'forward a port of this computer to the guest (repeatable); "auto" picks a free one and prints it',
      collect,
    )
    .option(
      '--allow <DEST>',
      'go out to these only: ADDRESS, CIDR or NAME with :PORT or not, none; localhost:PORT opens that port of this computer to the guest, at its gateway (repeatable)',
      collect,
    )
    .option(
      '--faults <RULE>',
      'faults on purpose of its links, for example latency=50ms,loss=1%; see "elfdeck net faults --help" (repeatable)',
      collect,
    )
    .option('--pcap <FILE>', 'write what passes its network cards to a capture file (pcapng)')
    .option('--append <LINE>', 'the whole kernel command line: parameters -- program arguments')
    .addOption(
      new Option('--strace [FILTER]', 'show system calls: all, or those named (--strace=openat,read)').preset(''),
    )
    .option('-o, --strace-format <text|json>', 'form of strace lines')
    .option('--cpu <MODEL>', 'CPU model')
    .option('--jit <MODE>', 'what is translated to WebAssembly: auto (hot code, the default), always, off')
    .option('-q, --quiet', 'no banner')
    .option('--no-cache', 'use no cache on disk (ELFDECK_CACHE_DIR names its folder)')
    .option('--name <NAME>', 'name of the instance');
}

/**
 * Writes `--strace` among the options of a command that has it as `--strace=all`: commander would take the next word, the program, for its
 * filter. `words` are those of the whole command line; they end at the program or `--`.
 */
export function fixStraceOption(program: Command, words: readonly string[]): string[] {
  const at = words.findIndex((word) => !word.startsWith('-'));
  const options = program.commands.find((command) => command.name() === words[at])?.options ?? [];
  const fixed = [...words];
  if (!options.some(({ long }) => long === '--strace')) return fixed;
  const takesValue = (word: string): boolean =>
    options.some((option) => option.required && (option.short === word || option.long === word));
  for (let i = at + 1; i < words.length && words[i]!.startsWith('-') && words[i] !== '--'; i++) {
    if (words[i] === '--strace') fixed[i] = '--strace=all';
    else if (takesValue(words[i]!)) i++;
  }
  return fixed;
}

/** The `elfdeck` command: routes argv to a command, turns failures into one line and an exit status. */
import { Command, CommanderError } from 'commander';
import { exitStatusOf, VmError } from '../contract/errors.ts';
import { RELEASE } from '../machine/release.ts';
import { addInstanceCommands } from './commands/add-instance-commands.ts';
import { addNetCommand } from './commands/net.ts';
import { addRunCommands, fixStraceOption } from './commands/run.ts';
import { cannotWrite, isBrokenPipe } from './lost-output.ts';

const program = new Command('elfdeck')
  .description('Run unmodified Linux x86-64 programs as unikernel instances.')
  .version(`elfdeck ${RELEASE}`, '-V, --version', 'print name and version')
  .enablePositionalOptions()
  .exitOverride()
  .configureOutput({ writeErr: () => {} })
  .showSuggestionAfterError();

addRunCommands(program);

program
  .command('images')
  .description('list the built-in images')
  .action(async () => (await import('./commands/images.ts')).listImages())
  .command('show')
  .description('show the options of an image and what they do')
  .argument('<image>', 'name of a built-in image, or a defconfig file or Kraftfile')
  .action(async (name: string) => (await import('./commands/images.ts')).showImage(name));

program
  .command('syscalls')
  .description('list the system calls with their support levels')
  .option('--missing', 'only those that are partial or missing')
  .action(async (options: { missing?: boolean }) => {
    (await import('./commands/syscalls.ts')).listSyscalls(options.missing === true);
  });

program
  .command('rootfs')
  .description('make root file systems')
  .command('make')
  .description('make a folder of programs of this computer with their libraries')
  .argument('<dir>', 'folder to fill')
  .argument('<binary...>', 'programs')
  .action(async (dir: string, binaries: string[]) =>
    (await import('./commands/rootfs.ts')).makeRootfsCommand(dir, binaries),
  );

addInstanceCommands(program);

program
  .command('serve')
  .description('serve the window to a browser of this computer')
  .option('--port <PORT>', 'port of 127.0.0.1 (default: any that is free)')
  .option('--no-open', 'only print the address')
  .action(async (options: { port?: string; open: boolean }) => (await import('./managed.ts')).serveCommand(options));

program
  .command('open')
  .description('open the window of the app that runs')
  .option('--no-open', 'only print the address')
  .action(async (options: { open: boolean }) => (await import('./managed.ts')).openCommand(options));

addNetCommand(program);

for (const name of ['run.sh', 'qemu-guest'] as const) {
  program
    .command(name)
    .description(`accept the options of Unikraft's ${name}`)
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .argument('[words...]')
    .action(async (words: string[]) => (await import('./commands/scripts.ts')).runScript(name, words));
}

/** Prints the one line and gives the exit status of a failed command. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help') process.stderr.write(program.helpInformation());
    else
      process.stderr.write(
        `elfdeck: ${error.message.replace(/^error: /, '').replaceAll('\n', ' ')}; see "elfdeck --help"\n`,
      );
    return exitStatusOf('cli.usage');
  }
  if (error instanceof VmError) {
    process.stderr.write(`elfdeck: ${error.message}\n`);
    return error.exitStatus;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`elfdeck: this is a bug of elfdeck; please report it with these lines:\n${text}\n`);
  return exitStatusOf('instance.internal');
}

/** Commands that run an instance, which is told when its output is no longer read. */
const runners = new Set(['run', 'profile', 'run.sh', 'qemu-guest']);

export async function main(words: readonly string[]): Promise<void> {
  process.stderr.on('error', () => {});
  if (!runners.has(words[0] ?? '')) {
    process.stdout.on('error', (error) =>
      process.exit(isBrokenPipe(error) ? 0 : report(cannotWrite('standard output', error))),
    );
  }
  try {
    await program.parseAsync(fixStraceOption(program, words), { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
}

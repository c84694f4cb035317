/** Words and options of the commands of stored instances; what they do is in managed.ts, loaded when one is called. */
import type { Command } from 'commander';
import type { RunOptions } from '../run-spec.ts';
import type { ListOptions } from './instances.ts';
import { addSpecOptions } from './run.ts';

const managed = () => import('../managed.ts');

const verbs = {
  stop: "ask the programs of instances to end, and kill them when they don't",
  kill: 'end instances at once',
  pause: 'stop running instances until they are resumed',
  resume: 'let paused instances go on',
  restart: 'stop instances and start them again',
} as const;

export function addInstanceCommands(program: Command): void {
  addSpecOptions(program.command('create').description('keep an instance to be started later')).action(
    async (name: string | undefined, args: string[], given: RunOptions & { n?: boolean }) => {
      const options = { ...given, network: given.network ?? given.n ?? false };
      await (await managed()).createCommand(options, name === undefined ? [] : [name, ...args]);
    },
  );
  program
    .command('start')
    .description('start instances: in the app that runs, else one here with its console')
    .argument('<name...>')
    .action(async (names: string[]) => (await managed()).startCommand(names));
  for (const verb of Object.keys(verbs) as (keyof typeof verbs)[]) {
    program
      .command(verb)
      .description(verbs[verb])
      .argument('<name...>')
      .action(async (names: string[]) => (await managed()).verbCommand(verb, names));
  }
  program
    .command('attach')
    .description('join this terminal to the console of an instance; Ctrl+] leaves it')
    .argument('<name>')
    .action(async (name: string) => (await managed()).attachCommand(name));
  program
    .command('ps')
    .description('list the instances that run')
    .option('-a, --all', "also those that don't")
    .option('-l, --long', 'with all there is to say')
    .option('-q, --quiet', 'names only')
    .option('-o, --output <FORMAT>', 'table, json, yaml or list')
    .action(async (options: ListOptions) => (await managed()).listCommand(options));
  program
    .command('rm')
    .description('remove instances; the app can bring them back for some days')
    .option('-f, --force', 'also those that run')
    .argument('<name...>')
    .action(async (names: string[], options: { force?: boolean }) => (await managed()).removeCommand(names, options));
  program
    .command('logs')
    .description('print what an instance has written to its console')
    .option('-f, --follow', 'go on with what it writes')
    .argument('<name>')
    .action(async (name: string, options: { follow?: boolean }) => (await managed()).logsCommand(name, options));
  program
    .command('inspect')
    .description('show an instance as JSON')
    .argument('<name>')
    .action(async (name: string) => (await managed()).inspectCommand(name));
  program
    .command('export')
    .description('write an instance with its root file system to an .elfdeck file')
    .option('-f, --force', 'replace the file when it is there')
    .argument('<name>')
    .argument('<file>')
    .action(async (name: string, file: string, options: { force?: boolean }) =>
      (await managed()).exportCommand(name, file, options),
    );
  program
    .command('import')
    .description('create an instance from an .elfdeck file')
    .option('--name <NAME>', 'name of the instance')
    .argument('<file>')
    .action(async (file: string, options: { name?: string }) => (await managed()).importCommand(file, options));
}

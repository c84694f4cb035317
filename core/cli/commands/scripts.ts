/** `elfdeck run.sh` and `elfdeck qemu-guest`: the options of Unikraft's scripts, turned into those of `elfdeck run`. */
import { join } from 'node:path';
import { VmError } from '../../contract/errors.ts';
import { kindOf } from '../../host/services.ts';
import { quoteWord } from '../../image/cmdline.ts';
import { endProcess } from '../end-process.ts';
import { getopts } from '../getopts.ts';
import { type RunOptions, specFrom } from '../run-spec.ts';
import { supervise } from '../supervise.ts';

interface Run {
  options: RunOptions;
  words: string[];
  /** Further host folders, by tag. */
  folders: { tag: string; path: string }[];
  isDryRun: boolean;
}

const scripts = { 'run.sh': runSh, 'qemu-guest': qemuGuest };

export async function runScript(name: keyof typeof scripts, words: readonly string[]): Promise<void> {
  const run = scripts[name](words);
  if (run === undefined) return;
  const spec = specFrom(run.options, run.words);
  spec.folders = run.folders.map(({ tag, path }) => ({ tag, path, isReadOnly: false }));
  if (run.isDryRun) process.stdout.write(`${commandLine(run)}\n`);
  else endProcess(await supervise(spec, {}));
}

/** Said when an option asks for what is not there; the run goes on without it. */
function note(text: string): void {
  process.stderr.write(`elfdeck: note: ${text}\n`);
}

const runShHelp = `elfdeck run.sh [-h] [-g] [-n] [-d] [-i] [-r ROOTFS] [-k IMAGE] PATH [ARGS]
  -h  show this help
  -g  debug mode (there is no gdb server yet)
  -n  network: guest 172.44.0.2/24, host 172.44.0.1
  -d  no KVM (never used here)
  -i  the program is the initrd, a file of the host; so is one given by a relative path that ROOTFS does not have
  -r  folder with the root file system (default: ./rootfs, if there is one)
  -k  image (default: app-elfloader_qemu-x86_64)
`;

const runShNetwork = [
  'netdev.ipv4_addr=172.44.0.2',
  'netdev.ipv4_gw_addr=172.44.0.1',
  'netdev.ipv4_subnet_mask=255.255.255.0',
];

function runSh(given: readonly string[]): Run | undefined {
  const { options, rest } = getopts('run.sh', 'hgndir:k:', given);
  const has = (letter: string): boolean => options.some((option) => option.letter === letter);
  const valueFor = (letter: string): string | undefined =>
    options.findLast((option) => option.letter === letter)?.value;
  if (has('h')) {
    process.stdout.write(runShHelp);
    return undefined;
  }
  // run_app.sh passes an empty word where it has no loader to name.
  const [path, ...args] = rest.slice(rest.findIndex((word) => word !== ''));
  if (!path) throw new VmError('cli.usage', 'run.sh: no program to run; see run.sh -h');
  if (has('g')) note('-g: there is no gdb server yet; the program starts at once');
  const run: Run = {
    options: { image: valueFor('k') ?? 'app-elfloader_qemu-x86_64', memory: '2G' },
    words: [path, ...args],
    folders: [],
    isDryRun: false,
  };
  const rootfs = valueFor('r') ?? (kindOf('rootfs') === 'folder' ? 'rootfs' : undefined);
  if (rootfs !== undefined) run.options.rootfs = rootfs;
  if (has('i') || (rootfs !== undefined && isHostProgram(path, rootfs))) {
    Object.assign(run, { words: args, options: { ...run.options, initrd: path } });
  }
  if (has('n')) Object.assign(run.options, { network: true, kernelArg: runShNetwork });
  return run;
}

/** The first run.sh took a path on the host, `../app/app`; that form is still in use and in its README. */
function isHostProgram(path: string, rootfs: string): boolean {
  return (
    !path.startsWith('/') && path.includes('/') && kindOf(path) === 'file' && kindOf(join(rootfs, path)) !== 'file'
  );
}

const qemuGuestHelp = `elfdeck qemu-guest -k IMAGE [-i INITRD] [-a ARGS] [-m MB] [-e DIR] [-n] [-D] ...
  -k  image
  -i  initial RAM disk: a cpio archive, a folder, or the program itself
  -a  kernel command line: parameters -- program arguments
  -m  memory in MB (default 64)
  -e  host folder for the guest, tagged fs0, fs1, ... in order; the first is the root
  -n  network interface; -N PORT and -b BRIDGE likewise
  -D  print the command instead of running it
  -g, -P, -x, -W and the other options of qemu-guest are accepted; those with no meaning here change nothing
`;

function qemuGuest(given: readonly string[]): Run | undefined {
  const { options } = getopts('qemu-guest', 'hnN:b:V:f:G:d:q:S:I:e:k:i:a:c:m:v:lrs:p:HxCDg:PT:WQ:M:t:', given);
  const run: Run = { options: { memory: '64' }, words: [], folders: [], isDryRun: false };
  for (const { letter, value } of options) {
    if (letter === 'h') {
      process.stdout.write(qemuGuestHelp);
      return undefined;
    }
    applyQemuOption(run, letter, value);
  }
  if (run.options.image === undefined) throw new VmError('cli.usage', 'qemu-guest: no image; give one with -k');
  return run;
}

function applyQemuOption(run: Run, letter: string, value: string): void {
  const { options } = run;
  if (letter === 'k') options.image = value;
  else if (letter === 'i') options.initrd = value;
  else if (letter === 'a') options.append = value;
  else if (letter === 'm') options.memory = value;
  else if (letter === 'e' && options.rootfs === undefined) options.rootfs = value;
  else if (letter === 'e') run.folders.push({ tag: `fs${run.folders.length + 1}`, path: value });
  else if (letter === 'n' || letter === 'N' || letter === 'b') options.network = true;
  else if (letter === 'D') run.isDryRun = true;
  else if (letter === 'g') note('-g: there is no gdb server yet');
  else if (letter === 'P') note('-P: nothing could resume it from outside yet, so the guest starts at once');
  else if (letter === 'x') note('-x: the guest runs in the foreground');
  else if ('dqIvVfS'.includes(letter)) note(`-${letter}: there is no such device here`);
}

/** The same run as an `elfdeck run` command. */
function commandLine({ options, words }: Run): string {
  const flags: string[] = [];
  const add = (flag: string, value: string | undefined): void => {
    if (value !== undefined) flags.push(flag, quoteWord(value));
  };
  add('-k', options.image);
  add('-r', options.rootfs);
  add('-i', options.initrd);
  add('-m', options.memory);
  for (const argument of options.kernelArg ?? []) add('-a', argument);
  add('--append', options.append);
  if (options.network) flags.push('-n');
  return ['elfdeck run', ...flags, ...words.map(quoteWord)].join(' ');
}

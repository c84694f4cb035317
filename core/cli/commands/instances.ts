/** The commands of stored instances, with kraft's words: create, start, ps, stop, pause, rm, logs, ... */
import { stringify } from 'yaml';
import type { Job } from '../../contract/api/catalog.ts';
import type { VmInfo } from '../../contract/api/vm.ts';
import type { ApiClient } from '../../contract/client.ts';
import { exitStatusOf, VmError } from '../../contract/errors.ts';
import { vmSpec } from '../../contract/vm-spec.ts';
import { quoteWord } from '../../image/cmdline.ts';
import { attachConsole } from '../attach.ts';
import { withManager } from '../manager-client.ts';
import { type RunOptions, specFrom } from '../run-spec.ts';

export async function createCommand(options: RunOptions, words: readonly string[]): Promise<void> {
  const { name: _, ...spec } = specFrom(options, words);
  await withManager(async ({ api }) => {
    const wanted = options.name ?? words[0]?.split('/').at(-1) ?? 'vm';
    const name = options.name ?? (await freeName(api, wanted));
    const vm = await api.call('vm.create', { name, spec });
    process.stdout.write(`${vm.name}\n`);
  });
}

async function freeName(api: ApiClient, wanted: string): Promise<string> {
  const { vms } = await api.call('vm.list', {});
  const taken = new Set(vms.map((vm) => vm.name));
  const base =
    wanted
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 58) || 'vm';
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!taken.has(name)) return name;
  }
}

/** With a running app they run there; without, one runs here until its end, with its console. */
export async function startCommand(names: readonly string[]): Promise<void> {
  await withManager(async ({ api, isApp }) => {
    if (!isApp && names.length > 1)
      throw new VmError(
        'cli.usage',
        'no app is running that could run several instances; start it with "elfdeck serve", or start one by one',
      );
    if (isApp) await each(names, (vm) => api.call('vm.start', { vm }));
    else process.exitCode = await attachConsole(api, names[0]!, () => api.call('vm.start', { vm: names[0]! }));
  });
}

export async function attachCommand(name: string): Promise<void> {
  await withManager(async ({ api }) => {
    const vm = await api.call('vm.get', { vm: name });
    if (vm.runner === undefined)
      throw new VmError(
        'vm.wrong-state',
        `the instance "${name}" is not running; start it with "elfdeck start ${name}"`,
      );
    process.exitCode = await attachConsole(api, name, async () => {});
  });
}

const verbs = {
  stop: 'vm.stop',
  kill: 'vm.kill',
  pause: 'vm.pause',
  resume: 'vm.resume',
  restart: 'vm.restart',
} as const;

export async function verbCommand(verb: keyof typeof verbs, names: readonly string[]): Promise<void> {
  await withManager(async ({ api }) => {
    await each(names, (vm) => api.call(verbs[verb], { vm }));
  });
}

export async function removeCommand(names: readonly string[], options: { force?: boolean }): Promise<void> {
  await withManager(async ({ api }) => {
    await each(names, async (vm) => {
      // One that runs in another process is ended there first.
      const info = await api.call('vm.get', { vm });
      if (options.force && info.runner?.isOwn === false) await api.call('vm.kill', { vm });
      return api.call('vm.remove', { vm, force: options.force === true });
    });
  });
}

/** Does it to each and prints its name; goes on after a failure, and fails with the first in the end. */
async function each(names: readonly string[], act: (name: string) => Promise<unknown>): Promise<void> {
  const failures: unknown[] = [];
  for (const name of names) {
    try {
      await act(name);
      process.stdout.write(`${name}\n`);
    } catch (error) {
      if (!(error instanceof VmError)) throw error;
      process.stderr.write(names.length > 1 ? `elfdeck: ${name}: ${error.message}\n` : '');
      failures.push(error);
    }
  }
  const [first] = failures;
  if (first === undefined) return;
  if (names.length === 1) throw first;
  process.exitCode = first instanceof VmError ? exitStatusOf(first.code) : 1;
}

export interface ListOptions {
  all?: boolean;
  long?: boolean;
  quiet?: boolean;
  output?: string;
}

export async function listCommand(options: ListOptions): Promise<void> {
  const { vms, broken } = await withManager(({ api }) => api.call('vm.list', {}));
  const shown = vms.filter((vm) => options.all === true || vm.runner !== undefined);
  for (const { path, error } of broken) process.stderr.write(`elfdeck: ${error.message || path}\n`);
  if (options.quiet) process.stdout.write(shown.map((vm) => `${vm.name}\n`).join(''));
  else process.stdout.write(formatList(shown, options));
}

function formatList(vms: readonly VmInfo[], { output = 'table', long = false }: ListOptions): string {
  if (output === 'json') return `${JSON.stringify(vms, null, 2)}\n`;
  if (output === 'yaml') return stringify(vms);
  const rows = vms.map((vm) => rowOf(vm, long));
  if (output === 'list')
    return rows
      .map(
        (row) =>
          `${Object.entries(row)
            .map(([name, value]) => `${name}: ${value}\n`)
            .join('')}\n`,
      )
      .join('');
  if (output !== 'table') throw new VmError('cli.usage', `-o ${output}: the output is one of table, json, yaml, list`);
  const columns = Object.keys(rowOf(emptyRow, long));
  const widths = columns.map((name) => Math.max(name.length, ...rows.map((row) => row[name]!.length)));
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd()}\n`;
  return line(columns) + rows.map((row) => line(columns.map((name) => row[name]!))).join('');
}

function rowOf(vm: VmInfo, isLong: boolean): Record<string, string> {
  const args = vm.spec.append ?? vm.spec.program.map(quoteWord).join(' ');
  const ports = vm.ports.map((port) => `${port.host}:${port.hostPort}->${port.guestPort}/${port.protocol}`);
  return {
    NAME: vm.name,
    IMAGE: vm.spec.image,
    ARGS: isLong || args.length <= 40 ? args : `${args.slice(0, 37)}...`,
    CREATED: ago(vm.createdAt),
    STATUS: statusOf(vm),
    MEM: `${vm.spec.memoryMiB}MiB`,
    PORTS: ports.join(', '),
    ...(isLong ? { ID: vm.id, GROUP: vm.meta.group, TAGS: vm.meta.tags.join(',') } : {}),
  };
}

const emptyRow: VmInfo = {
  id: '',
  name: '',
  state: 'created',
  createdAt: 0,
  ports: [],
  addresses: [],
  needsRestart: false,
  meta: { group: '', tags: [], notes: '', autostart: false, restart: 'no' },
  spec: vmSpec({ program: [] }),
};

function statusOf({ state, ending }: VmInfo): string {
  if (ending?.exit === undefined) return state;
  return 'code' in ending.exit ? `${state} (${ending.exit.code})` : `${state} (signal ${ending.exit.signal})`;
}

const units: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

function ago(at: number): string {
  const seconds = Math.max(0, Math.round((Date.now() - at) / 1000));
  const [length, name] = units.find(([unit]) => seconds >= unit) ?? [1, 'second'];
  const count = Math.floor(seconds / length);
  return `${count} ${name}${count === 1 ? '' : 's'} ago`;
}

export async function logsCommand(name: string, options: { follow?: boolean }): Promise<void> {
  await withManager(async ({ api }) => {
    const call = options.follow
      ? await api.call('console.attach', { vm: name, console: 'main' })
      : await api.call('console.scrollback', { vm: name, console: 'main' });
    const stream = api.openStream(call.stream);
    stream.consume(
      (bytes) =>
        new Promise<void>((resolve) =>
          process.stdout.write(bytes) ? resolve() : process.stdout.once('drain', resolve),
        ),
    );
    if (options.follow) {
      api.on('vm.removed', (vm) => vm.name === name && stream.abort());
      process.once('SIGINT', () => stream.abort());
    }
    await stream.ended;
  });
}

export async function inspectCommand(name: string): Promise<void> {
  const vm = await withManager(({ api }) => api.call('vm.get', { vm: name }));
  process.stdout.write(`${JSON.stringify(vm, null, 2)}\n`);
}

export async function exportCommand(vm: string, path: string, options: { force?: boolean }): Promise<void> {
  await withManager(async ({ api }) => {
    const job = await finishJob(
      api,
      await api.call('vm.export', { vm, path: absolute(path), overwrite: options.force === true }),
    );
    process.stdout.write(`${job.result?.path}\n`);
  });
}

export async function importCommand(path: string, options: { name?: string }): Promise<void> {
  await withManager(async ({ api }) => {
    const given = options.name === undefined ? {} : { name: options.name };
    const job = await finishJob(api, await api.call('vm.import', { path: absolute(path), ...given }));
    process.stdout.write(`${(await api.call('vm.get', { vm: job.result?.vm ?? '' })).name}\n`);
  });
}

/** The app has a working directory of its own. */
const absolute = (path: string): string =>
  path.startsWith('/') || /^[A-Za-z]:/.test(path) ? path : `${process.cwd()}/${path}`;

async function finishJob(api: ApiClient, { job: id }: { job: string }): Promise<Job> {
  const over = new Promise<Job>((resolve) => {
    api.on('job.changed', (job) => job.id === id && job.endedAt !== undefined && resolve(job));
  });
  // It may have ended before we listened.
  const now = (await api.call('job.list', {})).find((job) => job.id === id);
  const job = now?.endedAt === undefined ? await over : now;
  if (job.error !== undefined) throw VmError.from(job.error);
  return job;
}

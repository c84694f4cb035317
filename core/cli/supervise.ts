/**
 * The CLI's side of a running instance: console bytes both ways, the terminal's mode and size, signals, and what is
 * printed at the end. Resolves with the exit status of the command.
 */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { exitStatusOf, toErrorData, type VmError, type VmErrorData } from '../contract/errors.ts';
import type { VmSpec } from '../contract/vm-spec.ts';
import { type OutputStream, STREAM_STDOUT, STREAM_STRACE } from '../contract/worker-channel.ts';
import type { Ending, ProfileRow } from '../contract/worker-protocol.ts';
import { Instance } from '../manager/instance.ts';
import type { Networks } from '../manager/net/networks.ts';
import { cannotWrite, isBrokenPipe } from './lost-output.ts';
import { profileFile, profileTable } from './profile-report.ts';
import { enterRawMode, terminalSize } from './terminal-mode.ts';

export interface SuperviseOptions {
  tty?: boolean;
  straceOutput?: string;
  stats?: boolean;
  missing?: boolean;
  profile?: boolean;
  profileOutput?: string;
}

export async function supervise(spec: VmSpec, options: SuperviseOptions): Promise<number> {
  const isTerminal = options.tty ?? (process.stdin.isTTY === true && process.stdout.isTTY === true);
  if (isTerminal) spec.terminal = terminalSize();
  const output = new Output(options.straceOutput, isTerminal);
  const instance = new Instance(spec, (stream, bytes) => output.write(stream, bytes));
  output.onClosed = () => instance.closeOutput(STREAM_STDOUT);
  const restore = isTerminal ? enterRawMode() : () => {};
  forwardSignals(instance, isTerminal);
  feedInput(process.stdin, instance, { asKeys: isTerminal && process.stdin.isTTY !== true });
  // A start that fails is in the ending, too.
  instance.start().then(
    () => {
      printForwards(instance, output);
      if (instance.network !== undefined) void serveNetwork(instance.network.networks);
    },
    () => {},
  );
  const ending = await instance.ended;
  await output.flush();
  restore();
  output.say(lastWords(ending, options));
  if (ending.profile !== undefined) reportProfile(ending.profile, options, output);
  await output.flush();
  output.close();
  return output.failure === undefined ? exitStatus(ending) : output.failure.exitStatus;
}

/** Which ports of this computer lead to the guest, when it was not told or is not plain. */
function printForwards({ spec, network }: Instance, output: Output): void {
  for (const [i, { hostPort }] of (spec.forwards ?? []).entries()) {
    if (network !== undefined && hostPort === 0)
      output.say(`elfdeck: forwards ${network.networks.describeForward(network.membership, i)}\n`);
  }
}

/** Lets `elfdeck net` of other processes ask about this machine. */
async function serveNetwork(networks: Networks): Promise<void> {
  try {
    const { serveNetworks } = await import('../manager/net/net-api.ts');
    await serveNetworks(networks);
  } catch (error) {
    // The machine runs all the same.
    writeSync(2, `elfdeck: "elfdeck net" cannot reach this instance: ${toErrorData(error).message}\n`);
  }
}

function forwardSignals(instance: Instance, isTerminal: boolean): void {
  const { SIGINT, SIGQUIT, SIGTSTP } = constants.signals;
  const pass = (signal: number) => () => {
    instance.signal(signal).catch(() => {});
  };
  process.on('SIGINT', pass(SIGINT));
  process.on('SIGQUIT', pass(SIGQUIT));
  if (isTerminal) process.on('SIGTSTP', pass(SIGTSTP));
  for (const name of ['SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => void instance.stop({ signal: constants.signals[name] }));
  }
  if (isTerminal) process.stdout.on('resize', () => void instance.resize(terminalSize()).catch(() => {}));
}

/** What VEOF of a terminal is at first. */
const CTRL_D = 4;
const NEWLINE = 10;

/**
 * Passes stdin on as fast as the guest takes it. The end may be told while the last chunk still waits for room. With
 * `asKeys` it goes to a terminal that does not end with it: the end is Ctrl+D there, pressed once more behind half a line.
 */
export function feedInput(
  stdin: Readable,
  instance: Pick<Instance, 'write' | 'endInput'>,
  { asKeys = false }: { asKeys?: boolean } = {},
): void {
  let written = Promise.resolve();
  let last = NEWLINE;
  stdin.on('data', (chunk: Buffer) => {
    stdin.pause();
    last = chunk.at(-1) ?? last;
    written = instance.write(chunk).then(() => void stdin.resume());
  });
  const end = (): void => {
    const ends = last === NEWLINE ? [CTRL_D] : [CTRL_D, CTRL_D];
    void written.then(() => (asKeys ? instance.write(Uint8Array.from(ends)) : instance.endInput()));
  };
  stdin.on('end', end);
  // A closed or broken stdin is one that has ended.
  stdin.on('error', end);
}

/**
 * stdout, stderr and the strace file, each written in order and waited for. A reader that has gone is the guest's to
 * notice (SIGPIPE); any other output that was lost is told at once and makes the command fail.
 */
class Output {
  /** Called when stdout takes no more. */
  onClosed: () => void = () => {};
  /** Why output was lost. */
  failure: VmError | undefined;
  private straceFd: number | undefined;
  private readonly stracePath: string | undefined;

  /** The terminal is raw: lines of the kernel need a carriage return of their own. */
  private readonly isRaw: boolean;

  constructor(straceOutput: string | undefined, isRaw: boolean) {
    this.isRaw = isRaw;
    this.stracePath = straceOutput;
    try {
      this.straceFd = straceOutput === undefined ? undefined : openSync(straceOutput, 'w');
    } catch (error) {
      throw cannotWrite(straceOutput!, error);
    }
    process.stdout.on('error', (error) => {
      if (!isBrokenPipe(error)) this.fail('standard output', error);
      this.onClosed();
    });
  }

  write(stream: OutputStream, bytes: Uint8Array): Promise<void> | void {
    if (stream === STREAM_STRACE && this.stracePath !== undefined) this.writeTrace(bytes);
    else if (stream === STREAM_STDOUT) return writeStream(process.stdout, bytes);
    else return writeStream(process.stderr, this.isRaw && process.stderr.isTTY ? withReturns(bytes) : bytes);
  }

  /** Writes a message of the command itself. */
  say(text: string): void {
    if (text !== '' && !process.stderr.destroyed) process.stderr.write(text);
  }

  /** Resolves when everything has left the process. */
  async flush(): Promise<void> {
    for (const stream of [process.stdout, process.stderr]) {
      if (!stream.destroyed) await new Promise<void>((resolve) => stream.write('', () => resolve()));
    }
  }

  close(): void {
    if (this.straceFd !== undefined) closeSync(this.straceFd);
    this.straceFd = undefined;
  }

  /** A file that takes no more is given up; the program goes on. */
  private writeTrace(bytes: Uint8Array): void {
    if (this.straceFd === undefined) return;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.straceFd, bytes, at);
    } catch (error) {
      this.fail(this.stracePath!, error);
      this.close();
    }
  }

  writeFile(path: string, text: string): void {
    try {
      writeFileSync(path, text);
    } catch (error) {
      this.fail(path, error);
    }
  }

  private fail(what: string, error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = cannotWrite(what, error);
    this.say(`elfdeck: ${this.failure.message}\n`);
  }
}

/** The same lines, each ended by a carriage return and a line feed. */
function withReturns(bytes: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}

/** Undefined when the stream has room, else resolves when it has again or is closed. */
function writeStream(stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> | undefined {
  if (stream.destroyed || stream.write(bytes)) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

/** The table on stderr, or the file that was asked for. */
function reportProfile(rows: readonly ProfileRow[], { profileOutput }: SuperviseOptions, output: Output): void {
  if (profileOutput === undefined) output.say(profileTable(rows));
  else output.writeFile(profileOutput, profileFile(profileOutput, rows));
}

/** What is to be said at the end. */
function lastWords({ error, report, statistics }: Ending, options: SuperviseOptions): string {
  let text = '';
  if (report !== undefined) text += report.endsWith('\n') ? report : `${report}\n`;
  if (error !== undefined) text += describeError(error);
  if (statistics !== undefined && options.missing) {
    const missing = Object.entries(statistics.missingSyscalls).map(([name, count]) => `${name} (${count})`);
    text += `missing system calls: ${missing.length === 0 ? 'none' : missing.join(', ')}\n`;
  }
  if (statistics !== undefined && options.stats) text += `${JSON.stringify(statistics, null, 2)}\n`;
  return text;
}

function describeError({ code, message, stack }: VmErrorData): string {
  if (code !== 'instance.internal') return `elfdeck: ${message}\n`;
  return `elfdeck: the instance ended because of a bug of elfdeck; please report it with these lines:\n${stack ?? message}\n`;
}

function exitStatus({ error, exit }: Ending): number {
  if (error !== undefined) return exitStatusOf(error.code);
  if (exit === undefined) return 0;
  return 'code' in exit ? exit.code : 128 + exit.signal;
}

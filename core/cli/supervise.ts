/**
 * The CLI's side of a running instance: console bytes both ways, the terminal's mode and size, signals, and what is
 * printed at the end. Resolves with the exit status of the command.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { exitStatusOf, VmError, type VmErrorData } from '../contract/errors.ts';
import type { VmSpec } from '../contract/vm-spec.ts';
import { type OutputStream, STREAM_STDOUT, STREAM_STRACE } from '../contract/worker-channel.ts';
import type { Ending, ProgramExit } from '../contract/worker-protocol.ts';
import { hostReason } from '../host/services.ts';
import { Instance } from '../manager/instance.ts';
import { enterRawMode, terminalSize } from './terminal-mode.ts';

export interface SuperviseOptions {
  tty?: boolean;
  straceOutput?: string;
  stats?: boolean;
  missing?: boolean;
}

export async function supervise(spec: VmSpec, options: SuperviseOptions): Promise<number> {
  const isTerminal = options.tty ?? (process.stdin.isTTY === true && process.stdout.isTTY === true);
  if (isTerminal) spec.terminal = terminalSize();
  const output = new Output(options.straceOutput, isTerminal);
  const instance = new Instance(spec, (stream, bytes) => output.write(stream, bytes));
  output.onClosed = () => instance.closeOutput(STREAM_STDOUT);
  const restore = isTerminal ? enterRawMode() : () => {};
  forwardSignals(instance, isTerminal);
  feedInput(process.stdin, instance);
  // A start that fails is in the ending, too.
  instance.start().then(
    () => printForwards(instance),
    () => {},
  );
  const ending = await instance.ended;
  await output.finish();
  restore();
  return conclude(ending, options);
}

/** Which ports of this computer lead to the guest, when it was not told or is not plain. */
function printForwards({ spec, network }: Instance): void {
  for (const [i, { hostPort }] of (spec.forwards ?? []).entries()) {
    if (network !== undefined && hostPort === 0)
      writeSync(2, `elfdeck: forwards ${network.networks.describeForward(network.membership, i)}\n`);
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
  for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, () => void instance.stop());
  if (isTerminal) process.stdout.on('resize', () => void instance.resize(terminalSize()).catch(() => {}));
}

/** Passes stdin on as fast as the guest takes it. The end may be told while the last chunk still waits for room. */
export function feedInput(stdin: Readable, instance: Pick<Instance, 'write' | 'endInput'>): void {
  let written = Promise.resolve();
  stdin.on('data', (chunk: Buffer) => {
    stdin.pause();
    written = instance.write(chunk).then(() => void stdin.resume());
  });
  const end = (): void => void written.then(() => instance.endInput());
  stdin.on('end', end);
  // A closed or broken stdin is one that has ended.
  stdin.on('error', end);
}

/** stdout, stderr and the strace file, each written in order and waited for. */
class Output {
  /** Called when nobody reads stdout any more. */
  onClosed: () => void = () => {};
  private readonly straceFd: number | undefined;

  /** The terminal is raw: lines of the kernel need a carriage return of their own. */
  private readonly isRaw: boolean;

  constructor(straceOutput: string | undefined, isRaw: boolean) {
    this.isRaw = isRaw;
    try {
      this.straceFd = straceOutput === undefined ? undefined : openSync(straceOutput, 'w');
    } catch (error) {
      throw new VmError(
        'host.file',
        `cannot write ${straceOutput}: ${hostReason(error)}`,
        { path: straceOutput },
        error,
      );
    }
    process.stdout.on('error', () => this.onClosed());
    process.stderr.on('error', () => {});
  }

  write(stream: OutputStream, bytes: Uint8Array): Promise<void> | void {
    if (stream === STREAM_STRACE && this.straceFd !== undefined) writeSync(this.straceFd, bytes);
    else if (stream === STREAM_STDOUT) return writeStream(process.stdout, bytes);
    else return writeStream(process.stderr, this.isRaw && process.stderr.isTTY ? withReturns(bytes) : bytes);
  }

  /** Resolves when everything has left the process. */
  async finish(): Promise<void> {
    for (const stream of [process.stdout, process.stderr]) {
      if (!stream.destroyed) await new Promise<void>((resolve) => stream.write('', () => resolve()));
    }
    if (this.straceFd !== undefined) closeSync(this.straceFd);
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

/** Prints what is to be said at the end and gives the exit status. */
function conclude({ exit, error, report, statistics }: Ending, options: SuperviseOptions): number {
  if (report !== undefined) writeSync(2, report.endsWith('\n') ? report : `${report}\n`);
  if (error !== undefined) writeSync(2, describeError(error));
  if (statistics !== undefined) {
    if (options.missing) {
      const missing = Object.entries(statistics.missingSyscalls).map(([name, count]) => `${name} (${count})`);
      writeSync(2, `missing system calls: ${missing.length === 0 ? 'none' : missing.join(', ')}\n`);
    }
    if (options.stats) writeSync(2, `${JSON.stringify(statistics, null, 2)}\n`);
  }
  if (error !== undefined) return exitStatusOf(error.code);
  return exit === undefined ? 0 : exitStatus(exit);
}

function describeError({ code, message, stack }: VmErrorData): string {
  if (code !== 'instance.internal') return `elfdeck: ${message}\n`;
  return `elfdeck: the instance ended because of a bug of elfdeck; please report it with these lines:\n${stack ?? message}\n`;
}

const exitStatus = (exit: ProgramExit): number => ('code' in exit ? exit.code : 128 + exit.signal);

/**
 * One instance, seen from the thread that supervises it: owns its worker and the rings between them. Output is pumped in
 * order and with back-pressure: while a consumer's promise is pending, the guest's writes wait.
 */
import { setImmediate } from 'node:timers/promises';
import type { MessagePort, Worker } from 'node:worker_threads';
import { Emitter } from '../base/event.ts';
import { FrameReader } from '../base/output-frames.ts';
import { RingReader, RingWriter } from '../base/shared-ring.ts';
import { type Client, connect, type Response } from '../contract/contract.ts';
import { toErrorData, VmError, type VmErrorData } from '../contract/errors.ts';
import type { TerminalSize, VmSpec } from '../contract/vm-spec.ts';
import { CONTROL_CLOSED, CONTROL_REQUEST, CONTROL_WAKE, type OutputStream } from '../contract/worker-channel.ts';
import type { Ending, Statistics, WorkerEvent, workerApi } from '../contract/worker-protocol.ts';
import type { WireFaults } from '../net/fault-plan.ts';
import type { WireConfig } from '../net/station.ts';
import type { Membership } from './net/membership.ts';
import type { Networks } from './net/networks.ts';
import { startWorker } from './worker-thread.ts';

export type InstanceState = 'created' | 'running' | 'paused' | 'exited' | 'failed';

/** Takes output of the guest; a returned promise holds back what follows until it is done. */
export type OutputConsumer = (stream: OutputStream, bytes: Uint8Array<ArrayBuffer>) => Promise<void> | void;

const PUMP_CHUNK = 1 << 16;
/** Bytes after which the pump lets the event loop handle other things. */
const PUMP_BURST = 1 << 20;
const SIGTERM = 15;
const SIGKILL = 9;

export class Instance {
  readonly spec: VmSpec;
  /** Fires at each change of `state`. */
  readonly changed = new Emitter<InstanceState>();
  /** Resolves once the program is over and all its output is delivered. Never rejects. */
  readonly ended: Promise<Ending>;
  private currentState: InstanceState = 'created';
  /** These exist from `start` on. */
  private worker: Worker | undefined;
  private port: MessagePort = undefined!;
  private control: Int32Array<SharedArrayBuffer> = undefined!;
  private output: RingReader = undefined!;
  private input: RingWriter = undefined!;
  private readonly call: Client<typeof workerApi>;
  private readonly accept: (response: Response) => void;
  private readonly closeCalls: (error: VmError) => void;
  private readonly consume: OutputConsumer;
  /** Its place on virtual networks, from the start on, if it has one. */
  network: { readonly networks: Networks; readonly membership: Membership } | undefined = undefined;
  /** Changes of the root's overlay to begin with; the ending has those there are then. Undefined: nothing is kept. */
  keptOverlay: Uint8Array | null | undefined = undefined;
  private ending: Ending | undefined;
  private leaving: Promise<void> | undefined;
  private resolveEnded: (ending: Ending) => void = () => {};
  private wakePump: () => void = () => {};
  private wakeInput: () => void = () => {};

  constructor(spec: VmSpec, consume: OutputConsumer) {
    this.spec = spec;
    this.consume = consume;
    const calls = connect<typeof workerApi>((request) => {
      if (this.worker === undefined || this.ending !== undefined) throw notRunning();
      this.port.postMessage(request);
      Atomics.store(this.control, CONTROL_REQUEST, 1);
      this.wakeWorker();
    });
    this.call = calls.client;
    this.accept = calls.accept;
    this.closeCalls = calls.close;
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
  }

  get state(): InstanceState {
    return this.currentState;
  }
  private setState(state: InstanceState): void {
    if (state === this.currentState) return;
    this.currentState = state;
    this.changed.fire(state);
  }

  /** Boots the machine. Resolves when the worker has taken the spec; what goes wrong later is in the `Ending`. */
  async start(): Promise<void> {
    if (this.currentState !== 'created') throw new VmError('instance.not-running', 'the instance was started before');
    this.setState('running');
    const { worker, port, channel } = startWorker();
    this.worker = worker;
    this.port = port;
    this.control = new Int32Array(channel.control);
    this.output = new RingReader(channel.output);
    this.input = new RingWriter(channel.input);
    port.on('message', (message: Response | WorkerEvent) => this.receive(message));
    worker.on('error', (error) => this.finish({ error: workerFailure(error) }));
    worker.on('exit', () => this.finish({ error: workerFailure(new Error('the worker thread ended by itself')) }));
    void this.pump();
    try {
      if (needsNetwork(this.spec)) await this.joinNetworks(channel.control);
      if (this.keptOverlay !== undefined) await this.call('overlay.keep', { archive: this.keptOverlay });
      await this.call('instance.start', this.spec);
    } catch (error) {
      this.finish({ error: toErrorData(error) });
      throw error;
    }
  }

  /** Loaded only here: most programs start without. */
  private async joinNetworks(control: SharedArrayBuffer): Promise<void> {
    const { networks } = await import('./net/networks.ts');
    // An instance that ends meanwhile hears nothing more.
    const tell = (said: Promise<null>): void => void said.catch(() => {});
    const peer = {
      name: this.spec.name,
      control,
      attach: (wire: WireConfig) => tell(this.call('network.attach', wire)),
      detach: (id: number) => tell(this.call('network.detach', { id })),
      readdress: (id: number, addresses: readonly string[]) =>
        tell(this.call('network.readdress', { id, addresses: [...addresses] })),
      impair: (faults: readonly WireFaults[]) => tell(this.call('network.impair', { faults })),
      figures: () => this.call('network.figures', {}),
      capture: async (path: string | undefined) => void (await this.call('network.capture', { path: path ?? null })),
    };
    const membership = await networks.join(peer, this.spec);
    this.network = { networks, membership };
    await this.call('network.set-up', membership.setup);
  }

  async pause(): Promise<void> {
    await this.call('instance.pause', {});
    if (this.currentState === 'running') this.setState('paused');
  }
  async resume(): Promise<void> {
    await this.call('instance.resume', {});
    if (this.currentState === 'paused') this.setState('running');
  }
  /** Asks the program to end (SIGTERM, or that signal) and kills it when it has not within `graceMs`. */
  async stop({ graceMs = 10_000, signal = SIGTERM } = {}): Promise<Ending> {
    if (this.currentState === 'paused') await this.resume();
    // A call that is cut off by the end is no failure here.
    this.signal(signal).catch(() => {});
    const timer = setTimeout(() => this.kill(), graceMs);
    const ending = await this.ended;
    clearTimeout(timer);
    return ending;
  }
  /** Ends the worker at once, whatever the guest does. */
  kill(): void {
    this.finish({ exit: { signal: SIGKILL, coreDumped: false } });
  }
  async signal(signal: number): Promise<void> {
    await this.call('instance.signal', { signal });
  }
  async resize(size: TerminalSize): Promise<void> {
    await this.call('instance.resize', size);
  }
  /** Changes of the root's overlay so far; null when the root is none. */
  exportOverlay(): Promise<Uint8Array | null> {
    return this.call('overlay.export', {});
  }
  statistics(): Promise<Statistics> {
    return this.call('instance.statistics', {});
  }

  /** Console input; resolves when all of it is in the ring. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && this.ending === undefined; ) {
      const count = this.input.write(bytes.subarray(at));
      at += count;
      if (count > 0) this.wakeWorker();
      else if (this.input.sleepUntilRoom()) {
        await new Promise<void>((resolve) => {
          this.wakeInput = resolve;
        });
      }
    }
  }
  /** End of console input. */
  endInput(): void {
    this.input.close();
    this.wakeWorker();
  }
  /** Nobody takes that stream any more: the guest's writes to it fail from now on, as to a broken pipe. */
  closeOutput(stream: OutputStream): void {
    Atomics.or(this.control, CONTROL_CLOSED, 1 << stream);
  }

  private wakeWorker(): void {
    Atomics.add(this.control, CONTROL_WAKE, 1);
    Atomics.notify(this.control, CONTROL_WAKE);
  }

  private receive(message: Response | WorkerEvent): void {
    if ('id' in message) this.accept(message);
    else if (message.event === 'console.ready') this.wakePump();
    else if (message.event === 'console.drained') this.wakeInput();
    else if (message.event === 'network.addressed') this.readdress(message.payload);
    else this.finish(message.payload);
  }

  private readdress({ card, addresses }: { card: number; addresses: readonly string[] }): void {
    this.network?.networks.readdress(this.network.membership, card, addresses);
  }

  /** The first ending counts: a worker that is terminated reports an exit too. */
  private finish(ending: Ending): void {
    if (this.ending !== undefined) return;
    this.ending = ending;
    const isAbrupt = ending.exit === undefined || 'signal' in ending.exit;
    this.leaving = this.network?.networks.leave(this.network.membership, isAbrupt);
    this.closeCalls(notRunning());
    // What is in the ring stays readable: the rings belong to both ends.
    void this.worker?.terminate();
    this.wakePump();
    this.wakeInput();
  }

  /** A consumer that throws ends the instance: nobody would see its output any more. */
  private async deliver(stream: OutputStream, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await this.consume(stream, bytes);
    } catch (error) {
      this.finish({ error: toErrorData(error) });
    }
  }

  private async pump(): Promise<void> {
    const frames = new FrameReader(this.output);
    for (let burst = 0; ; ) {
      const piece = frames.next(PUMP_CHUNK);
      if (piece !== undefined) {
        await this.deliver(piece.stream as OutputStream, piece.bytes);
        burst += piece.bytes.length;
        if (burst >= PUMP_BURST) {
          burst = 0;
          await setImmediate();
        }
      } else if (this.ending !== undefined) break;
      else if (this.output.sleepUntilBytes()) {
        await new Promise<void>((resolve) => {
          this.wakePump = resolve;
        });
      }
    }
    this.port.close();
    await this.leaving;
    this.setState(this.ending.error === undefined ? 'exited' : 'failed');
    this.resolveEnded(this.ending);
  }
}

const needsNetwork = ({ network, networks, forwards }: VmSpec): boolean =>
  network || (networks?.length ?? 0) > 0 || (forwards?.length ?? 0) > 0;

const notRunning = (): VmError => new VmError('instance.not-running', 'the instance is not running');

function workerFailure(thrown: unknown): VmErrorData {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const isMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return {
    code: isMemory ? 'instance.out-of-memory' : 'instance.internal',
    message: isMemory ? 'the emulator used up the memory of its thread' : error.message,
    details: {},
    ...(error.stack !== undefined && !isMemory ? { stack: error.stack } : {}),
  };
}

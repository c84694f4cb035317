/**
 * A manager in memory, for tests of the window: answers calls from handlers that a test gives, remembers what was asked, fires
 * events, and has streams whose other end is the test.
 */
import type { ApiClient, ConnectionState } from '../../../core/contract/client.ts';
import type { Params, Payload, Result } from '../../../core/contract/contract.ts';
import { VmError } from '../../../core/contract/errors.ts';
import type { ByteStream, StreamConsumer } from '../../../core/contract/streams.ts';
import type { VmApi, VmCallName, VmEventName } from '../../../core/contract/vm-api.ts';

export type FakeHandlers = {
  [K in VmCallName]?: (params: Params<VmApi[K]>) => Result<VmApi[K]> | Promise<Result<VmApi[K]>>;
};

/** A stream as the window sees it; `push` and `end` are the manager's side. */
export class FakeStream {
  readonly written: Uint8Array[] = [];
  isAborted = false;
  isClosed = false;
  private consumer: StreamConsumer | undefined;
  private readonly early: Uint8Array[] = [];
  private resolveEnded: (error: VmError | undefined) => void = () => {};
  readonly ended = new Promise<VmError | undefined>((resolve) => {
    this.resolveEnded = resolve;
  });

  consume(consumer: StreamConsumer): void {
    this.consumer = consumer;
    for (const bytes of this.early.splice(0)) void consumer(bytes);
  }
  push(bytes: Uint8Array | string): void {
    const data = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    if (this.consumer === undefined) this.early.push(data);
    else void this.consumer(data);
  }
  end(error?: VmError): void {
    this.resolveEnded(error);
  }
  async write(bytes: Uint8Array): Promise<void> {
    this.written.push(bytes);
  }
  get text(): string {
    return this.written.map((bytes) => new TextDecoder().decode(bytes)).join('');
  }
  close(): void {
    this.isClosed = true;
    this.resolveEnded(undefined);
  }
  abort(): void {
    this.isAborted = true;
    this.resolveEnded(undefined);
  }
}

export class FakeApi implements ApiClient {
  readonly asked: { name: string; params: unknown }[] = [];
  connection: ConnectionState = 'open';
  readonly streams = new Map<number, FakeStream>();
  private readonly handlers: FakeHandlers;
  private readonly listeners = new Map<string, Set<(payload: never) => void>>();
  private readonly watchers = new Set<(state: ConnectionState) => void>();
  private nextStream = 1;

  constructor(handlers: FakeHandlers = {}) {
    this.handlers = handlers;
  }

  readonly call: ApiClient['call'] = async (name, params) => {
    this.asked.push({ name, params });
    const handler = this.handlers[name] as ((params: unknown) => never) | undefined;
    if (handler === undefined) throw new VmError('contract.unknown-call', `no handler for ${name}`);
    return handler(params);
  };
  /** Parameters of the calls of one name, in order. */
  askedFor(name: VmCallName): unknown[] {
    return this.asked.filter((call) => call.name === name).map((call) => call.params);
  }

  on<E extends VmEventName>(event: E, listener: (payload: Payload<VmApi[E]>) => void): () => void {
    const listeners = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, listeners.add(listener as (payload: never) => void));
    return () => listeners.delete(listener as (payload: never) => void);
  }
  emit<E extends VmEventName>(event: E, payload: Payload<VmApi[E]>): void {
    for (const listener of this.listeners.get(event) ?? []) listener(payload as never);
  }
  listenerCount(event: VmEventName): number {
    return this.listeners.get(event)?.size ?? 0;
  }

  createStream(): { stream: number; end: FakeStream } {
    const stream = this.nextStream++;
    const end = new FakeStream();
    this.streams.set(stream, end);
    return { stream, end };
  }
  openStream(id: number): ByteStream {
    return this.streams.get(id) as unknown as ByteStream;
  }
  onConnection(listener: (state: ConnectionState) => void): () => void {
    this.watchers.add(listener);
    return () => this.watchers.delete(listener);
  }
  setConnection(state: ConnectionState): void {
    this.connection = state;
    for (const watcher of this.watchers) watcher(state);
  }
  close(): void {}
}

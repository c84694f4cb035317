/**
 * The asking end of a connection, the same for a browser, Electron's renderer and the command line. It connects again when
 * the connection breaks: calls that waited are rejected with `connection.lost`, streams end with it, listeners stay.
 */
import { type Client, connect, type Payload, type Response } from './contract.ts';
import { VmError } from './errors.ts';
import type { Channel } from './session.ts';
import { type ByteStream, StreamMux } from './streams.ts';
import type { VmApi, VmEventName } from './vm-api.ts';

export type ConnectionState = 'connecting' | 'open' | 'lost' | 'refused' | 'closed';

export interface ApiClient {
  /** `client.call('vm.start', { vm })`; rejects with a VmError. */
  readonly call: Client<VmApi>;
  /** Returns what ends the listening. */
  on<E extends VmEventName>(event: E, listener: (payload: Payload<VmApi[E]>) => void): () => void;
  /** The stream that a call has opened. */
  openStream(id: number): ByteStream;
  readonly connection: ConnectionState;
  /** Called at each change. After `open` that follows `lost`, read again what is shown. */
  onConnection(listener: (state: ConnectionState) => void): () => void;
  close(): void;
}

/** Makes one try to connect; resolves when messages can be sent. A rejection with `connection.refused` ends the tries. */
export type OpenChannel = () => Promise<Channel>;

const RETRY_MS = [100, 250, 500, 1000, 2000, 4000];

/** The pieces of a connection that is open. */
interface Link {
  channel: Channel;
  calls: ReturnType<typeof connect<VmApi>>;
  streams: StreamMux;
}

export function connectApi(open: OpenChannel, options: { retry: boolean } = { retry: true }): ApiClient {
  return new ChannelClient(open, options.retry);
}

class ChannelClient implements ApiClient {
  connection: ConnectionState = 'connecting';
  private readonly openChannel: OpenChannel;
  private readonly retry: boolean;
  private link: Promise<Link>;
  private current: Link | undefined;
  private attempt = 0;
  private readonly listeners = new Map<string, Set<(payload: never) => void>>();
  private readonly watchers = new Set<(state: ConnectionState) => void>();

  constructor(openChannel: OpenChannel, retry: boolean) {
    this.openChannel = openChannel;
    this.retry = retry;
    this.link = this.connect();
  }

  readonly call: Client<VmApi> = async (name, params) => (await this.link).calls.client(name, params);

  on<E extends VmEventName>(event: E, listener: (payload: Payload<VmApi[E]>) => void): () => void {
    const listeners = this.listeners.get(event) ?? new Set();
    if (listeners.size === 0) this.tell({ listen: event });
    this.listeners.set(event, listeners.add(listener as (payload: never) => void));
    return () => {
      listeners.delete(listener as (payload: never) => void);
      if (listeners.size === 0) this.tell({ ignore: event });
    };
  }

  openStream(id: number): ByteStream {
    if (this.current === undefined) throw lost();
    return this.current.streams.open(id);
  }

  onConnection(listener: (state: ConnectionState) => void): () => void {
    this.watchers.add(listener);
    return () => this.watchers.delete(listener);
  }

  close(): void {
    this.setState('closed');
    this.current?.channel.close();
  }

  private setState(state: ConnectionState): void {
    if (this.connection === state || this.connection === 'closed') return;
    this.connection = state;
    for (const watcher of [...this.watchers]) watcher(state);
  }

  private tell(message: object): void {
    this.current?.channel.send(JSON.stringify(message));
  }

  private connect(): Promise<Link> {
    const link = this.tryUntilOpen();
    // Who calls meanwhile sees the failure; nobody has to.
    link.catch(() => {});
    return link;
  }

  private async tryUntilOpen(): Promise<Link> {
    for (;;) {
      try {
        return this.attach(await this.openChannel());
      } catch (error) {
        const isRefused = error instanceof VmError && error.code === 'connection.refused';
        if (isRefused || !this.retry || this.connection === 'closed') {
          this.setState(isRefused ? 'refused' : 'lost');
          throw error;
        }
        this.setState('lost');
        const delayMs = RETRY_MS[Math.min(this.attempt++, RETRY_MS.length - 1)]!;
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    }
  }

  private attach(channel: Channel): Link {
    const calls = connect<VmApi>((request) => channel.send(JSON.stringify(request)));
    const streams = new StreamMux((frame) => channel.send(frame), true);
    const link = { channel, calls, streams };
    channel.onMessage = (message) => {
      if (typeof message === 'string') this.receive(link, JSON.parse(message));
      else streams.accept(message);
    };
    channel.onClose = () => this.lose(link);
    this.current = link;
    this.attempt = 0;
    for (const [event, listeners] of this.listeners) if (listeners.size > 0) this.tell({ listen: event });
    this.setState('open');
    return link;
  }

  private receive(link: Link, message: Response | { event: string; payload: never }): void {
    if ('id' in message) link.calls.accept(message);
    else for (const listener of [...(this.listeners.get(message.event) ?? [])]) listener(message.payload);
  }

  private lose(link: Link): void {
    if (this.current !== link) return;
    this.current = undefined;
    const isClosed = this.connection === 'closed';
    if (!isClosed && this.retry) this.link = this.connect();
    else {
      this.link = Promise.reject(lost());
      this.link.catch(() => {});
    }
    this.setState('lost');
    link.calls.close(lost());
    link.streams.closeAll(lost());
  }
}

const lost = (): VmError => new VmError('connection.lost', 'the connection to the manager is lost');

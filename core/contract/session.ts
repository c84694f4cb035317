/**
 * The answering end of one connection: validates requests, runs handlers (they may take their time), sends the events that
 * the client listens to, and carries streams. Messages are JSON texts and binary frames (streams.ts):
 *
 *   client → manager   { id, call, params } · { listen: event } · { ignore: event } · frames
 *   manager → client   { id, ok, result | error } · { event, payload } · frames
 */

import * as z from 'zod/mini';
import { type AsyncHandlers, type Contract, type Request, type Response, serveAsync, validate } from './contract.ts';
import { VmError } from './errors.ts';
import { StreamMux } from './streams.ts';

/** One side of a connection, whatever carries it. The owner sets `onMessage` and `onClose` before messages come. */
export interface Channel {
  send(message: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
  onMessage: (message: string | Uint8Array) => void;
  onClose: () => void;
}

/** What a handler knows of who asks. */
export interface CallContext {
  readonly streams: StreamMux;
}

const Message = z.union([
  z.object({ id: z.int(), call: z.string(), params: z.unknown() }),
  z.object({ listen: z.string() }),
  z.object({ ignore: z.string() }),
]);

export class Session<C extends Contract> {
  readonly streams: StreamMux;
  private readonly channel: Channel;
  private readonly contract: C;
  private readonly answer: (request: Request, context: CallContext) => Promise<Response>;
  private readonly listening = new Set<string>();
  private isOpen = true;

  constructor(channel: Channel, contract: C, handlers: AsyncHandlers<C, CallContext>, onClosed: () => void = () => {}) {
    this.channel = channel;
    this.contract = contract;
    this.answer = serveAsync(contract, handlers);
    this.streams = new StreamMux((frame) => this.channel.send(frame), false);
    channel.onMessage = (message) => this.receive(message);
    channel.onClose = () => {
      this.isOpen = false;
      this.streams.closeAll(new VmError('connection.lost', 'the connection to the client is gone'));
      onClosed();
    };
  }

  /** Sends an event when the client listens to it. */
  post(event: string, payload: unknown): void {
    if (this.isOpen && this.listening.has(event)) this.channel.send(JSON.stringify({ event, payload }));
  }
  hears(event: string): boolean {
    return this.isOpen && this.listening.has(event);
  }

  private receive(message: string | Uint8Array): void {
    try {
      if (typeof message === 'string') this.receiveText(message);
      else this.streams.accept(message);
    } catch (error) {
      // A client that doesn't speak the protocol is cut off; others are not concerned.
      if (!(error instanceof VmError || error instanceof SyntaxError)) throw error;
      this.channel.close();
    }
  }

  private receiveText(text: string): void {
    const message = validate(Message, JSON.parse(text), 'message');
    if ('listen' in message) {
      if (this.contract[message.listen]?.kind === 'event') this.listening.add(message.listen);
    } else if ('ignore' in message) this.listening.delete(message.ignore);
    else void this.respond(message);
  }

  private async respond(request: Request): Promise<void> {
    const response = await this.answer(request, { streams: this.streams });
    if (this.isOpen) this.channel.send(JSON.stringify(response));
  }
}

/**
 * Typed contracts: a contract is a record of calls and events with their schemas, from which both ends are derived.
 * `serve` makes the dispatcher of one end, `connect` the client of the other; what travels between them is plain data
 * (structured clone). Errors cross as `{ ok: false, error }` and are rebuilt.
 */
import * as z from 'zod/mini';
import type { VmErrorData } from './errors.ts';
import { toErrorData, VmError } from './errors.ts';

type Schema = z.core.$ZodType;

export interface Call<P extends Schema, R> {
  readonly kind: 'call';
  /** One line for people: help texts and the API page. */
  readonly summary: string;
  readonly params: P;
  /** Type of the result only: results come from our own code. */
  readonly result?: R;
}
export interface ContractEvent<T> {
  readonly kind: 'event';
  readonly summary: string;
  readonly payload?: T;
}

// biome-ignore lint/suspicious/noExplicitAny: stands for every parameter and result type
type AnyEntry = Call<any, any> | ContractEvent<any>;
export type Contract = Readonly<Record<string, AnyEntry>>;

/** A request with validated parameters. The result type is given by the caller: `call<Stats>()('...', Params)`. */
export const call =
  <R>() =>
  <P extends Schema>(summary: string, params: P): Call<P, R> => ({ kind: 'call', summary, params });
/** Something that happened. */
export const event = <T>(summary: string): ContractEvent<T> => ({ kind: 'event', summary });
/** Parameters of a call that has none. */
export const Nothing = z.object({});

export type Params<E> = E extends Call<infer P, unknown> ? z.infer<P> : never;
export type Result<E> = E extends Call<Schema, infer R> ? R : never;
export type Payload<E> = E extends ContractEvent<infer T> ? T : never;
export type CallNames<C> = { [K in keyof C]: C[K] extends { kind: 'call' } ? K : never }[keyof C] & string;
export type EventNames<C> = { [K in keyof C]: C[K] extends { kind: 'event' } ? K : never }[keyof C] & string;

export type Handlers<C> = { [K in CallNames<C>]: (params: Params<C[K]>) => Result<C[K]> };
/** Handlers that may take their time and know who asks. */
export type AsyncHandlers<C, Context> = {
  [K in CallNames<C>]: (params: Params<C[K]>, context: Context) => Result<C[K]> | Promise<Result<C[K]>>;
};
export type Client<C> = <K extends CallNames<C>>(name: K, params: Params<C[K]>) => Promise<Result<C[K]>>;

export interface Request {
  id: number;
  call: string;
  params: unknown;
}
export type Response = { id: number; ok: true; result: unknown } | { id: number; ok: false; error: VmErrorData };
/** An event as it travels. */
export type EventOf<C> = { [K in EventNames<C>]: { event: K; payload: Payload<C[K]> } }[EventNames<C>];

/** Answers requests of a contract: validates, calls the handler, wraps what it throws. */
export function serve<C extends Contract>(contract: C, handlers: Handlers<C>): (request: Request) => Response {
  return ({ id, call: name, params }) => {
    try {
      const entry = contract[name];
      if (entry?.kind !== 'call') throw new VmError('contract.unknown-call', `there is no call "${name}"`);
      const handler = (handlers as Record<string, (params: unknown) => unknown>)[name]!;
      return { id, ok: true, result: handler(validate(entry.params, params, name)) };
    } catch (error) {
      return { id, ok: false, error: toErrorData(error) };
    }
  };
}

/** The same for handlers that may take their time. Never rejects. */
export function serveAsync<C extends Contract, Context>(contract: C, handlers: AsyncHandlers<C, Context>) {
  return async ({ id, call: name, params }: Request, context: Context): Promise<Response> => {
    try {
      const entry = Object.hasOwn(contract, name) ? contract[name] : undefined;
      if (entry?.kind !== 'call') throw new VmError('contract.unknown-call', `there is no call "${name}"`);
      const handler = (handlers as Record<string, (params: unknown, context: Context) => unknown>)[name]!;
      return { id, ok: true, result: await handler(validate(entry.params, params, name), context) };
    } catch (error) {
      return { id, ok: false, error: toErrorData(error) };
    }
  };
}

/** The value when it fits the schema, else a VmError that says where it doesn't. */
export function validate<S extends Schema>(schema: S, value: unknown, what: string): z.infer<S> {
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? what : `${what}: ${issue.path.join('.')}`;
  throw new VmError('contract.malformed', `${where}: ${issue?.message ?? 'not what was expected'}`);
}

/** The calling end: sends requests and matches the responses given to `accept`. */
export function connect<C extends Contract>(send: (request: Request) => void) {
  let nextId = 1;
  const pending = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  const client: Client<C> = (name, params) =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      pending.set(id, { resolve, reject });
      send({ id, call: name, params });
    });
  return {
    client,
    accept(response: Response): void {
      const waiting = pending.get(response.id);
      pending.delete(response.id);
      if (response.ok) waiting?.resolve(response.result as never);
      else waiting?.reject(VmError.from(response.error));
    },
    /** Rejects everything still waiting: the other end is gone. */
    close(error: VmError): void {
      for (const { reject } of pending.values()) reject(error);
      pending.clear();
    },
  };
}

/**
 * Forwards: ports of the host that lead to a guest. A server socket of the host for each; what it accepts becomes a
 * connection of the virtual network, whose refusal, end or reset passes back to the client.
 */
import { createSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { VmError } from '../../contract/errors.ts';
import type { Address } from '../../net/address.ts';
import { isV4 } from '../../net/address.ts';
import { formatEndpoint, parseAddress } from '../../net/address-text.ts';
import { PROTOCOL_UDP } from '../../net/transport.ts';
import type { WireStream } from '../../net/wire-stream.ts';
import { rewrap } from './door.ts';
import type { Gateway } from './gateway.ts';
import { endpointOf, forwardKey } from './nat.ts';
import type { SocketPump } from './socket-pump.ts';

export interface ForwardTarget {
  /** Address of the guest, asked for each time: it may change. */
  readonly address: () => Address | undefined;
  readonly port: number;
}

export interface ForwardPlace {
  /** Host address to listen at. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

export interface Forward {
  /** The host's port that it has. */
  readonly port: number;
  close(): void;
}

const BACKLOG = 511;
/** Clients of a UDP forward that answers can go to; the one that was silent longest makes room. */
const MAX_CLIENTS = 1024;
/** What the socket may hold that the host has not taken yet. */
const MAX_QUEUED = 1 << 18;

/** Listens. Throws VmError `net.port-taken`, `net.port-privileged` or `net.address-unusable`. */
export async function openForward(gateway: Gateway, place: ForwardPlace, target: ForwardTarget): Promise<Forward> {
  return place.protocol === 'tcp' ? openTcp(gateway, place, target) : openUdp(gateway, place, target);
}

function listenError(error: NodeJS.ErrnoException, { address, port, protocol }: ForwardPlace): VmError {
  const host = parseAddress(address);
  const name = host === undefined ? `${address}:${port}` : formatEndpoint({ host, port });
  const details = { address, port, protocol };
  switch (error.code) {
    case 'EADDRINUSE':
      return new VmError(
        'net.port-taken',
        `port ${port} (${name}/${protocol}) of this computer is taken by another program; choose another, or "auto"`,
        details,
        error,
      );
    case 'EACCES':
      return new VmError(
        'net.port-privileged',
        `port ${port} (${name}/${protocol}) needs more rights than you have; choose one from 1024 up, or "auto"`,
        details,
        error,
      );
    case 'EADDRNOTAVAIL':
    case 'EINVAL':
      return new VmError(
        'net.address-unusable',
        `this computer has no address ${address} to forward from; leave it out for 127.0.0.1`,
        details,
        error,
      );
    default:
      return new VmError(
        'net.address-unusable',
        `cannot listen at ${name}/${protocol}: ${error.message}`,
        details,
        error,
      );
  }
}

async function openTcp(gateway: Gateway, place: ForwardPlace, target: ForwardTarget): Promise<Forward> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    accept(gateway, socket, target);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, place)));
    server.listen({ host: place.address, port: place.port, backlog: BACKLOG, exclusive: true }, resolve);
  });
  // A client that is gone before it is accepted, or a host without free descriptors: the forward itself lives on.
  server.on('error', () => {});
  return { port: portOf(server), close: () => void server.close() };
}

const portOf = (server: Server): number => (server.address() as { port: number }).port;

function accept(gateway: Gateway, socket: Socket, target: ForwardTarget): void {
  socket.on('error', () => {});
  const host = target.address();
  const { remoteAddress, remotePort } = socket;
  if (host === undefined || remoteAddress === undefined || remotePort === undefined) {
    socket.resetAndDestroy();
    return;
  }
  const client = endpointOf({ address: remoteAddress, port: remotePort });
  const stream = gateway.connect(client, { host, port: target.port });
  const start = (): void => {
    if (stream.state === 'open') adopt(gateway.pump(stream as WireStream), socket);
    else if (stream.state === 'ended') socket.resetAndDestroy();
  };
  socket.on('close', () => {
    if (stream.state === 'connecting') stream.reset();
  });
  stream.onChange = start;
  start();
}

async function openUdp(gateway: Gateway, place: ForwardPlace, target: ForwardTarget): Promise<Forward> {
  const host = parseAddress(place.address);
  const socket = createSocket({ type: host !== undefined && isV4(host) ? 'udp4' : 'udp6', reuseAddr: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => reject(listenError(error as NodeJS.ErrnoException, place)));
    socket.bind({ address: place.address, port: place.port, exclusive: true }, resolve);
  });
  socket.on('error', () => {});
  const clients = new Set<string>();
  socket.on('message', (bytes, info) => {
    const guest = target.address();
    if (guest === undefined) return;
    const to = { host: guest, port: target.port };
    const client = gateway.visible(endpointOf(info));
    addClient(gateway, clients, forwardKey(to, client), (answer) => {
      if (socket.getSendQueueSize() < MAX_QUEUED) socket.send(answer.slice(), info.port, info.address);
    });
    gateway.station.send({ protocol: PROTOCOL_UDP, from: client, to, bytes, hops: 64, trafficClass: 0 });
  });
  return {
    port: socket.address().port,
    close() {
      for (const key of clients) gateway.natPort.forwards.delete(key);
      socket.close();
    },
  };
}

/** Answers of the guest to that client go out by `answer`. */
function addClient(gateway: Gateway, clients: Set<string>, key: string, answer: (bytes: Uint8Array) => void): void {
  const { forwards } = gateway.natPort;
  clients.delete(key);
  clients.add(key);
  forwards.set(key, answer);
  if (clients.size <= MAX_CLIENTS) return;
  const oldest = clients.values().next().value!;
  clients.delete(oldest);
  forwards.delete(oldest);
}

/** Joins a socket that the server has accepted to its stream. */
function adopt(pump: SocketPump, accepted: Socket): void {
  pump.begin(rewrap(accepted, pump.onread));
}

/**
 * `elfdeck serve`: the window and the contract over http and WebSocket, for this computer's user only. It listens on the loopback,
 * takes requests for its own name only, gives nothing to who has no session, and allows no other site anything (no CORS).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { VmError } from '../contract/errors.ts';
import type { Channel } from '../contract/session.ts';
import { API_VERSION } from '../contract/vm-api.ts';
import { CLOSE_REFUSED } from '../contract/web-socket.ts';
import { hostReason } from '../host/services.ts';
import { isOwnHost, isOwnOrigin } from './origin.ts';
import { Sessions } from './sessions.ts';
import { StaticFiles } from './static-files.ts';

const ADDRESS = '127.0.0.1';
/** Requests are small: streams go in pieces. */
const MAX_MESSAGE = 1 << 22;

export interface WebServerOptions {
  /** 0 for any that is free. */
  port: number;
  /** Folder of the built renderer. */
  renderer: string;
  /** Takes each client that is let in. */
  connect(channel: Channel): void;
}

export class WebServer {
  private readonly options: WebServerOptions;
  private readonly files: StaticFiles;
  private readonly http: Server;
  private readonly sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE, perMessageDeflate: false });
  private sessions = new Sessions(0);

  constructor(options: WebServerOptions) {
    this.options = options;
    this.files = new StaticFiles(options.renderer);
    this.http = createServer((request, response) => this.answer(request, response));
    this.http.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', (error: NodeJS.ErrnoException) => {
        const hint = error.code === 'EADDRINUSE' ? '; choose another with --port, or 0 for any that is free' : '';
        const message = `cannot listen at ${ADDRESS}:${this.options.port}: ${hostReason(error)}${hint}`;
        reject(new VmError('serve.failed', message, { port: this.options.port }, error));
      });
      this.http.listen(this.options.port, ADDRESS, resolve);
    });
    this.sessions = new Sessions(this.port);
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }
  /** An address that lets one browser in, once. */
  createUrl(): string {
    return `http://${ADDRESS}:${this.port}/open?token=${this.sessions.createToken()}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets.clients) socket.close(1001, 'the server ends');
    this.sockets.close();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { host, cookie } = request.headers;
    const refusal = this.refusalOf(request);
    if (refusal !== undefined) {
      plain(response, ...refusal);
      return;
    }
    const url = new URL(request.url ?? '/', `http://${host}`);
    if (url.pathname === '/open') this.open(url.searchParams.get('token') ?? '', cookie, response);
    else if (!this.sessions.isKnown(cookie)) plain(response, 401, NO_SESSION);
    else if (!this.files.isThere) plain(response, 503, 'The window is not built yet. Run "npm run build" and reload.');
    else this.sendFile(decodePath(url.pathname), request, response);
  }

  private refusalOf({ headers, method }: IncomingMessage): [status: number, text: string] | undefined {
    const { host, origin } = headers;
    if (!isOwnHost(host) || !isOwnOrigin(origin, host)) return [403, 'This address is for this computer only.'];
    return method === 'GET' || method === 'HEAD' ? undefined : [405, 'Only GET is possible.'];
  }

  private sendFile(path: string | undefined, request: IncomingMessage, response: ServerResponse): void {
    const file = path === undefined ? undefined : this.files.get(path);
    if (file === undefined) {
      plain(response, 404, 'There is no such page.');
      return;
    }
    response.writeHead(200, {
      ...securityHeaders(request.headers.host ?? ''),
      'Content-Type': file.type,
      'Content-Length': file.body.length,
      'Cache-Control': file.isHashed ? 'private, max-age=31536000, immutable' : 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : file.body);
  }

  private open(token: string, cookie: string | undefined, response: ServerResponse): void {
    const session = this.sessions.redeem(token);
    // A second click on the same link of who is in already does no harm.
    if (session === undefined && !this.sessions.isKnown(cookie)) {
      plain(response, 401, NO_SESSION);
      return;
    }
    const headers = session === undefined ? {} : { 'Set-Cookie': session };
    response.writeHead(303, {
      Location: '/',
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      ...headers,
    });
    response.end();
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { host, origin, cookie } = request.headers;
    const isOurs = isOwnHost(host) && origin !== undefined && isOwnOrigin(origin, host);
    if (!isOurs || new URL(request.url ?? '/', `http://${host}`).pathname !== '/api') {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    const isKnown = this.sessions.isKnown(cookie);
    this.sockets.handleUpgrade(request, socket, head, (webSocket) => {
      if (!isKnown) webSocket.close(CLOSE_REFUSED, 'this browser is not let in');
      else this.accept(webSocket);
    });
  }

  private accept(socket: WebSocket): void {
    socket.binaryType = 'nodebuffer';
    const channel: Channel = {
      send: (message) => socket.send(message),
      close: () => socket.close(1002, 'protocol error'),
      onMessage: () => {},
      onClose: () => {},
    };
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      channel.onMessage(isBinary ? new Uint8Array(data) : data.toString('utf8'));
    });
    socket.on('close', () => channel.onClose());
    // What is wrong with a client's frames ends its connection, which `close` tells.
    socket.on('error', () => {});
    socket.send(JSON.stringify({ hello: API_VERSION }));
    this.options.connect(channel);
  }
}

const NO_SESSION =
  'This browser is not let in. Open the address that "elfdeck serve" printed, or get a new one with "elfdeck open".';

/** Only our own files, no inline script, no frame, no form, no plugin. xterm.js and Vue set styles on elements. */
function securityHeaders(host: string): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src 'self' ws://${host}`,
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), payment=()',
  };
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'",
  });
  response.end(`${text}\n`);
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/**
 * Gets a file by http(s), in pieces if need be: what has come is kept in `PATH.part` with its ETag, and a later try goes on from there
 * (RFC 9110: Range, If-Range). The proxy is the setting's, else that of the environment (HTTPS_PROXY, NO_PROXY).
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { VmError } from '../../contract/errors.ts';
import { readText, syncFile, writeAll, writeFileAtomic } from '../store/atomic.ts';

const MAX_REDIRECTS = 5;
const IDLE_MS = 30_000;
const MAX_BYTES = 16 * 2 ** 30;

export interface DownloadOptions {
  signal: AbortSignal;
  onProgress(doneBytes: number, totalBytes: number | undefined): void;
  /** Empty for that of the environment. */
  proxy: string;
  /** Hex. */
  sha256?: string | undefined;
}

/** Leaves the whole file at `path`, or throws and leaves what has come for the next try. */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  const part = `${path}.part`;
  const tagFile = `${part}.etag`;
  const have = existsSync(part) ? statSync(part).size : 0;
  const tag = have > 0 ? readText(tagFile) : undefined;
  const headers: Record<string, string> = { 'User-Agent': 'elfdeck', 'Accept-Encoding': 'identity' };
  if (tag !== undefined) Object.assign(headers, { Range: `bytes=${have}-`, 'If-Range': tag });
  const response = await request(url, headers, options, 0);
  const isRest = response.statusCode === 206 && rangeStart(response) === have;
  if (response.statusCode !== 200 && !isRest) {
    response.destroy();
    // What is here is longer than what is there, or of something else: begin anew.
    if (response.statusCode === 416) {
      rmSync(part, { force: true });
      rmSync(tagFile, { force: true });
    }
    throw unreachable(url, `the server answers ${response.statusCode} ${response.statusMessage ?? ''}`.trim());
  }
  const start = isRest ? have : 0;
  const { etag } = response.headers;
  if (etag === undefined || etag.startsWith('W/')) rmSync(tagFile, { force: true });
  else writeFileAtomic(tagFile, etag);
  await receive(url, response, part, start, options);
  rmSync(tagFile, { force: true });
  await check(part, path, options.sha256);
}

function rangeStart(response: IncomingMessage): number {
  return Number(/^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1] ?? -1);
}

async function receive(
  url: string,
  response: IncomingMessage,
  part: string,
  start: number,
  { signal, onProgress }: DownloadOptions,
): Promise<void> {
  const length = response.headers['content-length'];
  const total = length === undefined ? undefined : start + Number(length);
  let done = start;
  response.setTimeout(IDLE_MS, () => response.destroy(unreachable(url, `nothing came for ${IDLE_MS / 1000} s`)));
  // Written as it comes: what a broken connection leaves in buffers would be lost to the next try.
  const fd = openSync(part, start > 0 ? 'a' : 'w', 0o600);
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      done += piece.length;
      if (done > MAX_BYTES) throw new VmError('archive.refused', `${url} is too large`);
      writeAll(fd, piece);
      onProgress(done, total);
    }
  } catch (error) {
    if (error instanceof VmError || signal.aborted) throw error;
    throw unreachable(url, (error as Error).message, error);
  } finally {
    closeSync(fd);
  }
  if (total !== undefined && done !== total) throw unreachable(url, `only ${done} of ${total} bytes came`);
}

async function check(part: string, path: string, expected: string | undefined): Promise<void> {
  syncFile(part);
  if (expected !== undefined) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(part), hash);
    const actual = hash.digest('hex');
    if (actual !== expected.toLowerCase()) {
      rmSync(part);
      throw new VmError(
        'catalog.checksum',
        `the download has the checksum ${actual}, not ${expected}; it was thrown away`,
        { actual, expected },
      );
    }
  }
  renameSync(part, path);
}

/** A response whose redirects were followed: never from https to http. */
async function request(
  url: string,
  headers: Record<string, string>,
  options: DownloadOptions,
  redirects: number,
): Promise<IncomingMessage> {
  const target = parseUrl(url);
  const response = await ask(target, headers, options);
  const { location } = response.headers;
  if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) return response;
  response.destroy();
  if (redirects >= MAX_REDIRECTS) throw unreachable(url, 'it is redirected too often');
  const next = new URL(location, target);
  if (target.protocol === 'https:' && next.protocol !== 'https:')
    throw unreachable(url, 'it is redirected to an address without encryption');
  return request(next.href, headers, options, redirects + 1);
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  const isLocal = url !== null && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url === null || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)))
    throw new VmError('catalog.unreachable', `"${text}" is no https address`, { url: text });
  return url;
}

function ask(url: URL, headers: Record<string, string>, { signal, proxy }: DownloadOptions): Promise<IncomingMessage> {
  const isSecure = url.protocol === 'https:';
  const proxyEnv =
    proxy === '' ? process.env : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: process.env.NO_PROXY };
  const agentOptions = { proxyEnv, timeout: IDLE_MS };
  const agent = isSecure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  return new Promise((resolve, reject) => {
    const sent = (isSecure ? httpsGet : httpGet)(
      url,
      { headers, agent: agent as HttpsAgent, signal, timeout: IDLE_MS },
      resolve,
    );
    sent.on('timeout', () => sent.destroy(new Error(`no answer for ${IDLE_MS / 1000} s`)));
    sent.on('error', (error) => reject(signal.aborted ? error : unreachable(url.href, reasonOf(error), error)));
  });
}

/** An error of several tries has no message of its own. */
const reasonOf = (error: Error & { code?: string; errors?: Error[] }): string =>
  error.message || (error.errors?.[0]?.message ?? error.code ?? 'no answer');

const unreachable = (url: string, why: string, cause?: unknown): VmError =>
  new VmError(
    'catalog.unreachable',
    `cannot get ${url}: ${why}; check the address, the network and the proxy setting`,
    { url },
    cause,
  );

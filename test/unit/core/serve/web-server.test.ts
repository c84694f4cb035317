import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { Channel } from '../../../../core/contract/session.ts';
import { WebServer } from '../../../../core/serve/web-server.ts';

const renderer = mkdtempSync(join(tmpdir(), 'elfdeck-renderer-'));
mkdirSync(join(renderer, 'assets'));
writeFileSync(join(renderer, 'index.html'), '<!doctype html>page');
writeFileSync(join(renderer, 'assets/main-abcdefgh.js'), 'run()');
afterAll(() => rmSync(renderer, { recursive: true }));

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

let server: WebServer;
let channels: Channel[];
beforeEach(async () => {
  channels = [];
  server = new WebServer({ port: 0, renderer, connect: (channel) => channels.push(channel) });
  await server.listen();
});
afterEach(() => server.close());

/** Plain requests: fetch would not let us choose Host and Origin. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path, method, headers };
    const request = httpRequest(options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', reject);
    request.end();
  });
}

async function letIn(): Promise<string> {
  const { pathname, search } = new URL(server.createUrl());
  const { headers } = await get(pathname + search);
  return String(headers['set-cookie']).split(';')[0]!;
}

/** The close code, or the first message. */
function socket(headers: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    const client = new WebSocket(`ws://127.0.0.1:${server.port}/api`, { headers });
    client.on('message', (data) => {
      resolve(String(data));
      client.close();
    });
    client.on('close', (code) => resolve(`closed ${code}`));
    client.on('error', (error) => resolve(error.message));
  });
}

describe('web server', () => {
  it('lets a token in once and keeps the session in a cookie that no script reads', async () => {
    const { pathname, search } = new URL(server.createUrl());
    const first = await get(pathname + search);
    expect([first.status, first.headers.location]).toEqual([303, '/']);
    expect(String(first.headers['set-cookie'])).toMatch(/^elfdeck-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
    expect((await get(pathname + search)).status).toBe(401);
    const cookie = String(first.headers['set-cookie']).split(';')[0]!;
    expect((await get('/', { cookie })).body).toBe('<!doctype html>page');
    expect((await get('/', { cookie: `${cookie}x` })).status).toBe(401);
    expect((await get('/')).status).toBe(401);
    expect((await get('/open?token=guess')).status).toBe(401);
  });

  it('answers to its own name and origin only', async () => {
    const cookie = await letIn();
    const own = `http://127.0.0.1:${server.port}`;
    expect((await get('/', { cookie, host: 'evil.example' })).status).toBe(403);
    expect((await get('/', { cookie, host: '127.0.0.1.evil.example' })).status).toBe(403);
    expect((await get('/', { cookie, origin: 'http://evil.example' })).status).toBe(403);
    expect((await get('/', { cookie, origin: 'null' })).status).toBe(403);
    expect((await get('/', { cookie, host: 'localhost:9000' })).status).toBe(200);
    expect((await get('/', { cookie }, 'POST')).status).toBe(405);
    expect((await get('/', { cookie }, 'OPTIONS')).headers['access-control-allow-origin']).toBeUndefined();
    expect(await socket({ cookie, origin: own })).toBe('{"hello":1}');
    expect(await socket({ cookie })).toBe('Unexpected server response: 403');
    expect(await socket({ cookie, origin: 'http://evil.example' })).toBe('Unexpected server response: 403');
    expect(await socket({ origin: own })).toBe('closed 4401');
    expect(channels.length).toBe(1);
  });

  it('serves files of the window only, under a strict policy', async () => {
    const cookie = await letIn();
    for (const path of ['/console/web.v2', '/instances/web.js/network', '/networks'])
      expect((await get(path, { cookie })).body).toBe('<!doctype html>page');
    const page = await get('/console/web', { cookie });
    expect(page.body).toBe('<!doctype html>page');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).not.toContain('unsafe-eval');
    const script = await get('/assets/main-abcdefgh.js', { cookie });
    expect([script.body, script.headers['cache-control']]).toEqual(['run()', 'private, max-age=31536000, immutable']);
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/assets/..%2findex.js', '/%00.js', '/%ff.js']) {
      expect((await get(path, { cookie })).status).toBe(404);
    }
  });

  it('says when its port is taken', async () => {
    const second = new WebServer({ port: server.port, renderer, connect: () => {} });
    await expect(second.listen()).rejects.toThrow(/choose another with --port/);
  });
});

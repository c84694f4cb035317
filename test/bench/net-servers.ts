/**
 * Measures a server that runs one way, with a client that runs natively on the same machine:
 * `node net-servers.ts LOAD RUNNER SECONDS [--jit MODE]` prints JSON: operations per second (bytes for `nginx-large`), and CPU
 * time of the whole server process for each. net-figures.ts starts it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { workFolder } from './programs.ts';
import { cacheFolder, elfdeckCommand, qemuCommand, type RunnerName } from './runners.ts';

interface Load {
  /** Program and arguments; it listens at `port`. */
  server(port: number): string[];
  /** Folder of the host that the guest has at the same path, writable. */
  folder: string;
  /** Prints what `rate` reads. Runs for about so long. */
  client(port: number, seconds: number): string[];
  rate(output: string): number;
}

/** Below the ephemeral ports, so that nobody has taken it by chance. */
const PORT = 21_379;
const folder = join(workFolder, 'served');
const LARGE_BYTES = 1 << 20;
/** Expected rates, for clients that are told how much to do; the slowest way takes some seconds. */
const REDIS_RATE = 5000;

function redis(pipeline: number): Load {
  return {
    folder,
    server: (port) => [
      '/usr/bin/redis-server',
      '--save',
      '',
      '--port',
      `${port}`,
      '--bind',
      '0.0.0.0',
      '--protected-mode',
      'no',
      '--dir',
      folder,
    ],
    client: (port, seconds) => [
      ...['redis-benchmark', '-p', `${port}`, '-q', '-c', '50', '-P', `${pipeline}`, '-t', 'get'],
      ...['-n', `${Math.round(REDIS_RATE * Math.sqrt(pipeline) * seconds)}`],
    ],
    rate: (output) =>
      Number(/([\d.]+) requests per second[^\n]*\n?$/.exec(output.replaceAll('\r', '\n').trimEnd())![1]),
  };
}

function nginx(path: string, connections: number, bytes: number): Load {
  return {
    folder,
    server: (port) => {
      writeFileSync(join(folder, 'nginx.conf'), nginxConfig(port));
      writeFileSync(join(folder, 'small.html'), 'x'.repeat(612));
      writeFileSync(join(folder, 'large.bin'), Buffer.alloc(LARGE_BYTES, 'large'));
      return ['/usr/sbin/nginx', '-c', join(folder, 'nginx.conf')];
    },
    client: (port, seconds) => ['wrk', '-t1', `-c${connections}`, `-d${seconds}`, `http://127.0.0.1:${port}/${path}`],
    rate: (output) => Number(/Requests\/sec:\s+([\d.]+)/.exec(output)![1]) * bytes,
  };
}

const nginxConfig = (port: number): string => `daemon off; master_process off; error_log stderr; pid ${folder}/pid;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; keepalive_requests 1000000;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen ${port}; root ${folder}; }
}
`;

const loads: Readonly<Record<string, Load>> = {
  'redis-1': redis(1),
  'redis-16': redis(16),
  'nginx-small': nginx('small.html', 16, 1),
  'nginx-large': nginx('large.bin', 4, LARGE_BYTES),
};

function commandOf(runner: RunnerName, words: readonly string[], options: readonly string[]): string[] {
  if (runner === 'native') return [...words];
  if (runner === 'qemu') return [qemuCommand!, ...words];
  return [
    ...[process.execPath, elfdeckCommand, 'run', '--quiet', '-n', '-p', `${PORT}:${PORT}`, '-r', '/:ro'],
    ...['-v', `${folder}:${folder}`, ...options, '--', ...words],
  ];
}

/** CPU time of a process with all its threads, in microseconds. */
function cpuUs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/.*\) /s, '').split(' ');
  const TICK_US = 10_000;
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Resolves once the server answers: a forward takes connections before its guest does. */
async function answers(server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error('the server has ended');
    const hasAnswered = await new Promise<boolean>((resolve) => {
      const socket = connect(PORT, '127.0.0.1', () => socket.write('PING\r\n\r\n'));
      socket.once('data', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
    });
    if (hasAnswered) return;
    await setTimeout(100);
  }
}

function runClient({ client, rate }: Load, seconds: number): number {
  const [program, ...words] = client(PORT, seconds);
  const { status, stdout, stderr } = spawnSync(program!, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
  return rate(stdout);
}

const [name, runner, secondsText, ...options] = process.argv.slice(2);
const load = loads[name!]!;
const seconds = Number(secondsText);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const [program, ...words] = commandOf(runner as RunnerName, load.server(PORT), options);
const server = spawn(program!, words, {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, ELFDECK_CACHE_DIR: cacheFolder, ELFDECK_HOME: join(workFolder, 'home') },
});
try {
  await answers(server);
  // The first round lets the server warm up.
  runClient(load, seconds);
  const before = cpuUs(server.pid!);
  const startMs = performance.now();
  const rate = runClient(load, seconds);
  const operations = (rate * (performance.now() - startMs)) / 1000;
  console.log(JSON.stringify({ rate, cpuUs: (cpuUs(server.pid!) - before) / operations }));
} finally {
  server.kill('SIGKILL');
}

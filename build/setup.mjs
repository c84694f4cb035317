/**
 * Behind every npm script: installs and builds what is missing, then runs the script's target on the pinned Node.
 * Runs on whatever Node npm came with (18 and up) before anything is installed, so it uses Node's own modules only.
 *
 *   node build/setup.mjs COMMAND [ARGS...]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Script of each command, and whether it needs the bundle and the built window. */
const commands = {
  start: { script: 'build/start.mjs', bundle: true, window: true },
  test: { script: 'build/test.mjs', bundle: true, window: true },
  check: { script: 'build/check.mjs', bundle: false },
  build: { script: 'build/build.mjs', bundle: false },
  bench: { script: 'test/bench/bench.ts', bundle: true },
  'coverage:isa': { script: 'test/diff/isa/coverage.ts', bundle: false },
  'bench:ui': { script: 'test/e2e/bench/bench-ui.ts', bundle: true, window: true },
  'test:electron': { script: 'build/test-electron.mjs', bundle: true, window: true },
  package: { script: 'build/package.mjs', bundle: true, window: true },
  'test:apps': { script: 'test/guest/apps/apps.ts', bundle: true },
};

/** True when node_modules holds what package-lock.json asks for on this platform. */
function isInstalled() {
  const installedLock = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedLock)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedLock, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || installed[path]?.version === version || (optional && !installed[path]),
  );
}

function install() {
  console.error('Installing the packages that the project needs (npm ci) ...');
  // npm names its own program in npm_execpath when it runs a script; that avoids a shell and works on Windows.
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ['ignore', 2, 2] })
    : spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status !== 0) fail('npm ci failed (see above); check the network connection and run the command again.');
}

/** The Node that package.json pins, else this one when it is recent enough. */
function pinnedNode() {
  const modules = join(root, 'node_modules');
  const packages = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).optionalDependencies);
  for (const name of packages) {
    for (const file of ['bin/node', 'bin/node.exe', 'node.exe']) {
      if (existsSync(join(modules, name, file))) return join(modules, name, file);
    }
  }
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath;
  return fail(
    `no Node 24 or newer for ${process.platform}-${process.arch} could be installed; install one and run again.`,
  );
}

/** Newest modification below `path`, in ms. */
function newestChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

/** What each build reads, and the file that it writes last. */
const builds = {
  bundle: {
    script: 'build/bundle.mjs',
    stamp: 'build/out/built',
    sources: ['core', 'electron', 'build/bundle.mjs', 'build/handlers.ts', 'package-lock.json'],
  },
  window: {
    script: 'build/renderer.mjs',
    stamp: 'build/out/renderer/index.html',
    sources: ['renderer', 'core/contract', 'core/base', 'build/vite.config.ts', 'package-lock.json'],
  },
};

function isBuilt({ stamp, sources }) {
  const built = join(root, stamp);
  if (!existsSync(built)) return false;
  return statSync(built).mtimeMs > Math.max(...sources.map((path) => newestChange(join(root, path))));
}

function run(node, script, args) {
  const { status, signal } = spawnSync(node, [join(root, script), ...args], { cwd: root, stdio: 'inherit' });
  if (signal) console.error(`${script} was ended by ${signal}.`);
  return status ?? 1;
}

function fail(message) {
  console.error(`elfdeck: ${message}`);
  process.exit(1);
}

const [name, ...args] = process.argv.slice(2);
const command = commands[name];
if (!command) fail(`no command "${name}"; there is: ${Object.keys(commands).join(', ')}`);
if (!isInstalled()) install();
const node = pinnedNode();
if (!existsSync(join(root, command.script))) fail(`${command.script} is not there yet: "${name}" has nothing to run.`);
for (const [part, build] of Object.entries(builds)) {
  if (command[part] && !isBuilt(build) && run(node, build.script, []) !== 0) fail('the build failed (see above).');
}
process.exit(run(node, command.script, args));

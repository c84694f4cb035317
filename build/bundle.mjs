/** Bundles the command line, the worker and the manager into build/out: few files to load keep the start-up short. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outdir = join(root, 'build/out');
// The window is a build of its own (build/renderer.mjs).
for (const name of existsSync(outdir) ? readdirSync(outdir) : []) {
  if (name !== 'renderer') rmSync(join(outdir, name), { recursive: true });
}

const common = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
  // Names stay, so that a crash report of ours names functions.
  keepNames: false,
  sourcemap: false,
  legalComments: 'none',
  logLevel: 'warning',
};

/** One module for all scripts of a process: it holds the worker that was started ahead. */
const sharedModule = {
  name: 'shared-module',
  setup({ onResolve }) {
    onResolve({ filter: /\/worker-thread\.ts$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path: './worker-thread.cjs', external: true },
    );
  },
};

/** What only some commands need is a file of its own, which they load. */
const lazyModule = {
  name: 'lazy-module',
  setup({ onResolve }) {
    onResolve({ filter: /\/managed\.ts$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path: './managed.cjs', external: true },
    );
  },
};

/** One file each is loaded without the module loader, which also would touch every lazy part of Node's modules. */
const commonJs = {
  ...common,
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  define: {
    'import.meta.dirname': '__dirname',
    'import.meta.filename': '__filename',
    ELFDECK_BUILD: JSON.stringify(sourceDigest()),
  },
  plugins: [sharedModule, lazyModule],
  // A script that runs from a cache can't import.
  supported: { 'dynamic-import': false },
};

// What Node itself starts.
await build({
  ...commonJs,
  entryPoints: {
    'script-cache': 'core/host/script-cache.ts',
    worker: 'core/host/worker.ts',
    'worker-thread': 'core/manager/worker-thread.ts',
    managed: 'core/cli/managed.ts',
  },
  // A native module, found by its package.
  external: ['@lydell/node-pty'],
});
// The desktop app: what Electron starts, and what it runs before each page.
await build({
  ...commonJs,
  entryPoints: { 'electron-main': 'electron/main.ts', 'electron-preload': 'electron/preload.ts' },
  external: ['electron', 'electron-updater', '@lydell/node-pty'],
});
// What those run with a code cache (core/host/script-cache.ts).
await build({
  ...commonJs,
  entryPoints: { cli: 'core/cli/cli.ts', 'instance-worker': 'core/host/instance-worker.ts' },
  banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
  footer: { js: '})' },
});
// For programs that import it.
await build({
  ...common,
  entryPoints: { manager: 'core/manager/manager.ts' },
  outExtension: { '.js': '.mjs' },
  format: 'esm',
});

// Tier 0's prebuilt handlers.
await import('./handlers.ts');

fillCodeCache([
  ['run', '--quiet', 'tour'],
  ['run', '--quiet', 'tour'],
  ['run', '--quiet', '--stats', 'hello'],
  // Dynamic programs on a folder, where there are any.
  ['run', '--quiet', '-r', '/:ro', '/bin/ls', '-l', '/'],
  ['run', '--quiet', '-r', '/:ro', '/bin/ls', '-l', '/'],
]);

// Written last: without it the build is not complete.
writeFileSync(join(outdir, 'built'), '');

/** Runs commands that each add to the code cache what they needed, the second time with what the first has kept. */
function fillCodeCache(commands) {
  const kept = mkdtempSync(join(tmpdir(), 'elfdeck-build-'));
  const env = { ...process.env, ELFDECK_GROW_CODE_CACHE: '1', ELFDECK_CACHE_DIR: kept };
  const entry = join(root, 'core/cli/bin/elfdeck');
  for (const words of commands) spawnSync(process.execPath, [entry, ...words], { env, stdio: 'ignore' });
  rmSync(kept, { recursive: true });
}

/** Digest of everything that the bundle is made of. */
function sourceDigest() {
  const hash = createHash('sha256');
  const files = readdirSync(join(root, 'core'), { recursive: true }).filter((name) => /\.(ts|txt)$/.test(name));
  for (const file of files.sort().map((name) => join(root, 'core', name)))
    hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
    .slice(0, 32);
}

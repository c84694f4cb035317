/** Bundles the command line and the worker into build/out: few files to load keep the start-up short. */
import { rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outdir = join(root, 'build/out');
rmSync(outdir, { recursive: true, force: true });
/**
 * Node's own modules through process.getBuiltinModule: an import statement would make a module of them first and touch
 * every export, lazy ones too, which takes 10 to 20 ms in each thread.
 */
const builtins = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z_:/]+$/ }, ({ path }) => (isBuiltin(path) ? { path, namespace: 'builtin' } : undefined));
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};

await build({
  absWorkingDir: root,
  entryPoints: { cli: 'core/cli/main.ts', manager: 'core/manager/manager.ts', worker: 'core/host/worker.ts' },
  outdir,
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunk-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
  // Names stay, so that a crash report of ours names functions.
  keepNames: false,
  sourcemap: false,
  legalComments: 'none',
  plugins: [builtins],
  logLevel: 'warning',
});

// Tier 0's prebuilt handlers.
await import('./handlers.ts');

// Written last: without it the build is not complete.
writeFileSync(join(outdir, 'built'), '');

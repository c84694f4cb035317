/** The static checks of `npm run check` and `npm test`: name and arguments of each tool, run on the pinned Node. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const tsc = (project) => ({
  name: `types of ${project}`,
  script: 'node_modules/typescript/bin/tsc',
  args: ['-p', project],
});

const vueTsc = (project) => ({
  name: `types of ${project}`,
  script: 'node_modules/vue-tsc/bin/vue-tsc.js',
  args: ['-p', project],
});

const checks = [
  tsc('core'),
  tsc('core/host'),
  tsc('electron'),
  tsc('test'),
  vueTsc('renderer'),
  vueTsc('test/tsconfig.dom.json'),
  {
    name: 'lint and format',
    script: 'node_modules/@biomejs/biome/bin/biome',
    args: ['check', '--diagnostic-level=warn'],
  },
];

/** Runs one tool and resolves with its exit status; its output goes to ours. */
export function runTool(script, args, env = {}) {
  return new Promise((resolve) => {
    const options = { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } };
    const child = spawn(process.execPath, [join(root, script), ...args], options);
    child.on('close', (status) => resolve(status ?? 1));
  });
}

/** Runs all checks one after another and returns how many passed and failed. */
export async function runChecks() {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, script, args } of checks) {
    const ok = (await runTool(script, args)) === 0;
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
    counts[ok ? 'passed' : 'failed']++;
  }
  return counts;
}

/** `npm run check`: types, lint and format, layers. */
import { runChecks, runTool } from './checks.mjs';

const { failed } = await runChecks();
const layers = await runTool('node_modules/vitest/vitest.mjs', ['run', 'test/layers', '--reporter=dot']);
process.exit(failed > 0 || layers !== 0 ? 1 : 0);

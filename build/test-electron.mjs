/**
 * `npm run test:electron`: the journeys of test/e2e in Electron itself, driven by Playwright. Where Electron's program is not
 * installed or there is no display it says so and runs nothing; ELFDECK_REQUIRE_TOOLS=1 makes that a failure.
 */
import { root, runTool } from './checks.mjs';
import { electronProgram, hasDisplay } from './electron-program.mjs';

const missing =
  electronProgram(root) === undefined
    ? 'Electron\'s program is not installed ("npx install-electron" gets it, or ELECTRON_OVERRIDE_DIST_PATH names its folder)'
    : hasDisplay()
      ? undefined
      : 'there is no display (on Linux: xvfb-run npm run test:electron)';
if (missing === undefined) {
  const args = ['run', 'test/e2e', ...process.argv.slice(2)];
  process.exitCode = await runTool('node_modules/vitest/vitest.mjs', args, { ELFDECK_E2E_HOST: 'electron' });
} else {
  console.log(`test:electron: nothing was run: ${missing}.`);
  process.exitCode = process.env.ELFDECK_REQUIRE_TOOLS === '1' ? 1 : 0;
}

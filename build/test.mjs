/** `npm test`: static checks, then all tests; the last line counts what passed, failed and was skipped. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecks, runTool } from './checks.mjs';

const counts = await runChecks();
const directory = mkdtempSync(join(tmpdir(), 'elfdeck-test-'));
const summaryFile = join(directory, 'summary.json');
const status = await runTool('node_modules/vitest/vitest.mjs', ['run', ...process.argv.slice(2)], {
  ELFDECK_TEST_SUMMARY: summaryFile,
});
const summary = existsSync(summaryFile)
  ? JSON.parse(readFileSync(summaryFile, 'utf8'))
  : { passed: 0, failed: 1, skipped: 0, reasons: [] };
rmSync(directory, { recursive: true });
for (const [reason, count] of Object.entries(summary.reasons)) console.log(`skipped ${count}: ${reason}`);
for (const key of ['passed', 'failed', 'skipped']) counts[key] += summary[key];
// A broken test file or an unhandled error fails the run without a failed test.
if (status !== 0 && counts.failed === 0) counts.failed = 1;
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 ? 1 : 0);

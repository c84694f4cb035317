/** Vitest reporter that leaves the counts of a run, and why tests were skipped, in the file build/test.mjs names. */
import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export default class TestSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env.ELFDECK_TEST_SUMMARY;
    if (file === undefined) return;
    const summary = { passed: 0, failed: errors.length, skipped: 0, reasons: {} as Record<string, number> };
    for (const module of modules) {
      if (module.errors().length > 0) summary.failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') summary.passed++;
        else if (result.state === 'failed') summary.failed++;
        else {
          summary.skipped++;
          const reason = (result.state === 'skipped' ? result.note : undefined) ?? 'not run';
          summary.reasons[reason] = (summary.reasons[reason] ?? 0) + 1;
        }
      }
    }
    writeFileSync(file, JSON.stringify(summary));
  }
}

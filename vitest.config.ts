import { defineConfig } from 'vitest/config';
import { plugins } from './build/vite.config.ts';

export default defineConfig({
  plugins,
  test: {
    include: ['test/**/*.test.ts'],
    // Threads would share the process that the instance tests watch for leaks.
    pool: 'forks',
    testTimeout: 60_000,
    reporters: ['default', './build/test-summary.ts'],
  },
});

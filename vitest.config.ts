import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { plugins } from './build/vite.config.ts';

export default defineConfig({
  plugins,
  test: {
    include: ['test/**/*.test.ts'],
    // Threads would share the process that the instance tests watch for leaks.
    pool: 'forks',
    testTimeout: 60_000,
    // What tests run leaves nothing in the user's own cache.
    env: { ELFDECK_CACHE_DIR: join(import.meta.dirname, 'node_modules/.cache/elfdeck-test') },
    reporters: ['default', './build/test-summary.ts'],
  },
});

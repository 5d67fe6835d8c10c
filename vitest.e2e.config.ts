import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/e2e/scenarios/**/*.e2e.ts'],
    pool: 'forks',
    // Scenarios measure: they do not share the machine with each other.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 60_000,
    reporters: ['verbose'],
  },
});

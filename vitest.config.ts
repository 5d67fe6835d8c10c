import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
    pool: 'forks',
    // A watchdog against hanging, not a limit of speed: a busy machine must not fail a test.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    restoreMocks: true,
  },
});

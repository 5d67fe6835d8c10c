import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.fuzz.test.ts'],
    pool: 'forks',
    // A round takes as long as its runs; how many there are is said by `npm run fuzz -- --runs`.
    testTimeout: 0,
    hookTimeout: 600_000,
    restoreMocks: true,
  },
});

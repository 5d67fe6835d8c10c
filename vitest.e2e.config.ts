import { defineConfig } from 'vitest/config';

/** What `npm run e2e` gives: a cluster, and of one of the suite's own the logs, and the Prometheus program. */
const { KUBECONFIG = '', PROMETHEUS_PROGRAM = '', SLUICE_E2E_DIRECTORY = '' } = process.env;
const isOwn = SLUICE_E2E_DIRECTORY !== '';

export default defineConfig({
  test: {
    // The contract that the sandbox keeps is put to the real parts too; its pods' images are only known to the suite's own node.
    include: ['test/e2e/scenarios/**/*.e2e.ts', ...(isOwn ? ['test/contract/**/*.test.ts'] : [])],
    env: {
      SLUICE_CONTRACT_KUBECONFIG: KUBECONFIG,
      SLUICE_CONTRACT_PROMETHEUS_BIN: PROMETHEUS_PROGRAM,
    },
    pool: 'forks',
    // Scenarios measure: they do not share the machine with each other.
    fileParallelism: false,
    // Watchdogs against hanging, not limits of speed.
    testTimeout: 900_000,
    hookTimeout: 600_000,
    reporters: ['verbose'],
  },
});

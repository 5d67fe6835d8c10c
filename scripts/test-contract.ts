// npm run test:contract -- --kubeconfig FILE --prometheus URL: the contract suite against real parts; without options, the sandbox.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { kubeconfig: { type: 'string' }, prometheus: { type: 'string' } },
});
const env = { ...process.env };
if (values.kubeconfig !== undefined) env['SLUICE_CONTRACT_KUBECONFIG'] = resolve(values.kubeconfig);
if (values.prometheus !== undefined) env['SLUICE_CONTRACT_PROMETHEUS'] = values.prometheus;
const run = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'test/contract'], {
  env,
  stdio: 'inherit',
});
process.exitCode = run.status ?? 1;

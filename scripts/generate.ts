// Writes crds/*.yaml, and the same files into the chart, from the schemas in src/api; docs/state-machine.md from the machine; the chart's rules and
// the table of docs/rollout.md from the routers. The same input gives the same bytes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CRD_FOLDERS, crdFiles } from './crd-files.ts';
import { stateMachinePage } from './diagram.ts';
import { routerRulesFile, withRouterTable } from './router-files.ts';

for (const name of CRD_FOLDERS) {
  const folder = fileURLToPath(new URL(`../${name}/`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of crdFiles()) writeFileSync(join(folder, file), content);
}

const page = fileURLToPath(new URL('../docs/state-machine.md', import.meta.url));
mkdirSync(fileURLToPath(new URL('../docs/', import.meta.url)), { recursive: true });
writeFileSync(page, stateMachinePage());

writeFileSync(fileURLToPath(new URL('../charts/sluice/files/routers.yaml', import.meta.url)), routerRulesFile());
const rollouts = fileURLToPath(new URL('../docs/rollout.md', import.meta.url));
writeFileSync(rollouts, withRouterTable(readFileSync(rollouts, 'utf8')));

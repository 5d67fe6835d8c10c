// Writes crds/*.yaml, and the same files into the chart, from the schemas in src/api, and docs/state-machine.md from the machine. The same input gives the same bytes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CRD_FOLDERS, crdFiles } from './crd-files.ts';
import { stateMachinePage } from './diagram.ts';

for (const name of CRD_FOLDERS) {
  const folder = fileURLToPath(new URL(`../${name}/`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of crdFiles()) writeFileSync(join(folder, file), content);
}

const page = fileURLToPath(new URL('../docs/state-machine.md', import.meta.url));
mkdirSync(fileURLToPath(new URL('../docs/', import.meta.url)), { recursive: true });
writeFileSync(page, stateMachinePage());

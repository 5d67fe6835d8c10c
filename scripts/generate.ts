// Writes crds/*.yaml from the schemas in src/api. The same input gives the same bytes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crdFiles } from './crd-files.ts';

const folder = fileURLToPath(new URL('../crds/', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const [file, content] of crdFiles()) writeFileSync(join(folder, file), content);

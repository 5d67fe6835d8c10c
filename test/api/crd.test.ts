import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CRD_FOLDERS, crdFiles } from '../../scripts/crd-files.ts';
import { customResourceDefinitions } from '../../src/api/crd.ts';

it.each(CRD_FOLDERS)('has written to %s what the schemas say: run `npm run generate` where this fails', (name) => {
  const folder = new URL(`../../${name}/`, import.meta.url);
  const written = readdirSync(folder).map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]);
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(crdFiles()));
});

it('describes every kind', () => {
  const undescribed = customResourceDefinitions().flatMap((crd) => {
    const [version] = crd.spec['versions'] as { schema: { openAPIV3Schema: { description?: string } } }[];
    return version?.schema.openAPIV3Schema.description === undefined ? [crd.metadata.name] : [];
  });
  expect(undescribed).toEqual([]);
});

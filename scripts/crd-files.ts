// The CRDs as the files of crds/: name and text.
import { dump } from 'js-yaml';
import { customResourceDefinitions } from '../src/api/crd.ts';

const HEADER = '# Generated from src/api by `npm run generate`; do not edit.\n';

export function crdFiles(): [file: string, content: string][] {
  return customResourceDefinitions().map((crd) => [
    `${crd.metadata.name}.yaml`,
    HEADER + dump(crd, { lineWidth: -1, noRefs: true }),
  ]);
}

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

/** Where the files are written: for kubectl, and for the chart, which can read only what is inside it. */
export const CRD_FOLDERS = ['crds', 'charts/sluice/files/crds'];

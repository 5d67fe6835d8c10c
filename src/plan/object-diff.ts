// The unified diff of an object's YAML, without a header.
import { structuredPatch } from 'diff';
import type { KubeObject } from '../api/k8s.ts';
import { masked } from './masked.ts';
import { printYaml } from './print-yaml.ts';

const CONTEXT = 3;
/** Lines that differ; more take long to compare, and nobody reads them. */
const MOST_EDITS = 2_000;

/** Hunks, each with its `@@` line; all of it is added where there was nothing before. */
export function objectDiff(before: KubeObject | undefined, after: KubeObject): string {
  const was = before === undefined ? '' : printYaml(masked(before));
  const now = printYaml(masked(after, before));
  const options = { context: CONTEXT, maxEditLength: before === undefined ? Infinity : MOST_EDITS };
  const patch = structuredPatch('', '', was, now, undefined, undefined, options);
  if (patch === undefined) return `@@ more than ${MOST_EDITS} lines differ @@\n`;
  return patch.hunks
    .map(({ oldStart, oldLines, newStart, newLines, lines }) =>
      [`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`, ...lines, ''].join('\n'),
    )
    .join('');
}

// The AnalysisTemplates that a Rollout is measured by, as far as what claims to be one can be read.
import { recordsIn, textIn } from '../api/json.ts';
import { GROUP } from '../api/names.ts';
import type { ObjectId } from '../api/object-key.ts';
import { planOf } from './compile.ts';

interface Declared {
  readonly metadata: { readonly namespace?: string };
  readonly spec?: unknown;
}

/** Every template that its analyses name, whether it exists or not: of its own namespace, or of the whole cluster. */
export function templatesOf(rollout: Declared): ObjectId[] {
  const { namespace } = rollout.metadata;
  const named = (planOf(rollout)?.analyses ?? []).flatMap(({ analysis }) => recordsIn(analysis.templates));
  return named.flatMap(({ templateName, clusterScope }) => {
    const name = textIn(templateName);
    if (name === undefined) return [];
    if (clusterScope === true) return [{ group: GROUP, kind: 'ClusterAnalysisTemplate', name }];
    return [{ group: GROUP, kind: 'AnalysisTemplate', ...(namespace !== undefined && { namespace }), name }];
  });
}

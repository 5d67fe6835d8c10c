// The analyses of a declared Rollout, made of the templates that are declared with it: what is wrong with them, and how long they take at least.
import type { AnalysisRunSpec, TemplateSpec } from '../api/analysis.ts';
import { isRecord } from '../api/json.ts';
import { GROUP } from '../api/names.ts';
import { objectKey, type ObjectKey } from '../api/object-key.ts';
import { parseAnalysisTemplate, parseRollout } from '../api/parse.ts';
import type { KubeObject } from '../api/k8s.ts';
import { forecastOf } from '../analysis/run/forecast.ts';
import { resolveRun } from '../analysis/run/resolve.ts';
import { planOf } from '../rollout/compile.ts';
import { shortHash } from '../rollout/hash.ts';
import type { PlannedAnalysis } from '../rollout/plan.ts';
import type { FindObject } from '../application/revert/content.ts';

export interface AnalysisView {
  planned: PlannedAnalysis;
  /** Templates that it names and that are not declared here: `AnalysisTemplate success-rate`. */
  missing: string[];
  /** Why it would not run. */
  problems: string[];
  /** Milliseconds that it takes at least where it is good; undefined where that cannot be told. */
  leastMs: number | undefined;
}

/** Each analysis of a Rollout, as far as its spec and the templates can be read. */
export function analysesOf(rollout: KubeObject, find: FindObject): AnalysisView[] {
  if (!parseRollout(rollout).ok) return [];
  return (planOf(rollout)?.analyses ?? []).map((planned) => viewOf(planned, rollout, find));
}

function viewOf(planned: PlannedAnalysis, rollout: KubeObject, find: FindObject): AnalysisView {
  const missing: string[] = [];
  const lookup = ({ templateName, clusterScope }: { templateName: string; clusterScope?: boolean | undefined }) => {
    const found = templateOf(templateKey(templateName, clusterScope === true, rollout), find);
    if (found === undefined) missing.push(`${kindOf(clusterScope === true)} ${templateName}`);
    return found;
  };
  const hash = shortHash(isRecord(rollout.spec) ? rollout.spec['template'] : null);
  const { analysis, field, finite } = planned;
  const context = { field, stableHash: hash, latestHash: hash, rollout, requireFinite: finite };
  const run = resolveRun(analysis, lookup, context);
  if (run.ok) return { planned, missing, problems: [], leastMs: leastOf(run.value) };
  // What a field of the live object says is not known here.
  const told = run.error.filter((issue) => !issue.field.endsWith('.fieldPath'));
  const problems = missing.length > 0 ? [] : told.map((issue) => `${issue.field}: ${issue.message}`);
  return { planned, missing, problems, leastMs: undefined };
}

const kindOf = (isOfCluster: boolean): string => (isOfCluster ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate');

function templateKey(name: string, isOfCluster: boolean, { metadata }: KubeObject): ObjectKey {
  const { namespace } = metadata;
  const place = isOfCluster || namespace === undefined ? {} : { namespace };
  return objectKey({ group: GROUP, kind: kindOf(isOfCluster), ...place, name });
}

/** One that cannot be read is told of by itself. */
function templateOf(key: ObjectKey, find: FindObject): TemplateSpec | undefined {
  const object = find(key);
  const parsed = object && parseAnalysisTemplate(object);
  return parsed?.ok === true ? parsed.value.spec : undefined;
}

const START = '1970-01-01T00:00:00Z';

function leastOf(spec: AnalysisRunSpec): number | undefined {
  const earliest = forecastOf(spec, { phase: 'Running', startedAt: START })?.earliest;
  return earliest === undefined ? undefined : Date.parse(earliest);
}
